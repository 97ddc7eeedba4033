"""Anthropic's messages: its rules for requests, and replies in its form. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.providers.answers import Called, Json, Refusal, Rules, Say
from tests.providers.openai_wire import fenced

_KNOWN = frozenset(
    {
        "model",
        "messages",
        "system",
        "max_tokens",
        "tools",
        "tool_choice",
        "stream",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "metadata",
        "thinking",
    }
)


def check(body: Json, rules: Rules) -> Refusal | None:
    """The refusal of `body`, None where it is a good request."""
    for name in body:
        if name not in _KNOWN or name in rules.parameters:
            return Refusal(words=f"{name}: Extra inputs are not permitted")
    if "max_tokens" not in body:
        return Refusal(words="max_tokens: Field required")
    if "tools" in body and not rules.tools:
        return Refusal(words="This model does not support tool use.")
    words = _messages(body)
    return Refusal(words=words) if words else None


def _messages(body: Json) -> str:
    messages: Any = body.get("messages")
    if not messages:
        return "messages: at least one message is required"
    if messages[0]["role"] != "user":
        return 'messages: first message must use the "user" role'
    waiting: set[str] = set()
    expected = "user"
    for position, message in enumerate(messages):
        if message["role"] != expected:
            return f'messages: roles must alternate between "user" and "assistant" at {position}'
        expected = "assistant" if expected == "user" else "user"
        blocks: list[Any] = message["content"] if isinstance(message["content"], list) else _text(message["content"])
        for block in blocks:
            if block["type"] == "text" and not block["text"].strip():
                return "messages: text content blocks must be non-empty"
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if set(results) != waiting or len(results) != len(waiting):
            return (
                f"messages.{position}: `tool_use` ids must have `tool_result` blocks immediately after: "
                f"{sorted(waiting)} called, {results} answered"
            )
        uses = [block for block in blocks if block["type"] == "tool_use"]
        if len({use["id"] for use in uses}) != len(uses):
            return f"messages.{position}: `tool_use` ids must be unique"
        if uses and "tools" not in body:
            return "Requests which have `tool_use` blocks must define tools"
        if any(not isinstance(use["input"], dict) for use in uses):
            return f"messages.{position}: tool_use.input: Input should be a valid dictionary"
        waiting = {use["id"] for use in uses}
    return "messages: `tool_use` without `tool_result`" if waiting else ""


def _text(content: str) -> list[Any]:
    return [{"type": "text", "text": content}]


def whole(say: Say, body: Json) -> Json:
    """The reply as one JSON value."""
    blocks: list[Json] = []
    words = _words(say, body)
    if words:
        blocks.append({"type": "text", "text": words})
    if "tools" in body:
        blocks += [_use(called, json.loads(called.arguments)) for called in say.calls]
    into, out, cached = say.usage
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": blocks,
        "stop_reason": _stop(say, body),
        "stop_sequence": None,
        "usage": {"input_tokens": into - cached, "output_tokens": out, "cache_read_input_tokens": cached},
    }


def pieces(say: Say, body: Json) -> Iterator[Json]:
    """The reply as the events of a stream."""
    into, _, cached = say.usage
    usage = {"input_tokens": into - cached, "output_tokens": 1, "cache_read_input_tokens": cached}
    begun = {**whole(Say(), body), "content": [], "stop_reason": None, "usage": usage}
    yield {"type": "message_start", "message": begun}
    index = 0
    if say.reasoning:
        yield from _block(
            index, {"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking", say.reasoning
        )
        index += 1
    if words := _words(say, body):
        yield from _block(index, {"type": "text", "text": ""}, "text_delta", "text", words)
        index += 1
    if "tools" in body:
        for called in say.calls:
            yield from _block(index, _use(called, {}), "input_json_delta", "partial_json", called.arguments)
            index += 1
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": _stop(say, body), "stop_sequence": None},
        "usage": {"output_tokens": say.usage[1]},
    }
    yield {"type": "message_stop"}


def refusal(refused: Refusal) -> Json:
    """The body of an error."""
    kind = {401: "authentication_error", 404: "not_found_error"}.get(refused.status, "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": refused.words}}


def _block(index: int, begun: Json, kind: str, field: str, text: str) -> Iterator[Json]:
    yield {"type": "content_block_start", "index": index, "content_block": begun}
    for start in range(0, len(text), 12):
        yield {
            "type": "content_block_delta",
            "index": index,
            "delta": {"type": kind, field: text[start : start + 12]},
        }
    yield {"type": "content_block_stop", "index": index}


def _use(called: Called, arguments: Json) -> Json:
    return {"type": "tool_use", "id": called.id, "name": called.name, "input": arguments}


def _words(say: Say, body: Json) -> str:
    if not say.calls or "tools" in body:
        return say.text
    return "\n".join(part for part in (say.text, *map(fenced, say.calls[:1])) if part)


def _stop(say: Say, body: Json) -> str:
    return say.finish or ("tool_use" if say.calls and "tools" in body else "end_turn")
