"""The only file that says litellm: one request, in a stream or whole, its errors turned into ours.

litellm takes seconds to import, so it is imported at the first request or by `load` in the background, with its
network look-ups, its `.env` reading and its prints switched off. Retries and protocols are not decided here.

Networks of companies: HTTP_PROXY, HTTPS_PROXY and NO_PROXY are obeyed, and so is SSL_CERT_FILE, or REQUESTS_CA_BUNDLE
where that is not set.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import warnings
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from interpreter.errors import ModelError
from interpreter.models.chunks import PlainWords, chunk_of, estimate, whole_of
from interpreter.models.faults import classify
from interpreter.models.logfile import LogFile
from interpreter.models.naming import Endpoint, endpoint, shown
from interpreter.protocols.adapted import without_pictures
from interpreter.protocols.exchange import Chunk, Request
from interpreter.protocols.sizes import letters
from interpreter.secrets import Secrets, known
from interpreter.stop import Stop, Stopped, race, until_stopped
from interpreter.wire import paired

_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_MARKED = frozenset({"anthropic", "bedrock", "vertex_ai", "openrouter"})
"""Providers that cache a prompt only up to marks in it, for models of Anthropic."""


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
    unlisted: Any = litellm
    unlisted.REPEATED_STREAMING_CHUNK_LIMIT = sys.maxsize  # else a long row of the same letters ends the reply
    litellm.disable_hf_tokenizer_download = True
    litellm.disable_aiohttp_transport = True  # httpx: its errors are the ones `faults` was measured on
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and not os.environ.get("SSL_CERT_FILE"):
        litellm.ssl_verify = bundle
    warnings.filterwarnings("ignore", module=r"litellm|pydantic")  # about its own values, on the user's screen
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    return litellm


class LitellmModel:
    """Implements `Model` for any endpoint litellm reaches. `timeout`: seconds until the first piece and between two.

    `options` are passed with every request (temperature and the like). `window` is the number of tokens it takes,
    where that is known better than litellm knows it. What litellm logs goes to `log`, without keys, or nowhere.
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
        window: int | None = None,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self._name = name
        self._base = api_base
        self._key = api_key
        self._provider = custom_llm_provider
        self._timeout = timeout
        self._options = dict(options or {})
        self._window = window
        self._environment = os.environ if environment is None else environment
        self._log = LogFile(log, known(self._environment, api_key)) if log else None
        self._litellm: ModuleType | None = None

    @property
    def name(self) -> str:
        """The name as the user gave it."""
        return self._name

    @property
    def window(self) -> int | None:
        """How many tokens of input it takes, None while that is not known."""
        if self._window is None and self._litellm is not None and not self._base:
            listed = self._listed(self._litellm, self._name)
            self._window = listed.get("max_input_tokens") or listed.get("max_tokens")
        return self._window

    async def stream(self, request: Request, stop: Stop) -> AsyncGenerator[Chunk, None]:
        """The reply to one request: one attempt."""
        self._litellm = litellm = await race(stop, asyncio.to_thread(load))
        if self._log is not None:
            for name in _LOGGERS:
                logging.getLogger(name).handlers[:] = [self._log]
        target = self._endpoint(litellm, request)
        secrets = Secrets([target.api_key or ""])
        response: Any = None
        said, counted = 0, False
        prices, read = self._prices(litellm, target), letters(request)
        try:
            response = await race(stop, litellm.acompletion(**self._arguments(litellm, target, request)))
            if hasattr(getattr(response, "completion_stream", None), "__aiter__"):
                response.completion_stream = PlainWords(response.completion_stream)
            async for chunk in until_stopped(stop, _pieces(response, prices)):
                said += chunk.letters
                counted = counted or bool(chunk.usage or said)
                yield chunk if chunk.usage or not said else replace(chunk, usage=estimate(read, said, prices))
        except Stopped:
            if response is not None and not counted:  # what was sent is paid for before a word of the answer comes
                yield Chunk(usage=estimate(read, 0, prices))
            raise
        except (ModelError, GeneratorExit, asyncio.CancelledError):
            raise
        except Exception as error:
            raise self._fault(error, target, secrets) from error
        finally:
            await _close(response)
        if not said:
            base = shown(target.api_base or "") or "The provider"
            raise ModelError(f"{base} returned an empty reply. Check --api-base, or ask again.", fault="empty")

    def _fault(self, error: Exception, target: Endpoint, secrets: Secrets) -> ModelError:
        fault = classify(error, model=self._name, base=shown(target.api_base or ""), secrets=secrets)
        if self._log is not None:
            self._log.write(fault.detail)
        if fault.refused == "name" and not target.ambiguous:
            fault.refused = None
        return fault

    def _endpoint(self, litellm: ModuleType, request: Request) -> Endpoint:
        return endpoint(
            self._name,
            api_base=self._base,
            api_key=self._key,
            provider=self._provider,
            providers=[str(getattr(provider, "value", provider)) for provider in litellm.provider_list],
            environment=self._environment,
            whole_name=request.whole_name,
            usual=litellm.model_cost.get(self._name, {}).get("litellm_provider"),
        )

    def _arguments(self, litellm: ModuleType, target: Endpoint, request: Request) -> dict[str, Any]:
        sees = litellm.supports_vision(model=target.model, custom_llm_provider=target.provider)
        arguments: dict[str, Any] = {
            **{name: value for name, value in self._options.items() if name not in request.without},
            "model": target.model,
            "messages": [paired(dict(message if sees else without_pictures(message))) for message in request.messages],
            "stream": request.stream,
            "timeout": self._timeout,
            "max_retries": 0,
            "num_retries": 0,
            "_skip_mcp_handler": True,  # without it `tools=` needs a package that a base install lacks
        }
        if request.stream and request.usage:
            arguments["stream_options"] = {"include_usage": True}
        if request.tools:
            arguments["tools"] = list(request.tools)
        if request.functions:
            arguments["functions"] = list(request.functions)
        provider = target.provider or target.model.partition("/")[0]
        if provider in _MARKED and "claude" in target.model:
            points = ({"location": "message", "role": "system"}, {"location": "message", "index": -1})
            arguments["cache_control_injection_points"] = list(points)
        named = {"custom_llm_provider": target.provider, "api_base": target.api_base, "api_key": target.api_key}
        return arguments | {key: value for key, value in named.items() if value is not None}

    def _prices(self, litellm: ModuleType, target: Endpoint) -> Mapping[str, Any]:
        """What tokens cost there; nothing for a server of one's own, whatever its model is called."""
        own = target.api_base is not None and self._provider is None and target.provider == "openai"
        return {} if own else self._listed(litellm, target.model)

    def _listed(self, litellm: ModuleType, model: str) -> Mapping[str, Any]:
        names = (f"{self._provider}/{model}", self._name, model, model.partition("/")[2])
        found: Mapping[str, Any] = next((litellm.model_cost[name] for name in names if name in litellm.model_cost), {})
        return found


async def _pieces(response: Any, prices: Mapping[str, Any]) -> AsyncGenerator[Chunk, None]:
    """The chunks of a stream, or the one of a whole reply."""
    if response is None:  # litellm's answer, in some releases, to a server that wants roles to alternate
        raise ModelError("The endpoint wants roles to alternate.", fault="protocol", refused="alternate")
    if not hasattr(response, "__aiter__"):
        yield whole_of(response, prices)
        return
    async for chunk in response:
        yield chunk_of(chunk, prices)


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
