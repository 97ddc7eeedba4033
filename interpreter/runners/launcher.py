"""Starts ipykernel inside the kernel's process. Run as a file by path, by any Python from 3.8; never imported by us.

Faster than the stock launcher (no debugger, no history file), and nothing of the working folder is imported before the
first approved cell: the folder, and what PYTHONPATH names, join `sys.path` when that cell begins.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # the folder of this file, which cells have no business with

import codecs
import json
import os
import select
import signal
import socket
import threading
import time
from importlib.machinery import PathFinder
from importlib.metadata import DistributionFinder, MetadataPathFinder
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SETTLE = 0.5
"""Seconds the end of a cell may wait for what its child processes have already written."""
LISTED = "matplotlib-inline"
"""Matplotlib looks for its backend, which draws into cells, among the entry points of all distributions."""


class Borrowed(DistributionFinder):
    """Finds the modules that the kernel itself needs and this Python lacks; the last that is asked, and for no other.

    `modules` maps each top-level name to the folder it lies in.
    """

    def __init__(self, modules: dict[str, str]) -> None:
        self._modules = modules

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of a borrowed top-level module; what lies inside one is found by Python's own finder."""
        folder = self._modules.get(name)
        return PathFinder.find_spec(name, [folder], target) if folder and path is None else None

    def find_distributions(self, context: Any = None) -> Iterable[Any]:
        """The metadata of one distribution by its name; of what is borrowed a listing of all shows `LISTED` alone."""
        name = (context.name if context is not None else None) or LISTED
        folders = sorted(set(self._modules.values()))
        return MetadataPathFinder.find_distributions(DistributionFinder.Context(name=name, path=folders))


def threads_remember_their_cell(current: Callable[[], Any]) -> None:
    """Let a thread print under the cell that started it; a pool's workers print under the cell that runs."""
    start = threading.Thread.start

    def remember(thread: Any) -> None:
        target = getattr(thread, "_target", None)
        if not str(getattr(target, "__module__", "")).startswith(("concurrent.", "multiprocessing.")):
            thread.interpreter_cell = current()
        start(thread)

    threading.Thread.start = remember  # type: ignore[assignment,method-assign]


def stream_class(plain: Any) -> type:
    """A `plain` OutStream that keeps characters whole, answers sooner, and knows which cell a thread belongs to."""

    class Stream(plain):  # type: ignore[misc]
        flush_interval = 0.05  # seconds; the first output comes after 63 ms, not 208

        @property
        def parent_header(self) -> Any:
            cell = getattr(threading.current_thread(), "interpreter_cell", None)
            return plain.parent_header.fget(self) if cell is None else cell

        @parent_header.setter
        def parent_header(self, value: Any) -> None:
            plain.parent_header.fset(self, value)

        def _watch_pipe_fd(self) -> None:
            """Pass on what is written to the descriptor by C code and child processes."""
            self.reading = threading.Lock()
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            while self._fid is not None:
                select.select([self._fid], [], [])
                with self.reading:
                    data = os.read(self._fid, 65536)
                    if not data or not self._should_watch:
                        return
                    self.write(decoder.decode(data))

        def settle(self) -> None:
            """Return when what was written to the descriptor so far has been passed on."""
            end = time.monotonic() + SETTLE
            while hasattr(self, "reading") and time.monotonic() < end:
                with self.reading:
                    if not select.select([self._fid], [], [], 0)[0]:
                        return
                time.sleep(0.001)

    return Stream


def open_folder_at_first_cell(events: Any, python_path: str | None) -> None:
    """Let cells import from the working folder and from PYTHONPATH, from the first one on."""

    def open_folder(*_: object) -> None:
        events.unregister("pre_run_cell", open_folder)
        sys.path[:0] = ["", *(python_path.split(os.pathsep) if python_path else [])]
        if python_path is not None:
            os.environ["PYTHONPATH"] = python_path

    events.register("pre_run_cell", open_folder)


def answer_inspections(kernel: Any) -> None:
    """Answer for the variables on the control channel: also while a cell runs, and without running any code in it."""
    report: Any = run_path(str(Path(__file__).with_name("inspected.py")))["report"]

    def inspect(stream: Any, ident: Any, parent: Any) -> None:
        content = {"status": "ok", "variables": report(kernel.shell.user_ns)}
        kernel.session.send(stream, "interpreter_variables_reply", content, parent, ident)

    kernel.control_handlers["interpreter_variables_request"] = inspect


def wake_at_signals() -> None:
    """Let the event loop wake at each signal: the handler that cancels a cell that awaits does not wake it."""
    from tornado.ioloop import IOLoop

    if sys.platform != "win32":
        read, written = socket.socketpair()

        def drained(*_: object) -> None:
            read.recv(4096)

        read.setblocking(False)
        written.setblocking(False)
        IOLoop.current().add_handler(read.fileno(), drained, IOLoop.READ)
        signal.set_wakeup_fd(written.detach(), warn_on_full_buffer=False)


def limit_memory(megabytes: int | None) -> None:
    """Let an allocation beyond the limit fail as a MemoryError in the cell."""
    if megabytes is not None and sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024 * 1024, hard))


def end_with_the_program(poller: Any) -> None:
    """Let the kernel's children end too when the program is gone, however that ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.killpg(0, signal.SIGKILL)

    if poller is not None and sys.platform != "win32" and os.getpgrp() == os.getpid():
        poller.run = watch


def main(plan: dict[str, Any], arguments: list[str]) -> None:
    """Serve the kernel until it is told to stop. `plan` is what `kernels.py` says; `arguments` are ipykernel's."""
    if plan["borrowed"]:
        sys.meta_path.append(Borrowed(plan["borrowed"]))
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # a quarter of the start, and never used here
    from ipykernel import iostream
    from ipykernel.kernelapp import IPKernelApp

    iostream.OutStream = stream_class(iostream.OutStream)  # type: ignore[assignment,misc]
    app: Any = IPKernelApp.instance()
    app.initialize(arguments)
    sys.modules.pop("debugpy", None)
    told = {"source": "ask_exit", "keepkernel": True}
    app.shell.ask_exit = lambda: app.shell.payload_manager.write_payload(told)  # exit() in a cell ends no session
    events = app.shell.events
    open_folder_at_first_cell(events, plan["python_path"])
    if hasattr(sys.stdout, "settle"):
        events.register("post_execute", sys.stdout.settle)
        events.register("post_execute", sys.stderr.settle)  # type: ignore[union-attr]
        threads_remember_their_cell(lambda: sys.__dict__["stdout"].parent_header)
    answer_inspections(app.kernel)
    wake_at_signals()
    end_with_the_program(app.poller)
    limit_memory(plan["memory_limit"])
    app.start()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
