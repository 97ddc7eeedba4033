"""Ollama's chat: its rules for requests, and replies in its form. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.providers.answers import Json, Refusal, Rules, Say
from tests.providers.openai_wire import fenced


def check(body: Json, rules: Rules) -> Refusal | None:
    """The refusal of `body`, None where it is a good request."""
    if "tools" in body and body["tools"] and not rules.tools:
        return Refusal(words=f"registry.ollama.ai/library/{body.get('model')} does not support tools")
    tools: Any = body.get("tools") or ()
    if any("function" not in tool for tool in tools):
        return Refusal(words="invalid tool: function missing")
    messages: Any = body.get("messages") or ()
    calls = 0
    for message in messages:
        if message["role"] not in ("system", "user", "assistant", "tool"):
            return Refusal(words=f"invalid role: {message['role']}")
        if not isinstance(message.get("content", ""), str):
            return Refusal(words="json: cannot unmarshal array into Go struct field ChatRequest.messages.content")
        for call in message.get("tool_calls") or ():
            calls += 1
            if not isinstance(call["function"]["arguments"], dict):
                return Refusal(words="json: cannot unmarshal string into Go struct field api.ToolCallFunction")
        if message["role"] == "tool":
            calls -= 1
    return Refusal(words="a tool call has no result") if calls else None


def whole(say: Say, body: Json) -> Json:
    """The reply as one JSON value."""
    message: Json = {"role": "assistant", "content": say.text}
    if say.reasoning:
        message["thinking"] = say.reasoning
    if say.calls and body.get("tools"):
        message["tool_calls"] = [
            {"function": {"name": called.name, "arguments": json.loads(called.arguments)}} for called in say.calls
        ]
    elif say.calls:
        message["content"] = "\n".join(part for part in (say.text, *map(fenced, say.calls[:1])) if part)
    return {
        "model": body.get("model"),
        "created_at": "2026-01-01T00:00:00Z",
        "message": message,
        "done": True,
        "done_reason": say.finish or "stop",
        "prompt_eval_count": say.usage[0],
        "eval_count": say.usage[1],
    }


def pieces(say: Say, body: Json) -> Iterator[Json]:
    """The reply as the lines of a stream."""
    last = whole(say, body)
    yield {**last, "done": False}
    yield {**last, "message": {"role": "assistant", "content": ""}}


def refusal(refused: Refusal) -> Json:
    """The body of an error."""
    return {"error": refused.words}
