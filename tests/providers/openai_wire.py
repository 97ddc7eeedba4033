"""OpenAI's chat completions: its rules for requests, and replies in its form. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.providers.answers import Called, Json, Refusal, Rules, Say

_KNOWN = frozenset(
    {
        "model",
        "messages",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "n",
        "seed",
        "user",
        "presence_penalty",
        "frequency_penalty",
        "response_format",
        "usage",
        "reasoning_effort",
        "parallel_tool_calls",
    }
)


def check(body: Json, rules: Rules) -> Refusal | None:
    """The refusal of `body`, None where it is a good request."""
    for name in body:
        if name not in _KNOWN:
            return Refusal(words=f"Unrecognized request argument supplied: {name}", param=name)
    return _parameters(body, rules) or _messages(body, rules)


def _parameters(body: Json, rules: Rules) -> Refusal | None:
    for name in rules.parameters:
        if name in body:
            words = f"Unsupported parameter: '{name}' is not supported with this model."
            return Refusal(words=words, param=name, code="unsupported_parameter")
    for name, allowed in (("tools", rules.tools), ("functions", rules.functions)):
        if name in body and not allowed:
            words = f"Unrecognized request argument supplied: {name}"
            return Refusal(words=words, param=name, status=rules.status, body=rules.complaint)
    if body.get("stream") and not rules.stream:
        return Refusal(words="streaming is not supported for this model: set stream to false", param="stream")
    if "stream_options" in body and not (body.get("stream") and rules.usage_option):
        return Refusal(words="Unrecognized request argument supplied: stream_options", param="stream_options")
    return None


def _messages(body: Json, rules: Rules) -> Refusal | None:
    messages: Any = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return Refusal(words="'messages' must be a non-empty array", param="messages")
    roles = [message.get("role") for message in messages]
    for position, role in enumerate(roles):
        if role not in rules.roles:
            words = f"Invalid value: '{role}'. Supported values are: {', '.join(map(repr, rules.roles))}."
            param = f"messages[{position}].role"
            return Refusal(words=words, param=param, status=rules.status, body=_named(rules.complaint, role))
    if not rules.system and "system" in roles:
        return Refusal(words="Developer instruction is not enabled for this model (system role not supported)")
    if rules.alternate and (wrong := _alternation([role for role in roles if role != "system"])):
        return Refusal(words=wrong)
    for message in messages:
        if wrong := _content(message, rules):
            return Refusal(words=wrong)
    ids = [call.get("id") for message in messages for call in message.get("tool_calls") or ()]
    if rules.short_ids and (long := [id for id in ids if not re.fullmatch("[a-zA-Z0-9]{9}", str(id))]):
        return Refusal(words=f"Tool call id was {long[0]} but must be a-z, A-Z, 0-9, with a length of 9.")
    if wrong := _pairs(messages):
        return Refusal(words=wrong, param="messages")
    return None


def _named(complaint: object, role: object) -> object:
    """The complaint in the provider's own words, about `role`."""
    return None if complaint is None else json.loads(json.dumps(complaint).replace("ROLE", str(role)))


def _alternation(roles: list[object]) -> str:
    expected = "user"
    for role in roles:
        if role != expected:
            return "Conversation roles must alternate user/assistant/user/assistant/..."
        expected = "assistant" if role == "user" else "user"
    return ""


def _content(message: Any, rules: Rules) -> str:
    content = message.get("content")
    called = "tool_calls" in message or "function_call" in message
    if content is None and not called:
        return "'content' is a required property - 'messages'"
    if isinstance(content, list):
        kinds = [part.get("type") for part in content]
        if "image_url" in kinds and not rules.pictures:
            return "Invalid content type. image_url is only supported by certain models."
    return ""


def _pairs(messages: list[Any]) -> str:
    """Each tool call must be answered right after it, once, by its id; a function call by a message of its name."""
    waiting: list[str] = []
    function: str | None = None
    seen: set[str] = set()
    for message in messages:
        role = message["role"]
        if role == "tool":
            id = message.get("tool_call_id")
            if id not in waiting:
                return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
            waiting.remove(id)
            continue
        if waiting:
            return f"An assistant message with 'tool_calls' must be followed by tool messages: {waiting} missing."
        if role == "function":
            if message.get("name") != function:
                return f"function message {message.get('name')!r} does not answer a function_call"
            function = None
            continue
        if function:
            return "An assistant message with 'function_call' must be followed by a function message."
        for call in message.get("tool_calls") or ():
            id = call.get("id")
            if not id or id in seen:
                return f"Duplicate or empty tool call id {id!r}"
            seen.add(id)
            waiting.append(id)
            json.loads(call["function"]["arguments"])
        if "function_call" in message:
            function = message["function_call"]["name"]
            json.loads(message["function_call"]["arguments"])
    return "tool calls without results at the end" if waiting or function else ""


# ---- replies


def whole(say: Say, body: Json) -> Json:
    """The reply as one JSON value."""
    message: Json = {"role": "assistant", "content": _words(say, body) or None}
    if say.reasoning:
        message[say.thinks_in] = say.reasoning
    if say.calls and "tools" in body:
        message["tool_calls"] = [_call(called) for called in say.calls]
    elif say.calls and "functions" in body:
        message["function_call"] = {"name": say.calls[0].name, "arguments": say.calls[0].arguments}
    choice = {"index": 0, "message": message, "finish_reason": _finish(say, body)}
    return {**_head(body, "chat.completion"), "choices": [choice], "usage": _usage(say)}


def pieces(say: Say, body: Json) -> Iterator[Json]:
    """The reply as the JSON values of a stream."""
    yield chunk({"role": "assistant", "content": ""}, body=body)
    if say.reasoning:
        yield chunk({say.thinks_in: say.reasoning}, body=body)
    for word in _split(_words(say, body)):
        yield chunk({"content": _content_of(say, word)}, body=body)
    if "tools" in body:
        for index, called in enumerate(say.calls):
            begun = {**_call(called), "index": index, "function": {"name": called.name, "arguments": ""}}
            yield chunk({"tool_calls": [begun]}, body=body)
            for part in _split(called.arguments):
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]}, body=body)
    elif "functions" in body:
        for called in say.calls[:1]:
            yield chunk({"function_call": {"name": called.name, "arguments": ""}}, body=body)
            for part in _split(called.arguments):
                yield chunk({"function_call": {"arguments": part}}, body=body)
    yield {**chunk({}, body=body, finish=_finish(say, body)), **({"usage": _usage(say)} if say.counts else {})}
    options: Any = body.get("stream_options") or {}
    if options.get("include_usage"):
        yield {**_head(body, "chat.completion.chunk"), "choices": [], "usage": _usage(say)}


def _content_of(say: Say, words: str) -> object:
    return [{"type": "text", "text": words}] if say.listed and words else words


def chunk(delta: Json, *, body: Json | None = None, finish: str | None = None) -> Json:
    """One piece of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**_head(body or {}, "chat.completion.chunk"), "choices": [choice]}


def fenced(called: Called) -> str:
    """A call as a model without functions writes it."""
    read = json.loads(called.arguments)
    return f"```{read['language']}\n{read['code']}\n```\n"


def refusal(refused: Refusal) -> Json:
    """The body of an error."""
    error = {"message": refused.words, "type": "invalid_request_error", "param": refused.param, "code": refused.code}
    return {"error": error}


def _words(say: Say, body: Json) -> str:
    if not say.calls or "tools" in body or "functions" in body:
        return say.text
    return "\n".join(part for part in (say.text, *map(fenced, say.calls[:1])) if part)


def _finish(say: Say, body: Json) -> str:
    if say.finish is not None:
        return say.finish
    if say.calls and "tools" in body:
        return "tool_calls"
    return "function_call" if say.calls and "functions" in body else "stop"


def _call(called: Called) -> Json:
    return {"id": called.id, "type": "function", "function": {"name": called.name, "arguments": called.arguments}}


def _split(text: str, size: int = 12) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _head(body: Json, kind: str) -> Json:
    return {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": body.get("model", "scripted")}


def _usage(say: Say) -> Json:
    into, out, cached = say.usage
    details = {"cached_tokens": cached}
    return {
        "prompt_tokens": into,
        "completion_tokens": out,
        "total_tokens": into + out,
        "prompt_tokens_details": details,
    }
