"""One kernel process of this machine: start, death, interrupt, close. Knows nothing of cells."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interpreter.errors import RunnerError
from interpreter.runners import kept, kernel_log
from interpreter.runners.channels import Channel, Channels, Message, Received
from interpreter.runners.kernelspecs import Quirks
from interpreter.runners.processes import end_session, may_have_ended

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

_CONNECTION = "connection.json"
_START = 60.0
"""Seconds a kernel may take until it answers."""
_END = 5.0
"""Seconds a killed process may take to be gone; only one stuck in the system takes longer than a moment."""
_LONGEST_SOCKET = 90
"""Characters that the path of a socket may have, with some to spare for its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What is started: the program and its arguments, or the kernelspec `spec` called `name`.

    `ours`: it is our launcher, which knows more requests than Jupyter has. `advice`: what helps if it does not start.
    `sockets`: it takes sockets in a folder, not only ports.
    """

    folder: str
    environment: Mapping[str, str]
    argv: tuple[str, ...] = ()
    spec: KernelSpec | None = None
    name: str = "python"
    ours: bool = False
    advice: str = ""
    quirks: Quirks = Quirks()
    sockets: bool = True


class LocalKernel:
    """Implements `Kernel` as a process of this machine. In a `home` of its own it can outlive the program.

    It does so once a cell ran in it: before, there is nothing to keep.
    """

    foreign = False

    def __init__(self, *, launch: Launch, received: Received, home: Path | None = None) -> None:
        self.died = asyncio.Event()
        self.exit_code: int | None = None
        self.ours = launch.ours
        self._launch = launch
        self._received = received
        self._home = home
        self._private: Path | None = None
        self._manager: AsyncKernelManager | None = None
        self._channels: Channels | None = None
        self._watching: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._closing = False
        self._ran = False

    @property
    def language(self) -> str:
        """What it runs, in its own words and small letters."""
        return self._channels.language if self._channels is not None else ""

    async def start(self) -> None:
        """Launch and wait until it answers. Raises `RunnerError` with the kernel's own words if it does not."""
        await asyncio.to_thread(_import_client)
        self._private = kept.fresh(self._home) if self._home else Path(tempfile.mkdtemp(prefix="interpreter-kernel-"))
        self._manager = self._make_manager(self._private)
        with (self._private / kernel_log.NAME).open("wb") as log:
            try:
                await self._manager.start_kernel(
                    cwd=self._launch.folder,
                    env=self._env(self._private),
                    stdout=log,
                    stderr=log,
                    independent=self._home is not None,
                )
            except OSError as error:
                raise RunnerError(f"The kernel {self._launch.name} could not be started: {error}") from error
        self._channels = Channels(self._manager.client(), self._received, lag=self._launch.quirks.lag)
        self._watching = asyncio.create_task(self._watch())
        if not await self._channels.ready(within=_START, ended=self.died):
            if self.died.is_set():
                raise RunnerError(f"The kernel ended at its start (exit code {self.exit_code}): {self._last_line()}")
            raise RunnerError(f"The kernel did not answer within {_START:.0f} seconds: {self._last_line()}")
        if self._home is not None:
            pid = getattr(self._manager.provisioner, "pid", None) or 0
            kept.record(self._home, connection=self._private / _CONNECTION, pid=pid, ours=self.ours)

    def send(self, channel: Channel, kind: str, content: Mapping[str, object]) -> tuple[str, asyncio.Future[Message]]:
        """Send a request; its message id, and the reply when it comes."""
        if self._channels is None:
            raise RunnerError("The kernel is not running.")
        self._ran = self._ran or (kind == "execute_request" and not content.get("silent"))
        return self._channels.send(channel, kind, content)

    async def interrupt(self) -> None:
        """Interrupt as the kernelspec says, and nudge: a cell parked in `await` sees it only when the loop wakes."""
        if self._manager is not None and self._channels is not None and not self.died.is_set():
            spec = self._manager.kernel_spec
            if spec is not None and spec.interrupt_mode == "message":
                await self._channels.interrupt()
            else:
                with contextlib.suppress(RuntimeError, OSError):
                    await self._manager.interrupt_kernel()
            self.send("shell", "kernel_info_request", {})

    async def close(self) -> None:
        """Kill the process and what it started, and forget it; harmless when nothing was started."""
        self._closing = True
        provisioner = self._manager.provisioner if self._manager is not None else None
        if provisioner is not None:
            if await provisioner.poll() is None:  # else its id may be another's by now
                await provisioner.kill()
            if self._watching is not None:  # the watcher is told at once, and jupyter_client looks ten times a second
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _END)
            if not self._ended.is_set() and (pid := getattr(provisioner, "pid", None)) is not None:
                await end_session(pid)
        await self._disconnect()
        if provisioner is not None and self._manager is not None:
            await provisioner.wait()
            await self._manager.cleanup_resources()
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)

    async def leave(self) -> None:
        """Let it run on, if it has a home and a cell ran in it, else close it."""
        if self._home is None or self.died.is_set() or not self._ran:
            await self.close()
        else:
            await self._disconnect()

    async def _disconnect(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._channels is not None:
            await self._channels.close()

    def log(self) -> str:
        """The end of what the kernel wrote to its own stdout and stderr."""
        return kernel_log.end(self._private) if self._private is not None else ""

    def _last_line(self) -> str:
        line = (self.log().splitlines() or ["it wrote nothing."])[-1]
        return f"{line.rstrip('.')}. {self._launch.advice}" if self._launch.advice else line

    def _make_manager(self, private: Path) -> AsyncKernelManager:
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager

        own = KernelSpec(argv=list(self._launch.argv), display_name="Python", language="python")
        chosen = self._launch.spec or own

        class Chosen(KernelSpecManager):
            def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
                return chosen

        options: dict[str, Any] = {"connection_file": str(private / _CONNECTION)}
        sockets = os.name == "posix" and self._launch.sockets
        if sockets and len(str(private)) < _LONGEST_SOCKET:  # a private folder: no port is opened
            options |= {"transport": "ipc", "ip": str(private / "k")}
        return AsyncKernelManager(
            kernel_name=self._launch.name, kernel_spec_manager=Chosen(), autorestart=False, **options
        )

    def _env(self, private: Path) -> dict[str, str]:
        """The user's own IPython profile and start-up files are not run: what runs is what was approved."""
        return {**self._launch.environment, "IPYTHONDIR": str(private / "ipython")}

    async def _watch(self) -> None:
        """Notice the end of the process, which no message tells, and end what it started."""
        assert self._manager is not None
        provisioner = self._manager.provisioner
        assert provisioner is not None
        pid = getattr(provisioner, "pid", None)
        while (code := await provisioner.poll()) is None:
            await may_have_ended(pid or 0)
        if not self._closing:
            self.exit_code = code
            self.died.set()
        if pid is not None:  # now, and not when it is closed: by then its id may be another's
            await end_session(pid)
        self._ended.set()


def _import_client() -> None:
    """Import what a kernel needs, outside the event loop: it takes a quarter of a second."""
    import jupyter_client.asynchronous.client
    import jupyter_client.manager  # noqa: F401
