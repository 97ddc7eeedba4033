"""What a kernel wrote outside any cell, as far as it explains its end. Writes nothing."""

from __future__ import annotations

import re
from pathlib import Path

NAME = "kernel.log"
_MOST = 1500
"""Characters of the end that are told."""
_MACHINERY = re.compile(r'\n  File "[^\n]*interactiveshell\.py", line \d+ in run_code\n.*', re.DOTALL)
"""Where the stack of a crash goes on below the cell."""
_CELL = re.compile(r'File "[^"\n]*[/\\]ipykernel_\d+[/\\]\d+\.py"')


def end(folder: Path) -> str:
    """The end of the log in `folder`; of a crash where in the cell it came; empty if there is no log."""
    try:
        text = (folder / NAME).read_text(errors="replace")
    except OSError:
        return ""
    return _CELL.sub("The cell", _MACHINERY.sub("", text))[-_MOST:].strip()
