"""A provider's reply, as the client library gives it, in our own values. Reads attributes; calls nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interpreter.protocols.exchange import CallDelta, Chunk, TokenCount
from interpreter.protocols.sizes import LETTERS

_LINES = ("async_response_iterator", "streaming_response", "response_iterator")
"""Where the client library's own streams hold the lines they read, a generator of their HTTP response."""


class PlainWords:
    """A provider's own stream, put between it and the client library for what that lacks.

    Content that comes as a list of parts, which it would drop, is made plain words; and the socket can be closed.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._pieces = aiter(stream)

    def __aiter__(self) -> PlainWords:
        return self

    async def __anext__(self) -> Any:
        piece = await anext(self._pieces)
        for choice in getattr(piece, "choices", None) or ():
            delta: Any = getattr(choice, "delta", None)
            if isinstance(getattr(delta, "content", None), list):
                delta.content = _text(delta.content)
        return piece

    async def aclose(self) -> None:
        """Close the socket: through the stream itself or, where it cannot be closed, the response that it reads."""
        lines = next((found for name in _LINES if (found := getattr(self._stream, name, None)) is not None), None)
        frame = getattr(lines, "ag_frame", None)
        response = frame.f_locals.get("self") if frame is not None else None
        for stream in (response, self._stream, lines):
            for name in ("aclose", "close"):
                if (close := getattr(stream, name, None)) is not None:
                    await close()
                    return


def chunk_of(chunk: Any, prices: Mapping[str, Any]) -> Chunk:
    """One piece of a stream."""
    usage = _usage(getattr(chunk, "usage", None), prices)
    if not chunk.choices:
        return Chunk(usage=usage)
    choice = chunk.choices[0]
    return _chunk(choice.delta, choice.finish_reason, usage)


def whole_of(response: Any, prices: Mapping[str, Any]) -> Chunk:
    """A reply that came whole, as the one piece of a stream."""
    usage = _usage(getattr(response, "usage", None), prices)
    if not response.choices:
        return Chunk(usage=usage)
    choice = response.choices[0]
    return _chunk(choice.message, choice.finish_reason, usage)


def _chunk(said: Any, finish: str | None, usage: TokenCount | None) -> Chunk:
    return Chunk(
        text=_text(getattr(said, "content", None)),
        reasoning=_text(getattr(said, "reasoning_content", None) or getattr(said, "reasoning", None)),
        calls=_calls(said),
        finish=finish,
        usage=usage,
    )


def _text(content: Any) -> str:
    """Content as one string; some providers send a list of parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in content)
    return content or ""


def _calls(said: Any) -> tuple[CallDelta, ...]:
    calls = []
    for position, tool in enumerate(getattr(said, "tool_calls", None) or ()):
        function = tool.function
        calls.append(
            CallDelta(
                index=getattr(tool, "index", position),
                id=tool.id,
                name=(function.name if function else "") or "",
                arguments=(function.arguments if function else "") or "",
                extra=_extra(tool),
            )
        )
    original = getattr(said, "function_call", None)
    if original is not None:
        calls.append(CallDelta(index=0, name=original.name or "", arguments=original.arguments or ""))
    return tuple(calls)


def _extra(tool: Any) -> Mapping[str, object] | None:
    """What a provider wants echoed with the call (Gemini's thought signatures)."""
    fields = getattr(tool, "provider_specific_fields", None)
    return {"provider_specific_fields": fields} if fields else None


def _usage(usage: Any, prices: Mapping[str, Any]) -> TokenCount | None:
    if usage is None:
        return None
    details = getattr(usage, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None) or 0
    written = getattr(usage, "cache_creation_input_tokens", None) or 0
    into, out = usage.prompt_tokens or 0, usage.completion_tokens or 0
    if not into and not out:
        return None
    cost = _cost(prices, into - cached - written, cached, written, out)
    return TokenCount(tokens_in=into, tokens_out=out, tokens_cached=cached, cost=cost)


def estimate(read: int, said: int, prices: Mapping[str, Any]) -> TokenCount:
    """Our own count of a reply to a request of `read` letters, of which `said` letters have come."""
    into, out = read // LETTERS, said // LETTERS
    return TokenCount(tokens_in=into, tokens_out=out, cost=_cost(prices, into, 0, 0, out), estimated=True)


def _cost(prices: Mapping[str, Any], fresh: int, cached: int, written: int, out: int) -> float | None:
    """USD, from the prices of a token; None where they are not known."""
    if prices.get("input_cost_per_token") is None:
        return None
    price = float(prices["input_cost_per_token"])
    reading = float(prices.get("cache_read_input_token_cost") or price)
    writing = float(prices.get("cache_creation_input_token_cost") or price)
    saying = float(prices.get("output_cost_per_token") or 0.0)
    return fresh * price + cached * reading + written * writing + out * saying
