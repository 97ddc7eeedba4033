"""The embedded model: one GGUF file served by a child process, spoken to like any endpoint. It fetches nothing.

The child dies with this program: it ends when its stdin does, which the system closes however the program ends, and on
Linux it is killed with the thread that started it (so a server is started from a loop that lasts).
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe

from interpreter.errors import InterpreterError, ModelError, StorageError, UsageError, installing
from interpreter.models.litellm import LitellmModel, load
from interpreter.protocols.exchange import Chunk, Request
from interpreter.stop import Stop, race

CONTEXT = 8192
"""Tokens of the window; a small model on two cores reads some 70 of them a second."""

_CHILD = (sys.executable, "-P", str(Path(__file__).with_name("llama.py")))  # -P: nothing of the folder is imported
_LAST_WORDS = 2000  # bytes of the log that are looked at when the child has died
_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server: where it listens, the key it wants, and the name of its model."""

    base: str
    key: str = field(repr=False)
    name: str
    process: asyncio.subprocess.Process

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return self.process.returncode is None


def check_support() -> None:
    """Raise `UsageError` if llama.cpp's wheel is not installed, with the way to it, or that there is none."""
    if importlib.util.find_spec("xllamacpp") is not None:
        return
    system, machine = sys.platform, platform.machine().lower()
    wheels = (system == "linux" and machine in ("x86_64", "aarch64")) or (system == "darwin" and machine == "arm64")
    if wheels or system == "win32":
        raise UsageError(f"The embedded model needs xllamacpp. Run: {installing('xllamacpp')}")
    raise UsageError(
        f"The embedded model runs on Linux (x86-64, aarch64), macOS on Arm and Windows: xllamacpp has no wheel for "
        f"{system} on {machine}. Use a key, or a local server such as Ollama."
    )


def check_file(weights: Path) -> None:
    """Raise `UsageError` if `weights` is not a GGUF file that can be read."""
    try:
        with weights.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise UsageError(f"Cannot read {weights}: {error.strerror or error}.") from error
    if magic != _MAGIC:
        raise UsageError(f"{weights} is not a GGUF file. --local takes weights in llama.cpp's format.")


class LocalServer:
    """The server of one file, started when first wanted, started anew if it died. Lives on one event loop.

    `log` takes what llama.cpp says; `environment` is the child's (None: this process's).
    """

    def __init__(
        self, weights: Path, *, log: Path, name: str = "", environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name or weights.stem
        self._weights = weights
        self._log = log
        self._environment = environment
        self._starting: asyncio.Task[Served] | None = None

    async def ready(self) -> Served:
        """The running server, whoever asked for it first. Raises `ModelError` or `UsageError` if it does not start."""
        if self._starting is None or self._failed(self._starting):
            self._starting = asyncio.ensure_future(self._start())
        return await asyncio.shield(self._starting)

    async def close(self) -> None:
        """End it, also while it starts; harmless when nothing runs."""
        starting, self._starting = self._starting, None
        if starting is None:
            return
        starting.cancel()
        (served,) = await asyncio.gather(starting, return_exceptions=True)
        if isinstance(served, Served):
            await _end(served.process)

    @staticmethod
    def _failed(starting: asyncio.Task[Served]) -> bool:
        if not starting.done():
            return False
        return starting.cancelled() or starting.exception() is not None or not starting.result().alive

    async def _start(self) -> Served:
        check_file(self._weights)
        key = token_urlsafe(32)
        process = await self._spawn()
        try:
            address = await self._address(process, key)
        except BaseException:
            await _end(process)
            raise
        return Served(base=f"{address}/v1", key=key, name=self.name, process=process)

    async def _spawn(self) -> asyncio.subprocess.Process:
        environment = dict(os.environ if self._environment is None else self._environment)
        environment.setdefault("OMP_WAIT_POLICY", "passive")  # else waiting threads spin: ten times slower when busy
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise StorageError(f"Cannot write {self._log}: {error.strerror or error}.") from error
        try:
            return await asyncio.create_subprocess_exec(
                *_CHILD,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C at the terminal is not for the server
            )
        finally:
            os.close(log)

    async def _address(self, process: asyncio.subprocess.Process, key: str) -> str:
        """Where the child listens, once the model is loaded."""
        assert process.stdin is not None
        assert process.stdout is not None
        wanted = {
            "model": str(self._weights.absolute()),
            "name": self.name,
            "key": key,
            "context": CONTEXT,
            "parent": os.getpid(),
        }
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        with suppress(ConnectionError):
            await process.stdin.drain()
        said = await process.stdout.readline()
        if not said:
            raise ModelError(self._why(await process.wait()), fault="server")
        return str(json.loads(said)["address"])

    def _why(self, code: int) -> str:
        """What the child died of, in one line."""
        with suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_WORDS))
            lines = log.read().decode(errors="replace").splitlines()
            words = next((line for line in reversed(lines) if line.strip()), "")
            if code >= 0 and words:
                clean = "".join(letter if letter.isprintable() else " " for letter in words).strip()
                return f"{self._weights.name} cannot be served: {clean[:200]} (more in {self._log})."
        died = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{self._weights.name} cannot be served: llama.cpp ended with {died} (see {self._log})."


class LocalModel:
    """Implements `Model` over a `LocalServer`, which is awaited at the first request or by `warm`."""

    def __init__(self, server: LocalServer) -> None:
        self._server = server
        self._reached: tuple[Served, LitellmModel] | None = None

    @property
    def name(self) -> str:
        """The name of the weights."""
        return self._server.name

    @property
    def window(self) -> int | None:
        """What it takes, less the room for its reply."""
        return CONTEXT - CONTEXT // 4

    async def warm(self, request: Request) -> None:
        """Start the server behind the prompt, and let it read `request`; what goes wrong is told at the first one.

        The server keeps what it has read, and later requests that begin like this one are answered sooner.
        """
        with suppress(InterpreterError):
            reader = self._model(await self._ready(), max_tokens=1)
            async with aclosing(reader.stream(request, Stop())) as chunks:
                async for _ in chunks:
                    pass

    async def stream(self, request: Request, stop: Stop) -> AsyncGenerator[Chunk, None]:
        """One attempt, like at any endpoint."""
        model = self._at(await race(stop, self._ready()))
        async with aclosing(model.stream(request, stop)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def close(self) -> None:
        """End the server."""
        await self._server.close()

    async def _ready(self) -> Served:
        """The server, started while the library that talks to it is imported."""
        served, _ = await asyncio.gather(self._server.ready(), asyncio.to_thread(load))
        return served

    def _at(self, served: Served) -> LitellmModel:
        if self._reached is None or self._reached[0] is not served:
            self._reached = (served, self._model(served))
        return self._reached[1]

    @staticmethod
    def _model(served: Served, **options: object) -> LitellmModel:
        return LitellmModel(
            served.name,
            api_base=served.base,
            api_key=served.key,
            custom_llm_provider="openai",
            window=CONTEXT,
            options=options,
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it: a polite end waits for the reply under way."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
