"""What becomes of a process that a cell forked. A part of the launcher."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
import threading
from contextlib import suppress
from typing import Any


def end_forked_children(shell: Any) -> None:
    """Let a child that a cell forked end where the cell does, else it would go on as a second kernel on our sockets.

    One that is forked between cells, by a callback or a task, ends with its turn of the event loop. What it raises it
    prints, as the child of any program does: it is no error of the cell.
    """
    run, show = shell.run_cell_async, shell._showtraceback
    own, thread = os.getpid(), threading.get_ident()
    cells = 0  # that run
    loop: Any = None  # in which the last fork came

    @functools.wraps(run)
    async def run_cell(*arguments: Any, **named: Any) -> Any:
        nonlocal cells
        before, result = os.getpid(), None
        cells += 1
        try:
            result = await run(*arguments, **named)
            return result
        finally:
            cells -= 1
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

    def before_fork() -> None:
        """Look for the loop now: in a child Python denies that one runs."""
        nonlocal loop
        if threading.get_ident() == thread:
            loop = None
            with suppress(RuntimeError):
                loop = asyncio.get_running_loop()

    def in_child() -> None:
        if threading.get_ident() == thread and loop is not None and not cells:
            loop.call_soon(leave, 0)

    def leave(code: int) -> None:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)

    shell.run_cell_async, shell._showtraceback = run_cell, show_traceback
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before_fork, after_in_child=in_child)
