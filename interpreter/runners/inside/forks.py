"""What becomes of a process that a cell forked. A part of the launcher."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any


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
