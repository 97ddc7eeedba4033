"""One kernel process and its channels: start, ready check, death, interrupt, restart, close. Knows nothing of cells.

Messages are handed on as they come; who asked for them is decided by the parent's message id.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any, TypeAlias

from interpreter.errors import RunnerError

if TYPE_CHECKING:
    from jupyter_client.asynchronous.client import AsyncKernelClient
    from jupyter_client.manager import AsyncKernelManager

Message: TypeAlias = Mapping[str, Any]
Received: TypeAlias = Callable[[str, Message], None]
"""Called with the channel (`iopub`, `shell`, `stdin`) and the message."""

_START = 60.0
"""Seconds a kernel may take until it answers."""
_OPTIONS = (
    "--HistoryManager.enabled=False",
    "--InteractiveShell.colors=NoColor",
    "--InteractiveShell.xmode=Plain",
    "--InteractiveShellApp.ignore_cwd=True",
    "--InteractiveShellApp.exec_PYTHONSTARTUP=False",
)


class Kernel:
    """A local kernel. `name` is a kernelspec, None for our own interpreter's ipykernel. `died` is set when it ended."""

    def __init__(self, *, name: str | None, folder: str, environment: Mapping[str, str], received: Received) -> None:
        self.died = asyncio.Event()
        self.exit_code: int | None = None
        self._name = name
        self._folder = folder
        self._environment = environment
        self._received = received
        self._private = Path(tempfile.mkdtemp(prefix="interpreter-kernel-"))
        self._manager: AsyncKernelManager | None = None
        self._client: AsyncKernelClient | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._told = asyncio.Event()  # something came on iopub: the subscription works

    @property
    def client(self) -> AsyncKernelClient:
        """The client of the running kernel."""
        if self._client is None:
            raise RunnerError("The kernel is not running.")
        return self._client

    async def start(self) -> None:
        """Launch and wait until it answers. Raises `RunnerError` with the kernel's own words if it does not."""
        await asyncio.to_thread(_import_client)
        self._manager = self._make_manager()
        with (self._private / "kernel.log").open("wb") as log:
            try:
                await self._manager.start_kernel(cwd=self._folder, env=self._env(), stdout=log, stderr=log)
            except OSError as error:
                raise RunnerError(f"The kernel {self._name or 'python'} could not be started: {error}") from error
        self._client = self._manager.client()
        self._client.start_channels(hb=False)
        readers = (("iopub", self._client.get_iopub_msg), ("shell", self._client.get_shell_msg))
        for channel, get in (*readers, ("stdin", self._client.get_stdin_msg)):
            self._tasks.append(asyncio.create_task(self._read(channel, get)))
        self._tasks.append(asyncio.create_task(self._watch()))
        await self._ready()

    async def interrupt(self) -> None:
        """Interrupt as the kernelspec says, and nudge: a cell parked in `await` sees it only when the loop wakes."""
        if self._manager is not None and not self.died.is_set():
            with contextlib.suppress(RuntimeError, OSError):
                await self._manager.interrupt_kernel()
            self.client.kernel_info()

    async def close(self) -> None:
        """Kill the process and what it started, and forget it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            self._client.stop_channels()
        if self._manager is not None and self._manager.provisioner is not None:
            await self._manager.provisioner.kill()
            await self._manager.provisioner.wait()
            await self._manager.cleanup_resources()
        for future in self._answers.values():
            future.cancel()
        shutil.rmtree(self._private, ignore_errors=True)

    def log(self) -> str:
        """The end of what the kernel wrote to its own stdout and stderr."""
        try:
            return (self._private / "kernel.log").read_text(errors="replace")[-1500:].strip()
        except OSError:
            return ""

    def _make_manager(self) -> AsyncKernelManager:
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager

        launcher = str(Path(__file__).with_name("launcher.py"))
        own = KernelSpec(
            argv=[sys.executable, "-P", "-Xfrozen_modules=on", launcher, "-f", "{connection_file}", *_OPTIONS],
            display_name="Python",
            language="python",
        )

        class OwnFirst(KernelSpecManager):
            def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
                return own if kernel_name == "interpreter" else super().get_kernel_spec(kernel_name)

        options: dict[str, Any] = {"connection_file": str(self._private / "connection.json")}
        if os.name == "posix":  # sockets in a private folder: nothing listens on the network
            options |= {"transport": "ipc", "ip": str(self._private / "k")}
        return AsyncKernelManager(
            kernel_name=self._name or "interpreter", kernel_spec_manager=OwnFirst(), autorestart=False, **options
        )

    def _env(self) -> dict[str, str]:
        """The user's own IPython profile and start-up files are not run: what runs is what was approved."""
        return {**self._environment, "IPYTHONDIR": str(self._private / "ipython")}

    async def _ready(self) -> None:
        """Until a shell reply and anything on iopub came: without the latter the first cell's output could be lost."""
        end = time.monotonic() + _START
        while time.monotonic() < end:
            if self.died.is_set():
                raise RunnerError(f"The kernel ended at its start (exit code {self.exit_code}). {self.log()}")
            answer = self.expect(self.client.kernel_info())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(answer, 1)
                await asyncio.wait_for(self._told.wait(), 0.5)
                return
        raise RunnerError(f"The kernel did not answer within {_START:.0f} seconds. {self.log()}")

    def expect(self, message_id: str) -> asyncio.Future[Message]:
        """The shell reply to the message of that id, when it comes."""
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[message_id] = future
        return future

    async def _read(self, channel: str, get: Callable[..., Any]) -> None:
        while True:
            try:
                message = await get(timeout=None)
            except Empty:
                continue
            if channel == "iopub":
                self._told.set()
            future = self._answers.pop(message["parent_header"].get("msg_id", ""), None) if channel == "shell" else None
            if future is not None and not future.done():
                future.set_result(message)
            self._received(channel, message)

    async def _watch(self) -> None:
        """Notice the end of the process: no message tells it."""
        assert self._manager is not None
        provisioner = self._manager.provisioner
        assert provisioner is not None
        while (code := await provisioner.poll()) is None:
            await self._until_exit(getattr(provisioner, "pid", None))
        self.exit_code = code
        self.died.set()

    async def _until_exit(self, pid: int | None) -> None:
        """Return when the process has ended (at once, through its pidfd, where the system has those), or may have."""
        if pid is None or not hasattr(os, "pidfd_open"):
            await asyncio.sleep(0.3)
            return
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            await asyncio.sleep(0.05)
            return
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)


def _import_client() -> None:
    """Import what a kernel needs, outside the event loop: it takes a quarter of a second."""
    import jupyter_client.asynchronous.client
    import jupyter_client.manager  # noqa: F401
