"""What is collected where: the terminal of POSIX systems is not there on Windows, nor are the tests that sit at it."""

from __future__ import annotations

import sys

collect_ignore = ["pty", "repl/test_approval.py", "recorders/test_journal.py"] if sys.platform == "win32" else []
