"""Kernels that run already, joined by their connection file: one that a session kept, or anybody's. Starts none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interpreter.errors import RunnerError
from interpreter.paths import written
from interpreter.runners import kept, kernel_log
from interpreter.runners.channels import Channel, Channels, Message, Received
from interpreter.runners.installing import Remedy
from interpreter.runners.kept import Heartbeat, Kept
from interpreter.runners.kernels import Kernel, Kernels

_ANSWER = 4.0
"""Seconds until it answers; longer than that it is busy for somebody else."""
_BEAT, _MISSED = 0.5, 2.0
"""Seconds between two heartbeats, and for which one may be missing."""


class JoinedKernel:
    """Implements `Kernel`. `record` is what a session wrote of it; without one the kernel is foreign.

    It runs on when the session is over, and where it could not be joined.
    """

    def __init__(self, *, file: Path, received: Received, record: Kept | None = None) -> None:
        self.died = asyncio.Event()
        self.exit_code: int | None = None
        self.foreign = record is None
        self.ours = record is not None and record.ours
        self._file = file
        self._received = received
        self._record = record
        self._joined = False
        self._heart = Heartbeat(file)
        self._channels: Channels | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def language(self) -> str:
        """What it runs, in its own words and small letters."""
        return self._channels.language if self._channels is not None else ""

    async def start(self) -> None:
        """Join it. Raises `RunnerError` if nobody answers there, or it is busy."""
        if not await self._heart.beats(_MISSED):
            raise _absent(self._file)
        from jupyter_client.asynchronous.client import AsyncKernelClient

        client = AsyncKernelClient(connection_file=str(self._file))
        client.load_connection_file()
        self._channels = Channels(client, self._received)
        self._watching = asyncio.create_task(self._watch())
        if not await self._channels.ready(within=_ANSWER, ended=self.died):
            raise RunnerError(f"The kernel at {self._file} runs other code. Wait for its end, or interrupt it there.")
        self._joined = True

    def send(self, channel: Channel, kind: str, content: Mapping[str, object]) -> tuple[str, asyncio.Future[Message]]:
        """Send a request; its message id, and the reply when it comes."""
        if self._channels is None:
            raise RunnerError("The kernel is not joined.")
        return self._channels.send(channel, kind, content)

    async def interrupt(self) -> None:
        """Ask it to interrupt itself, which every Python kernel does."""
        if self._channels is not None and not self.died.is_set():
            await self._channels.interrupt()
            self.send("shell", "kernel_info_request", {})  # behind it: a cell parked in `await` sleeps over it

    async def close(self) -> None:
        """End it, unless it is foreign or was not joined."""
        was_alive = self._joined and not self.died.is_set()
        await self._disconnect()
        if self._record is not None and was_alive:
            await kept.end(self._record)

    async def leave(self) -> None:
        """Let it run on: it is foreign, or was kept before and is kept again."""
        await self._disconnect()

    def log(self) -> str:
        """What it wrote outside any cell, where a session kept it."""
        return kernel_log.end(self._record.home) if self._record is not None else ""

    async def _watch(self) -> None:
        """Notice that it has gone: no message tells it."""
        while await self._heart.beats(_MISSED):  # noqa: ASYNC110 - a heart is asked again and again
            await asyncio.sleep(_BEAT)
        self.died.set()

    async def _disconnect(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self._heart.close()
        if self._channels is not None:
            await self._channels.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingKernels:
    """Implements `Kernels`: always the one at the connection file."""

    file: Path

    async def check(self) -> None:
        """Raises `RunnerError` if no kernel answers there."""
        if not await kept.lives(self.file):
            raise _absent(self.file)

    @property
    def unasked(self) -> bool:
        """To join runs nothing."""
        return True

    async def kernel(self, received: Received) -> Kernel:
        """See `Kernels.kernel`."""
        return JoinedKernel(file=self.file, received=received)

    async def remedy(self, module: str) -> Remedy | None:
        """None: whoever began the kernel knows its Python."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKernels:
    """Implements `Kernels`: the one that lives in `home`, as long as it does, else one from `others`.

    `lives`: it did a moment ago.
    """

    home: Path
    others: Kernels
    lives: bool

    @property
    def unasked(self) -> bool:
        """To join it runs nothing."""
        return self.lives or self.others.unasked

    async def kernel(self, received: Received) -> Kernel:
        """See `Kernels.kernel`."""
        record = kept.find(self.home)
        if record is not None and await kept.lives(record.connection_file):
            return JoinedKernel(file=record.connection_file, received=received, record=record)
        return await self.others.kernel(received)

    async def remedy(self, module: str) -> Remedy | None:
        """See `Kernels.remedy`."""
        return await self.others.remedy(module)


def connection_file(name: str) -> Path:
    """The connection file that is meant: a path, or a name or part of one in Jupyter's own folder.

    Raises `RunnerError` if there is none.
    """
    path = written(name).absolute()
    if path.is_file():
        return path
    from jupyter_client.connect import find_connection_file

    try:
        return Path(find_connection_file(name))
    except OSError as error:
        raise RunnerError(f"There is no connection file {name!r}. In the kernel, %connect_info tells it.") from error


def _absent(file: Path) -> RunnerError:
    return RunnerError(f"No kernel answers at {file}. It may have ended: start one again, and join that.")
