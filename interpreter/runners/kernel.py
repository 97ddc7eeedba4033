"""One kernel process and its channels: start, ready check, death, interrupt, close. Knows nothing of cells.

Messages are handed on as they come; who asked for them is decided by the parent's message id.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from interpreter.errors import RunnerError
from interpreter.runners.kernelspecs import Quirks
from interpreter.runners.processes import may_have_ended

if TYPE_CHECKING:
    from jupyter_client.asynchronous.client import AsyncKernelClient
    from jupyter_client.manager import AsyncKernelManager

Message: TypeAlias = Mapping[str, Any]
Channel: TypeAlias = Literal["iopub", "shell", "stdin", "control"]
Received: TypeAlias = Callable[[Channel, Message], None]
"""Called with each message that comes, in the order of its channel."""

_START = 60.0
"""Seconds a kernel may take until it answers."""
_END = 5.0
"""Seconds a killed process may take to be gone; only one stuck in the system takes longer than a moment."""
_LONGEST_SOCKET = 90
"""Characters that the path of a socket may have, with some to spare for its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What is started: the program and its arguments, or the kernelspec `name` where `argv` is empty.

    `ours`: it is our launcher, which knows more requests than Jupyter has.
    """

    folder: str
    environment: Mapping[str, str]
    argv: tuple[str, ...] = ()
    name: str = "python"
    ours: bool = False
    quirks: Quirks = Quirks()


class LocalKernel:
    """Implements `Kernel` as a process of this machine."""

    def __init__(self, *, launch: Launch, received: Received) -> None:
        self.died = asyncio.Event()
        self.exit_code: int | None = None
        self.language = ""
        self.ours = launch.ours
        self._launch = launch
        self._received = received
        self._private: Path | None = None
        self._manager: AsyncKernelManager | None = None
        self._client: AsyncKernelClient | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._told = asyncio.Event()  # something came on iopub: the subscription works
        self._ended = asyncio.Event()
        self._closing = False

    async def start(self) -> None:
        """Launch and wait until it answers. Raises `RunnerError` with the kernel's own words if it does not."""
        await asyncio.to_thread(_import_client)
        self._private = Path(tempfile.mkdtemp(prefix="interpreter-kernel-"))
        self._manager = self._make_manager(self._private)
        with (self._private / "kernel.log").open("wb") as log:
            try:
                await self._manager.start_kernel(
                    cwd=self._launch.folder, env=self._env(self._private), stdout=log, stderr=log
                )
            except OSError as error:
                raise RunnerError(f"The kernel {self._launch.name} could not be started: {error}") from error
        self._client = self._manager.client()
        self._client.start_channels(hb=False)
        readers: tuple[tuple[Channel, Callable[..., Any]], ...] = (
            ("iopub", self._client.get_iopub_msg),
            ("shell", self._client.get_shell_msg),
            ("stdin", self._client.get_stdin_msg),
            ("control", self._client.get_control_msg),
        )
        self._tasks = [asyncio.create_task(self._read(channel, get)) for channel, get in readers]
        self._tasks.append(asyncio.create_task(self._watch()))
        await self._ready()

    def send(self, channel: Channel, kind: str, content: Mapping[str, object]) -> tuple[str, asyncio.Future[Message]]:
        """Send a request; its message id, and the reply when it comes. Whoever waits no longer cancels the reply."""
        if self._client is None:
            raise RunnerError("The kernel is not running.")
        message = self._client.session.msg(kind, dict(content))
        getattr(self._client, f"{channel}_channel").send(message)
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        identity: str = message["header"]["msg_id"]
        self._answers[identity] = future
        future.add_done_callback(lambda _: self._answers.pop(identity, None))
        return identity, future

    async def interrupt(self) -> None:
        """Interrupt as the kernelspec says, and nudge: a cell parked in `await` sees it only when the loop wakes."""
        if self._manager is not None and self._client is not None and not self.died.is_set():
            with contextlib.suppress(RuntimeError, OSError):
                await self._manager.interrupt_kernel()
            self._client.kernel_info()

    async def close(self) -> None:
        """Kill the process and what it started, and forget it; harmless when nothing was started."""
        self._closing = True
        provisioner = self._manager.provisioner if self._manager is not None else None
        if provisioner is not None:
            await provisioner.kill()
            if self._tasks:  # the watcher is told at once, and jupyter_client looks ten times a second
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _END)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            self._client.stop_channels()
        if provisioner is not None and self._manager is not None:
            await provisioner.wait()
            await self._manager.cleanup_resources()
        for future in tuple(self._answers.values()):
            future.cancel()
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)

    def log(self) -> str:
        """The end of what the kernel wrote to its own stdout and stderr."""
        try:
            return ((self._private or Path()) / "kernel.log").read_text(errors="replace")[-1500:].strip()
        except OSError:
            return ""

    def _last_line(self) -> str:
        return (self.log().splitlines() or ["it wrote nothing."])[-1]

    def _make_manager(self, private: Path) -> AsyncKernelManager:
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager

        own = KernelSpec(argv=list(self._launch.argv), display_name="Python", language="python")
        chosen = own if self._launch.argv else None

        class OwnFirst(KernelSpecManager):
            def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
                return chosen or super().get_kernel_spec(kernel_name)

        options: dict[str, Any] = {"connection_file": str(private / "connection.json")}
        sockets = os.name == "posix" and not self._launch.quirks.tcp
        if sockets and len(str(private)) < _LONGEST_SOCKET:  # a private folder: no port is opened
            options |= {"transport": "ipc", "ip": str(private / "k")}
        return AsyncKernelManager(
            kernel_name=self._launch.name, kernel_spec_manager=OwnFirst(), autorestart=False, **options
        )

    def _env(self, private: Path) -> dict[str, str]:
        """The user's own IPython profile and start-up files are not run: what runs is what was approved."""
        return {**self._launch.environment, "IPYTHONDIR": str(private / "ipython")}

    async def _ready(self) -> None:
        """Until a shell reply and anything on iopub came: without the latter the first cell's output could be lost."""
        end = time.monotonic() + _START
        while time.monotonic() < end:
            if self.died.is_set():
                raise RunnerError(f"The kernel ended at its start (exit code {self.exit_code}): {self._last_line()}")
            _, answer = self.send("shell", "kernel_info_request", {})
            with contextlib.suppress(TimeoutError):
                info = await asyncio.wait_for(answer, 1)
                self.language = info["content"].get("language_info", {}).get("name", "").lower()
                await asyncio.wait_for(self._told.wait(), 0.5)
                return
        raise RunnerError(f"The kernel did not answer within {_START:.0f} seconds: {self._last_line()}")

    async def _read(self, channel: Channel, get: Callable[..., Any]) -> None:
        while True:
            try:
                message = await get(timeout=None)
            except Empty:
                continue
            if channel == "iopub":
                self._told.set()
            elif channel != "stdin":  # there the kernel asks, and names the cell that it asks for
                future = self._answers.get(message["parent_header"].get("msg_id", ""))
                if future is not None and not future.done():
                    future.set_result(message)
            lag = self._launch.quirks.lag if message["content"].get("execution_state") == "idle" else 0
            if lag:
                asyncio.get_running_loop().call_later(lag, self._received, channel, message)
            else:
                self._received(channel, message)

    async def _watch(self) -> None:
        """Notice the end of the process: no message tells it."""
        assert self._manager is not None
        provisioner = self._manager.provisioner
        assert provisioner is not None
        while (code := await provisioner.poll()) is None:
            await may_have_ended(getattr(provisioner, "pid", None) or 0)
        self._ended.set()
        if not self._closing:
            self.exit_code = code
            self.died.set()


def _import_client() -> None:
    """Import what a kernel needs, outside the event loop: it takes a quarter of a second."""
    import jupyter_client.asynchronous.client
    import jupyter_client.manager  # noqa: F401
