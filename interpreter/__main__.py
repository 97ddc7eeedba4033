"""`python -m interpreter` and the command `interpreter`: runs the command line and leaves with its exit code."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run, flush, and end the process at once: tearing down a model library takes a second that nobody needs."""
    from interpreter.cli import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            code = code or 141
    os._exit(code)


if __name__ == "__main__":
    main()
