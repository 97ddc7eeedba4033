"""Gemini's generateContent: its rules for requests, and replies in its form. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.providers.answers import Json, Refusal, Rules, Say
from tests.providers.openai_wire import fenced

_KNOWN = frozenset(
    {
        "contents",
        "system_instruction",
        "systemInstruction",
        "tools",
        "toolConfig",
        "tool_config",
        "generationConfig",
        "safetySettings",
        "cachedContent",
        "labels",
    }
)


def check(body: Json, rules: Rules) -> Refusal | None:
    """The refusal of `body`, None where it is a good request."""
    for name in body:
        if name not in _KNOWN:
            return Refusal(words=f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
    if "tools" in body and not rules.tools:
        return Refusal(words="Function calling is not enabled for this model")
    words = _contents(body)
    return Refusal(words=words) if words else None


def _contents(body: Json) -> str:
    contents: Any = body.get("contents")
    if not contents:
        return "GenerateContentRequest.contents: contents is not specified"
    waiting, before = 0, ""
    for content in contents:
        role = content.get("role")
        if role not in ("user", "model"):
            return f"Please use a valid role: user, model. Not {role}"
        parts = content.get("parts") or []
        if not parts:
            return "Unable to submit request because it must include at least one parts field"
        calls = [part for part in parts if _field(part, "function_call")]
        answers = [part for part in parts if _field(part, "function_response")]
        if len(answers) != waiting:
            return (
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        if calls and before != "user":
            return "Please ensure that function call turn comes immediately after a user turn."
        for call in calls:
            if not isinstance(_field(call, "function_call").get("args", {}), dict):
                return "Invalid value at 'function_call.args'"
        if calls and _signed(body) and not any(_field(call, "thought_signature") for call in calls):
            return "Function call is missing a thought_signature in functionCall parts."
        waiting, before = len(calls), role
    return "" if not waiting else "function call without response"


def _signed(body: Json) -> bool:
    return "gemini-3" in str(body.get("model", ""))


def _field(part: Any, name: str) -> Any:
    head, *rest = name.split("_")
    return part.get(name) or part.get(head + "".join(word.title() for word in rest))


def whole(say: Say, body: Json) -> Json:
    """The reply as one JSON value."""
    words = say.text
    if say.calls and "tools" not in body:
        words = "\n".join(part for part in (say.text, *map(fenced, say.calls[:1])) if part)
    parts: list[Json] = [{"text": words}] if words else []
    if say.reasoning:
        parts.insert(0, {"text": say.reasoning, "thought": True})
    if "tools" in body:
        for called in say.calls:
            part: Json = {"functionCall": {"name": called.name, "args": json.loads(called.arguments)}}
            parts.append(part | ({"thoughtSignature": called.signature} if called.signature else {}))
    into, out, cached = say.usage
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": say.finish or "STOP", "index": 0}
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": into,
            "candidatesTokenCount": out,
            "totalTokenCount": into + out,
            "cachedContentTokenCount": cached,
        },
        "modelVersion": "scripted",
    }


def pieces(say: Say, body: Json) -> Iterator[Json]:
    """The reply as the JSON values of a stream: the words in one piece, the calls in the last."""
    if say.text and say.calls:
        yield whole(Say(text=say.text, usage=say.usage), body) | {"usageMetadata": {}}
        say = Say(calls=say.calls, finish=say.finish, usage=say.usage)
    yield whole(say, body)


def refusal(refused: Refusal) -> Json:
    """The body of an error."""
    status = {401: "UNAUTHENTICATED", 404: "NOT_FOUND"}.get(refused.status, "INVALID_ARGUMENT")
    return {"error": {"code": refused.status, "message": refused.words, "status": status}}
