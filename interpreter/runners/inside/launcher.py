"""Starts ipykernel inside the kernel's process. Run as a file by path, by any Python from 3.8; never imported by us.

Faster than the stock launcher (no debugger, no history file), and nothing of the working folder is imported before the
first approved cell: the folder, and what PYTHONPATH names, join `sys.path` when that cell begins.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # the folder of this file, which cells have no business with

import faulthandler
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any


def part(name: str) -> SimpleNamespace:
    """What the file `name` beside this one defines. An import would leave that name among the user's modules."""
    return SimpleNamespace(**run_path(str(Path(__file__).with_name(f"{name}.py"))))


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
    report = part("inspected").report

    def inspect(stream: Any, ident: Any, parent: Any) -> None:
        content = {"status": "ok", "variables": report(kernel.shell.user_ns)}
        kernel.session.send(stream, "interpreter_variables_reply", content, parent, ident)

    kernel.control_handlers["interpreter_variables_request"] = inspect


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
    lending, streams = part("lending"), part("streams")
    if plan["borrowed"]:
        sys.meta_path.append(lending.Borrowed(plan["borrowed"]))
    sys.meta_path.insert(0, lending.ProgressAsText())
    tell_of_crashes()
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # a quarter of the start, and never used here
    from ipykernel import iostream
    from ipykernel.kernelapp import IPKernelApp

    bounded = streams.bounded_class(iostream.OutStream, plan["output_limit"])
    iostream.OutStream = streams.stream_class(bounded)  # type: ignore[misc]
    app: Any = IPKernelApp.instance()
    app.initialize(arguments)
    sys.modules.pop("debugpy", None)
    told = {"source": "ask_exit", "keepkernel": True}
    app.shell.ask_exit = lambda: app.shell.payload_manager.write_payload(told)  # exit() in a cell ends no session
    open_folder_at_first_cell(app.shell.events, plan["python_path"])
    limit_memory(plan["memory_limit"])
    with suppress(AttributeError):  # an ipykernel of another time goes without what it has no place for
        improve(app, parent, streams)
    app.start()


def improve(app: Any, parent: int, streams: Any) -> None:
    """Whose output is whose, interrupts that cost nothing, answers beside a cell, an end of forks and of itself."""
    ours: list[Any] = [stream for stream in (sys.stdout, sys.stderr) if hasattr(stream, "settle")]
    if hasattr(os, "register_at_fork"):
        for stream in ours:
            os.register_at_fork(before=stream.flush, after_in_child=stream.forked)
    if ours:
        streams.threads_remember_their_cell(lambda: ours[0].parent_header)
    app.iopub_thread.socket.sndhwm = 0  # else what is said while the program is held up is dropped
    end_with_the_program(app.poller, parent)
    answer_inspections(app.kernel)
    part("interrupts").Interrupts(app.kernel, [stream.settle for stream in ours])
    part("forks").end_forked_children(app.shell)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
