"""One living interpreter with a driver: started, given cells, heard at their end. Decides nothing about interrupts.

A driver (`drivers/`, in the language itself) finds `PORT KEY` in INTERPRETER_CONTROL, takes that away, connects to PORT
of this machine and sends KEY. Then it reads lines `TOKEN FOLDER`: it runs the file `cell` of the folder in the scope
that lasts, leaves there what the cell is worth as text in `value` and what it drew as `*.png`, and sends `TOKEN ok` or
`TOKEN error`. Around all that the cell prints it prints the marks of TOKEN, on both streams. So no pipe is shared with
the cell: its input is at its end, and its children's too.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
import contextlib
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path

from interpreter.errors import RunnerError
from interpreter.protocols.content import clean
from interpreter.runners import child
from interpreter.runners.child import Child
from interpreter.runners.printed import ENOUGH, LATE, READ, Kind, Printed
from interpreter.runners.shell_stream import mark
from interpreter.runners.source import encoded
from interpreter.runners.waiting import within
from interpreter.seams import Produced

_DRIVERS = Path(__file__).with_name("drivers")
_START = 60.0
"""Seconds an interpreter may take to begin; R with many packages in its profile takes some."""
_GRACE = 0.5
"""Seconds of silence by which output may lag behind the word that a cell is over, or behind a death."""
_LATE_BEAT = 0.1


class _Pipe:
    """One of the two streams, taken apart: what comes between the marks of a cell is the cell's."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = b""
        self._awaited: list[bytes] = []

    def expect(self, token: str) -> None:
        """The marks of a cell will come."""
        self._awaited = [mark("C", token), mark("D", token)]
        self.ended.clear()

    def give_up(self) -> None:
        """They will not."""
        self._awaited = []
        self.ended.set()

    def feed(self, data: bytes) -> Iterator[tuple[bool, str]]:
        """Whether it is the cell's, and a piece of text. Without `data` nothing comes any more."""
        rest, self._held = self._held + data, b""
        while self._awaited and self._awaited[0] in rest:
            before, _, rest = rest.partition(self._awaited[0])
            yield self._inside, self._decoder.decode(before, final=True)
            del self._awaited[0]
        if self._awaited and data:
            start = rest.rfind(b"\x1b")
            if start >= 0 and self._awaited[0].startswith(rest[start:]):
                rest, self._held = rest[:start], rest[start:]
        yield self._inside, self._decoder.decode(rest, final=not data)
        if not (self._awaited and data):
            self.give_up()

    @property
    def _inside(self) -> bool:
        return len(self._awaited) == 1


class DrivenProcess:
    """An interpreter. `over`: no cell runs, or it is dead, which `died` tells; `failed`: the last cell did.

    `printed` is what the running cell printed, which is flooded by more than `limit` characters; `late` is told what
    comes between cells.
    """

    def __init__(
        self, *, command: Sequence[str], driver: str, late: Callable[[Produced], None], limit: int | None = None
    ) -> None:
        self.printed = Printed(limit)
        self.over = asyncio.Event()
        self.died = asyncio.Event()
        self.failed = False
        self._command = (*command, str(_DRIVERS / driver))
        self._late = late
        self._late_room = LATE
        self._between = Printed()
        self._child: Child | None = None
        self._control: asyncio.StreamWriter | None = None
        self._private = Path(tempfile.mkdtemp(prefix="interpreter-cells-"))
        self._folder = self._private / "cell"
        self._token = ""
        self._pipes: dict[Kind, _Pipe] = {"stdout": _Pipe(), "stderr": _Pipe()}
        self._heard = asyncio.Event()
        self._silent = asyncio.Event()  # nobody writes to the pipes any more
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def exit_code(self) -> int | None:
        """How it ended; negative: by that signal. None while it lives."""
        return self._child.exit_code if self._child is not None else None

    async def start(self, *, folder: str, environment: Mapping[str, str]) -> None:
        """Start it and wait until it takes cells. Raises `RunnerError` if it does not."""
        key = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            control = f"{server.getsockname()[1]} {key}"
            environment = {**environment, "INTERPRETER_CONTROL": control}
            self._child = await child.start(self._command, folder=folder, environment=environment)
            self._task(self._follow(self._child))
            self._task(self._dead(self._child))
            connecting = asyncio.ensure_future(self._connected(server, key))
            dying = asyncio.ensure_future(self.died.wait())
            try:
                await asyncio.wait({connecting, dying}, timeout=_START, return_when=asyncio.FIRST_COMPLETED)
                if not connecting.done():
                    raise RunnerError(self._why_not())
                reader = connecting.result()
            finally:
                for waiting in (connecting, dying):
                    waiting.cancel()
                await asyncio.gather(connecting, dying, return_exceptions=True)
        self._task(self._listen(reader))
        self._task(self._tell_late())
        self.over.set()

    def begin(self, code: str) -> None:
        """Let the interpreter run `code`. Only when `over`; it stays so where the interpreter has just died."""
        assert self._control is not None
        source = encoded(code)
        if not self.died.is_set():
            self.over.clear()
        self.failed = False
        self.printed.begin()
        self._late_room = LATE
        self._token = secrets.token_hex(8)
        for pipe in self._pipes.values():
            pipe.expect(self._token)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        (self._folder / "cell").write_bytes(source)
        self._control.write(f"{self._token} {self._folder}\n".encode())

    def shown(self) -> list[Produced]:
        """What the last cell drew and is worth."""
        pictures = [base64.b64encode(file.read_bytes()).decode() for file in sorted(self._folder.glob("*.png"))]
        told = [Produced(kind="display", data={"image/png": picture}) for picture in pictures]
        with contextlib.suppress(FileNotFoundError):
            value = clean((self._folder / "value").read_text(encoding="utf-8", errors="replace")).rstrip("\n")
            told.append(Produced(kind="result", data={"text/plain": value}))
        return told

    def give_up(self) -> None:
        """Whatever else the running cell prints is left out."""
        self.printed.give_up()

    def interrupt(self) -> None:
        """Signal it and its children; where there is no such signal this is the end."""
        if self._child is not None:
            self._child.interrupt()

    def kill(self) -> None:
        """End it and everything it started."""
        if self._child is not None:
            self._child.kill()

    async def close(self) -> None:
        """Leave nothing of it behind; harmless when repeated."""
        if self._child is not None:
            await self._child.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._control is not None:
            self._control.close()
            with contextlib.suppress(OSError):
                await self._control.wait_closed()
        shutil.rmtree(self._private, ignore_errors=True)
        self.died.set()
        self._finish()

    async def _connected(self, server: socket.socket, key: str) -> asyncio.StreamReader:
        """The connection of whoever knows `key`; others of this machine may try."""
        while True:
            accepted, _ = await asyncio.get_running_loop().sock_accept(server)
            reader, writer = await asyncio.open_connection(sock=accepted)
            try:
                with contextlib.suppress(OSError, ValueError):
                    said = await asyncio.wait_for(reader.readline(), _GRACE)
                    if secrets.compare_digest(said.strip(), key.encode()):
                        self._control = writer
                        return reader
            finally:
                if self._control is None:
                    writer.close()

    def _why_not(self) -> str:
        """Why it did not begin, with the last line that it printed."""
        said = "".join(str(produced.data["text/plain"]) for produced in self._between.take())
        last = clean(said).strip().rpartition("\n")[2]
        how = f"ended at its start (exit code {self.exit_code})" if self.died.is_set() else "did not begin"
        return f"{self._command[0]} {how}{f': {last}' if last else '.'}"

    async def _follow(self, child: Child) -> None:
        """Take what is printed, to its end."""
        await asyncio.gather(self._sort("stdout", child.stdout), self._sort("stderr", child.stderr))
        self._silent.set()

    async def _sort(self, kind: Kind, stream: asyncio.StreamReader) -> None:
        pipe, data = self._pipes[kind], b"..."
        while data:
            data = await stream.read(READ)
            for inside, text in pipe.feed(data):
                await (self.printed if inside else self._between).add(kind, text)
            self._heard.set()

    async def _listen(self, control: asyncio.StreamReader) -> None:
        """Hear the words of the driver, until it lets go of the connection; then it is of no use any more."""
        with contextlib.suppress(OSError, ValueError):
            while line := await control.readline():
                token, _, status = line.decode("utf-8", "replace").strip().partition(" ")
                if token == self._token and not self.over.is_set():
                    self.failed = status != "ok"
                    self._task(self._end())
        if not await within(self.died, _GRACE):
            self.kill()

    async def _end(self) -> None:
        """The word may overtake the output: the cell is over when both marks were seen, or do not come."""
        while not all(pipe.ended.is_set() for pipe in self._pipes.values()):
            self._heard.clear()
            if not await within(self._heard, _GRACE) and not self.printed.size:
                break
        for pipe in self._pipes.values():
            pipe.give_up()
        self._finish()

    async def _dead(self, child: Child) -> None:
        await child.ended.wait()
        self.kill()
        while not await within(self._silent, _GRACE) and self.printed.size:
            pass
        if self._control is not None:
            self._pass_on()
        self.died.set()
        self._finish()

    def _finish(self) -> None:
        self.over.set()
        self.printed.news.set()

    async def _tell_late(self) -> None:
        """Pass on what comes between cells, as much as anybody may want to read."""
        while True:
            await self._between.news.wait()
            await asyncio.sleep(_LATE_BEAT)
            self._pass_on()

    def _pass_on(self) -> None:
        for produced in self._between.take():
            if self._late_room > 0:
                self._late_room -= len(str(produced.data["text/plain"]))
                self._late(produced)
                if self._late_room <= 0:
                    self._late(Produced(kind="stdout", data={"text/plain": ENOUGH}))

    def _task(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
