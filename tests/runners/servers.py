"""A real Jupyter server on loopback, and a wire before it that can be cut. Asserts nothing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TOKEN = "a-token-of-the-test"


@contextmanager
def jupyter_server(folder: Path, *, token: str = TOKEN) -> Iterator[str]:
    """The address of a server whose files are those of `folder / "files"`; `token` opens it, an empty one anybody."""
    files, run = folder / "files", folder / "run"
    files.mkdir(parents=True)
    mine = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA")}
    environment = {**os.environ, **mine, "JUPYTER_RUNTIME_DIR": str(run), "IPYTHONDIR": str(folder / "ipython")}
    options = {"ServerApp.port": "0", "IdentityProvider.token": token, "ServerApp.root_dir": str(files)}
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield _address(server, run)
    finally:
        server.terminate()
        server.wait(30)


def _address(server: subprocess.Popen[bytes], run: Path) -> str:
    """Where it listens, once it says so."""
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        with suppress(StopIteration, ValueError):
            told = json.loads(next(run.glob("jpserver-*.json")).read_text())
            return f"http://127.0.0.1:{told['port']}"
        time.sleep(0.05)
    raise AssertionError("The server did not start.")


class Wire:
    """Passes what comes on to `there`, until it is cut; what comes later is passed on again.

    `deaf`: what comes from there is lost, until it is cut; `mute`: what goes there; `lost` is what was. `down`: whoever
    connects is cut off at once. `wanted`: what the first request of a connection must hold, or it is refused.
    """

    def __init__(self, there: str, wanted: str = "") -> None:
        self._wanted = wanted.lower().encode()
        self._port = int(there.rpartition(":")[2])
        self._server: asyncio.Server | None = None
        self._ends: list[asyncio.StreamWriter] = []
        self._passing: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.deaf = False
        self.mute = False
        self.lost = bytearray()
        self.down = False

    async def lay(self) -> str:
        """Listen; the address."""
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Break every connection there is, without a word."""
        self.deaf = self.mute = False
        ends, self._ends = self._ends, []
        for end in ends:
            end.transport.abort()

    def insert(self, frame: bytes) -> None:
        """Say this too to whoever is connected."""
        for here in self._ends[::2]:
            here.write(frame)

    async def close(self) -> None:
        """Cut, and listen no more."""
        self.cut()
        if self._server is not None:
            self._server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
            return
        head = b""
        if self._wanted:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
            if self._wanted not in head.lower():
                writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                writer.close()
                return
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        there_writer.write(head)
        self._ends += [writer, there_writer]
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._pass(source, sink, back=sink is writer))
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, back: bool) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if self.deaf if back else self.mute:
                    self.lost += data
                else:
                    sink.write(data)
                    await sink.drain()
        sink.close()
