"""The only file that says litellm: one request, streamed, its errors turned into ours.

litellm takes seconds to import, so it is imported at the first request or by `load` in the background, with its
network look-ups, its `.env` reading and its prints switched off. Retries and protocols are not decided here.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from interpreter.errors import ModelError
from interpreter.models.faults import classify
from interpreter.models.naming import Endpoint, endpoint
from interpreter.protocols.exchange import CallDelta, Chunk, Message, Request, TokenCount
from interpreter.stop import Stop, Stopped, race, until_stopped

_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")


@cache
def load() -> ModuleType:
    """litellm, imported once and silenced. Blocks for seconds: call it in a thread."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else a request to a code host at import
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")  # else a .env in the working folder is obeyed
    collecting = gc.isenabled()
    gc.disable()  # a third of the import is garbage collection
    try:
        import litellm
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
    litellm.suppress_debug_info = True
    litellm.disable_hf_tokenizer_download = True
    litellm.disable_aiohttp_transport = True  # httpx: its errors are the ones `faults` was measured on
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    return litellm


class LitellmModel:
    """Implements `Model` for any endpoint litellm reaches. `timeout`: seconds until the first piece and between two.

    `options` are passed with every request (temperature and the like).
    """

    def __init__(
        self,
        name: str,
        *,
        api_base: str | None = None,
        api_key: str | None = None,
        custom_llm_provider: str | None = None,
        timeout: float = 600.0,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self._name = name
        self._base = api_base
        self._key = api_key
        self._provider = custom_llm_provider
        self._timeout = timeout
        self._options = dict(options or {})
        self._counts = True

    @property
    def name(self) -> str:
        """The name as the user gave it."""
        return self._name

    async def stream(self, request: Request, stop: Stop) -> AsyncGenerator[Chunk, None]:
        """One attempt, but that a refused usage option is left out at once and for good."""
        litellm = await race(stop, asyncio.to_thread(load))
        target = self._endpoint(litellm)
        response = await self._open(litellm, target, request, stop)
        received = False
        try:
            async for chunk in until_stopped(stop, response):
                read = _chunk(chunk, litellm, self._name)
                received = received or bool(read.text or read.calls or read.reasoning)
                yield read
        except (Stopped, ModelError, GeneratorExit, asyncio.CancelledError):
            raise
        except Exception as error:
            raise classify(error, model=self._name, base=target.api_base) from error
        finally:
            await _close(response)
        if not received:
            base = target.api_base or "The provider"
            raise ModelError(f"{base} returned an empty reply. Check --api-base, or ask again.", fault="empty")

    def _endpoint(self, litellm: ModuleType) -> Endpoint:
        return endpoint(
            self._name,
            api_base=self._base,
            api_key=self._key,
            provider=self._provider,
            providers=[str(getattr(provider, "value", provider)) for provider in litellm.provider_list],
            environment=os.environ,
        )

    async def _open(self, litellm: ModuleType, target: Endpoint, request: Request, stop: Stop) -> Any:
        while True:
            try:
                response = await race(stop, litellm.acompletion(**self._arguments(litellm, target, request)))
            except (Stopped, asyncio.CancelledError):
                raise
            except Exception as error:
                fault = classify(error, model=self._name, base=target.api_base)
                if not (self._counts and "stream_options" in fault.detail):
                    raise fault from error
                self._counts = False
                continue
            if response is None:  # litellm's answer to a server that wants roles to alternate
                raise ModelError(f"{self._name} wants roles to alternate.", fault="protocol", detail="alternate")
            return response

    def _arguments(self, litellm: ModuleType, target: Endpoint, request: Request) -> dict[str, Any]:
        sees = litellm.supports_vision(model=target.model, custom_llm_provider=target.provider)
        arguments: dict[str, Any] = {
            **self._options,
            "model": target.model,
            "messages": [dict(message if sees else _without_pictures(message)) for message in request.messages],
            "stream": True,
            "timeout": self._timeout,
            "max_retries": 0,
            "num_retries": 0,
            "_skip_mcp_handler": True,  # without it `tools=` needs a package that a base install lacks
        }
        if self._counts:
            arguments["stream_options"] = {"include_usage": True}
        if request.tools:
            arguments["tools"] = list(request.tools)
        if request.functions:
            arguments["functions"] = list(request.functions)
        named = {"custom_llm_provider": target.provider, "api_base": target.api_base, "api_key": target.api_key}
        arguments |= {key: value for key, value in named.items() if value is not None}
        return arguments


def _without_pictures(message: Message) -> Message:
    """The message for a model that does not see: the words name the picture's file."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": "\n\n".join(part["text"] for part in content if part.get("type") == "text")}


async def _close(response: Any) -> None:
    """Close the socket: the wrapper has no such method in every release, the stream inside it has."""
    inner = getattr(response, "completion_stream", None)
    for stream in (inner, response):
        for name in ("close", "aclose"):
            method = getattr(stream, name, None)
            if method is not None:
                closing = method()
                if asyncio.iscoroutine(closing):
                    await asyncio.gather(closing, return_exceptions=True)
                break


def _chunk(chunk: Any, litellm: ModuleType, model: str) -> Chunk:
    usage = _usage(getattr(chunk, "usage", None), litellm, model)
    if not chunk.choices:
        return Chunk(usage=usage)
    choice = chunk.choices[0]
    delta = choice.delta
    return Chunk(
        text=_text(getattr(delta, "content", None)),
        reasoning=_text(getattr(delta, "reasoning_content", None)),
        calls=_calls(delta),
        finish=choice.finish_reason,
        usage=usage,
    )


def _text(content: Any) -> str:
    """Content as one string; some providers send a list of parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in content)
    return content or ""


def _calls(delta: Any) -> tuple[CallDelta, ...]:
    calls = []
    for tool in getattr(delta, "tool_calls", None) or ():
        function = tool.function
        calls.append(
            CallDelta(
                index=tool.index,
                id=tool.id,
                name=(function.name if function else "") or "",
                arguments=(function.arguments if function else "") or "",
                extra=_extra(tool),
            )
        )
    original = getattr(delta, "function_call", None)
    if original is not None:
        calls.append(CallDelta(index=0, name=original.name or "", arguments=original.arguments or ""))
    return tuple(calls)


def _extra(tool: Any) -> Mapping[str, object] | None:
    """What a provider wants echoed with the call (Gemini's thought signatures)."""
    fields = getattr(tool, "provider_specific_fields", None)
    return {"provider_specific_fields": fields} if fields else None


def _usage(usage: Any, litellm: ModuleType, model: str) -> TokenCount | None:
    if usage is None:
        return None
    details = getattr(usage, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None) or 0
    tokens_in, tokens_out = usage.prompt_tokens or 0, usage.completion_tokens or 0
    return TokenCount(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cached=cached,
        cost=_cost(litellm.model_cost, model, tokens_in, tokens_out, cached),
    )


def _cost(prices: Mapping[str, Any], model: str, tokens_in: int, tokens_out: int, cached: int) -> float | None:
    """USD, from litellm's own price table; None for a model it does not list."""
    price = prices.get(model) or prices.get(model.partition("/")[2])
    if not price or price.get("input_cost_per_token") is None:
        return None
    into, out = float(price["input_cost_per_token"]), float(price.get("output_cost_per_token") or 0.0)
    reading = float(price.get("cache_read_input_token_cost") or into)
    return (tokens_in - cached) * into + cached * reading + tokens_out * out
