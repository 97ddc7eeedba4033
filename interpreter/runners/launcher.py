"""Starts ipykernel inside the kernel's process. Run as a file by path, by any Python from 3.8; never imported by us.

Faster than the stock launcher (no debugger, no history file), and nothing of the working folder is imported before the
first approved cell: the folder, and what PYTHONPATH names, join `sys.path` when that cell begins.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # the folder of this file, which cells have no business with

import asyncio
import codecs
import faulthandler
import functools
import json
import os
import select
import signal
import threading
import time
from contextlib import nullcontext, suppress
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.metadata import DistributionFinder, MetadataPathFinder
from importlib.util import spec_from_loader
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SETTLE = 0.5
"""Seconds the end of a cell may wait for what its child processes have already written."""
FULL = 1_000_000
"""Characters that may wait to be sent."""
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


class ProgressAsText:
    """Has `tqdm.auto` draw its bars as text: it takes any kernel's front end for a browser, where they would move."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of the module in which tqdm chooses how it draws."""
        return spec_from_loader(name, self) if name == "tqdm.autonotebook" else None  # type: ignore[arg-type]

    def create_module(self, _: Any) -> None:
        """An ordinary one."""

    def exec_module(self, module: Any) -> None:
        """Choose."""
        std: Any = import_module("tqdm.std")
        module.tqdm, module.trange = std.tqdm, std.trange


def threads_remember_their_cell(current: Callable[[], Any]) -> None:
    """Let a thread print under the cell that started it; who works for later cells too, under the cell that runs.

    These are a pool's workers, and a thread with an event loop, in which IPython reads what `%%bash` prints.
    """
    start = threading.Thread.start

    def remember(thread: Any) -> None:
        target = getattr(thread, "_target", None)
        if not str(getattr(target, "__module__", "")).startswith(("asyncio.", "concurrent.", "multiprocessing.")):
            thread.interpreter_cell = current()
        start(thread)

    threading.Thread.start = remember  # type: ignore[assignment,method-assign]


def bounded_class(plain: Any, limit: int) -> type:
    """A `plain` OutStream that sends of a cell little more than `limit` megabytes, and lets who prints fast wait."""

    class Bounded(plain):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **named: Any) -> None:
            self.unsent = 0
            self.counted: dict[Any, int] = {}
            self.full: set[Any] = set()
            super().__init__(*arguments, **named)

        def write(self, string: str) -> Any:
            if self.full and self.parent_header.get("msg_id") in self.full:
                return len(string)
            written = super().write(string)
            self.unsent += len(string)
            if self.unsent > FULL:
                self.hold()
            return written

        def hold(self) -> None:
            """Count a full portion for the cell that completed it, which is as exact as it is cheap, and wait."""
            cell = self.parent_header.get("msg_id")
            self.counted[cell] = self.counted.get(cell, 0) + self.unsent
            if self.counted[cell] > limit * 1_000_000:  # enough for the program to see that it is too much
                words = f"\n[A cell of this kernel prints {limit} MB at most. The rest is left out.]\n"
                super().write(words)  # for who joins it with a higher limit, or with none
                self.full.add(cell)
            self.flush()

        def _flush(self) -> None:
            self.unsent = 0
            super()._flush()

    return Bounded


def stream_class(plain: Any) -> type:
    """A `plain` OutStream that keeps characters whole, answers sooner, and knows which cell a thread belongs to."""
    found = getattr(plain, "parent_header", None)
    theirs = found if isinstance(found, property) else None  # before ipykernel 6.26 no thread is told from another

    class Stream(plain):  # type: ignore[misc]
        flush_interval = 0.05  # seconds; the first output comes after 63 ms, not 208

        @property
        def parent_header(self) -> Any:
            cell = getattr(threading.current_thread(), "interpreter_cell", None)
            if cell is None:
                cell = self.__dict__.get("current_cell", {}) if theirs is None else theirs.__get__(self)
            return cell

        @parent_header.setter
        def parent_header(self, value: Any) -> None:
            if theirs is None:
                self.current_cell = value
            else:
                theirs.__set__(self, value)

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

        def forked(self) -> None:
            """In a forked child: what is not sent yet is the parent's to send, and who held the lock is not here."""
            self._buffer_lock = threading.RLock()
            for name in ("_rotate_buffers", "_flush_buffer"):  # the second in older ones
                getattr(self, name, lambda: None)()

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


class Interrupts:
    """Lets an interrupt strike the code of a cell, never the kernel's own: there it could cost a reply, or the kernel.

    One that comes before the code begins strikes as it does; one that comes behind it is forgotten. A cell that awaits
    is cancelled, and the event loop woken for it, which ipykernel's own handler does not. `settle` is done behind each
    cell, and not struck either.
    """

    def __init__(self, kernel: Any, settle: Iterable[Callable[[], None]]) -> None:
        self._settle = settle
        self._due = False
        self._theirs: Any = signal.default_int_handler  # the handler while a cell runs, which may set its own
        self._execute, self._run, self._trigger = kernel.do_execute, kernel.shell.run_code, kernel.shell.events.trigger
        kernel.do_execute, kernel.shell.run_code = self._begin, self._statement
        kernel.shell.events.trigger = self._hooks
        kernel._cancel_on_sigint = lambda _: nullcontext()

    def _begin(self, *arguments: Any, **named: Any) -> Any:
        """A cell begins. The handler stays behind its reply, until ipykernel ignores the signal again."""
        self._due, self._theirs = False, signal.default_int_handler
        self._handle(self._later)
        return self._execute(*arguments, **named)

    def _later(self, *_: object) -> None:
        self._due = True

    async def _statement(self, code: Any, result: Any = None, *, async_: bool = False) -> Any:
        """Run one statement of a cell."""
        handler = self._canceller() if async_ and self._theirs is signal.default_int_handler else self._theirs
        before = self._handle(handler)
        try:
            if self._due:
                self._due, code, async_ = False, compile("raise KeyboardInterrupt", "<interrupt>", "exec"), False
            return await self._run(code, result, async_=async_)
        finally:
            if (left := self._handle(before)) is not handler:
                self._theirs = left

    def _canceller(self) -> Any:
        """The handler for a statement that awaits: raises in its code, and cancels it while it waits."""
        try:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
        except RuntimeError:  # another kind of loop
            return signal.default_int_handler

        def handler(*_: object) -> None:
            if task is None or asyncio.current_task() is task:
                raise KeyboardInterrupt
            loop.call_soon_threadsafe(task.cancel)

        return handler

    def _hooks(self, event: str, *arguments: Any, **named: Any) -> None:
        """What is done around a cell, such as drawing its figures, may take long."""
        if event == "post_execute":
            for settle in self._settle:
                settle()
        with suppress(KeyboardInterrupt):  # between two of them; each shows its own
            before = self._handle(signal.default_int_handler)
            try:
                self._trigger(event, *arguments, **named)
            finally:
                self._handle(before)

    def _handle(self, handler: Any) -> Any:
        """Let `handler` be the one for interrupts; the one before. Only the main thread has them."""
        if threading.current_thread() is not threading.main_thread():
            return handler
        before = signal.signal(signal.SIGINT, handler)
        return signal.default_int_handler if before is None else before  # None: one that Python does not know


def end_forked_children(shell: Any) -> None:
    """Let a child that a cell forked end where the cell does, else it would go on as a second kernel on our sockets.

    What it raises it prints, as the child of any program does: it is no error of the cell.
    """
    run, show = shell.run_cell_async, shell._showtraceback
    own = os.getpid()

    @functools.wraps(run)
    async def run_cell(*arguments: Any, **named: Any) -> Any:
        before, result = os.getpid(), None
        try:
            result = await run(*arguments, **named)
            return result
        finally:
            if os.getpid() != before:
                leave(0 if result is not None and result.success else 1)

    def show_traceback(kind: Any, error: Any, lines: Any) -> None:
        if os.getpid() == own:
            show(kind, error, lines)
        elif not isinstance(error, SystemExit):
            sys.stderr.write("\n".join(lines) + "\n")
        elif error.code is None or isinstance(error.code, int):
            leave((error.code or 0) & 0xFF)
        else:
            sys.stderr.write(f"{error.code}\n")
            leave(1)

    def leave(code: int) -> None:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)

    shell.run_cell_async, shell._showtraceback = run_cell, show_traceback


def limit_memory(megabytes: int | None) -> None:
    """Let an allocation beyond the limit fail as a MemoryError in the cell."""
    if megabytes is not None and sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024 * 1024, hard))


def tell_of_crashes() -> None:
    """Let a crash of C code say to the log in which line of the cell it came; a cell's output cannot take it any more.

    To be called while the standard error is still the log.
    """
    faulthandler.enable(os.dup(2), all_threads=False)


def end_with_the_program(poller: Any, parent: int) -> None:
    """Let the kernel's children end too when the program is gone, however that ended.

    `parent` was the parent as the kernel began. The program may have gone before: then that is whoever takes orphans.
    """
    program = int(os.environ.get("JPY_PARENT_PID") or 0)

    def watch() -> None:
        with suppress(ProcessLookupError):
            while os.getppid() == parent:
                os.kill(program, 0)
                time.sleep(1)
        os.killpg(0, signal.SIGKILL)

    if poller is not None and sys.platform != "win32" and os.getpgrp() == os.getpid():
        poller.run = watch


def main(plan: dict[str, Any], arguments: list[str]) -> None:
    """Serve the kernel until it is told to stop. `plan` is what `kernels.py` says; `arguments` are ipykernel's."""
    parent = os.getppid()
    if plan["borrowed"]:
        sys.meta_path.append(Borrowed(plan["borrowed"]))
    sys.meta_path.insert(0, ProgressAsText())
    tell_of_crashes()
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # a quarter of the start, and never used here
    from ipykernel import iostream
    from ipykernel.kernelapp import IPKernelApp

    bounded: Any = bounded_class(iostream.OutStream, plan["output_limit"])
    iostream.OutStream = stream_class(bounded)  # type: ignore[assignment,misc]
    app: Any = IPKernelApp.instance()
    app.initialize(arguments)
    sys.modules.pop("debugpy", None)
    told = {"source": "ask_exit", "keepkernel": True}
    app.shell.ask_exit = lambda: app.shell.payload_manager.write_payload(told)  # exit() in a cell ends no session
    open_folder_at_first_cell(app.shell.events, plan["python_path"])
    limit_memory(plan["memory_limit"])
    with suppress(AttributeError):  # an ipykernel of another time goes without what it has no place for
        improve(app, parent)
    app.start()


def improve(app: Any, parent: int) -> None:
    """Whose output is whose, interrupts that cost nothing, answers beside a cell, an end of forks and of itself."""
    streams: list[Any] = [stream for stream in (sys.stdout, sys.stderr) if hasattr(stream, "settle")]
    settle = [stream.settle for stream in streams]
    if hasattr(os, "register_at_fork"):
        for stream in streams:
            os.register_at_fork(before=stream.flush, after_in_child=stream.forked)
    if settle:
        threads_remember_their_cell(lambda: sys.__dict__["stdout"].parent_header)
    app.iopub_thread.socket.sndhwm = 0  # else what is said while the program is held up is dropped
    end_with_the_program(app.poller, parent)
    answer_inspections(app.kernel)
    Interrupts(app.kernel, settle)
    end_forked_children(app.shell)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
