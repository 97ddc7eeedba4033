"""Model servers that run on this machine, asked for their models where they usually listen, and for nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 0.3
"""Seconds that all of them together have to answer."""

_MOST = 1 << 20  # bytes of an answer
_LONGEST = 200  # characters of a model's name
_EMBEDDING = ("embed", "bert", "rerank")  # in names and families of models that answer no prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a kind of server listens: `base` is its address, `path` its list of models, `provider` how it is called."""

    server: str
    base: str
    path: str
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answered, and the models that can answer a prompt, as they are given to `--model`."""

    server: str
    api_base: str
    models: tuple[str, ...]


def usual_places(environment: Mapping[str, str]) -> tuple[Place, ...]:
    """Where Ollama (at OLLAMA_HOST, if that is set), LM Studio and llama-server listen."""
    ollama = _ollama(environment.get("OLLAMA_HOST", "").strip())
    return (
        Place(server="Ollama", base=ollama, path="/api/tags", provider="ollama_chat"),
        Place(server="LM Studio", base="http://127.0.0.1:1234/v1", path="/models", provider="openai"),
        Place(server="llama-server", base="http://127.0.0.1:8080/v1", path="/models", provider="openai"),
    )


async def look(places: Sequence[Place], *, patience: float = PATIENCE) -> tuple[Server, ...]:
    """Those of `places` where a list of models came within `patience` seconds, in their order."""
    answers = await asyncio.gather(*(_ask(place, patience) for place in places))
    return tuple(
        Server(server=place.server, api_base=place.base, models=models)
        for place, answer in zip(places, answers, strict=True)
        if (models := tuple(f"{place.provider}/{name}" for name in _names(answer)))
    )


def _ollama(host: str) -> str:
    """The address meant by OLLAMA_HOST, which also says where Ollama listens: every interface means this machine."""
    with suppress(ValueError):
        address = urlsplit(host if "://" in host else f"//{host}")
        name = address.hostname or "127.0.0.1"
        name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # noqa: S104 - read, not listened on
        port = address.port or {"http": 80, "https": 443}.get(address.scheme, 11434)
        return f"{address.scheme or 'http'}://{f'[{name}]' if ':' in name else name}:{port}"
    return "http://127.0.0.1:11434"


async def _ask(place: Place, patience: float) -> Any:
    """The JSON that `place` answers with, None if it does not."""
    with suppress(OSError, ValueError, EOFError, TimeoutError, asyncio.LimitOverrunError):
        async with asyncio.timeout(patience):
            return json.loads(await _get(place.base + place.path))
    return None


async def _get(url: str) -> bytes:
    """The body of one answer. Sockets alone: an HTTP library takes longer to import than all answers take to come."""
    address = urlsplit(url)
    secure = address.scheme == "https"
    reader, writer = await asyncio.open_connection(
        address.hostname, address.port or (443 if secure else 80), ssl=secure or None
    )
    try:
        head = f"GET {address.path} HTTP/1.0\r\nHost: {address.netloc}\r\nAccept: application/json\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        answered = await reader.readuntil(b"\r\n\r\n")
        if answered.split(maxsplit=2)[1:2] != [b"200"]:
            raise ValueError(answered)
        return await _rest(reader, _length(answered))
    finally:
        writer.transport.abort()


def _length(head: bytes) -> int:
    """How many bytes follow; as many as come, where the answer does not say."""
    for line in head.splitlines():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return min(int(value), _MOST)
    return _MOST


async def _rest(reader: asyncio.StreamReader, length: int) -> bytes:
    body = b""
    while len(body) < length and (more := await reader.read(length - len(body))):
        body += more
    return body


def _names(answer: Any) -> Iterator[str]:
    """The models in a list as Ollama (`models`) or OpenAI's kind of server (`data`) writes it; nothing of all else."""
    listed = answer.get("data", answer.get("models")) if isinstance(answer, dict) else None
    for model in listed if isinstance(listed, list) else ():
        name = (model.get("id") or model.get("name")) if isinstance(model, dict) else None
        if isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST and not _embeds(name, model):
            yield name


def _embeds(name: str, model: Mapping[str, Any]) -> bool:
    details = model.get("details")
    family = details.get("family") if isinstance(details, dict) else None
    return any(word in f"{name} {family}".lower() for word in _EMBEDDING)
