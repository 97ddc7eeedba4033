"""`python -m interpreter` and the command `interpreter`: runs the command line and leaves with its exit code."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run, flush, and end the process at once: tearing down a model library takes a second that nobody needs."""
    _reopen()
    from interpreter.cli import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 141
    os._exit(code)


def _reopen() -> None:
    """Lead nowhere what was closed before the start (`>&-`): the first file opened would else be taken for it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: the closed one's
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8"))


if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # `python -m` puts the working folder there, whose files nobody approved
    main()
