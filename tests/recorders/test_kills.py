"""The measurement of what a kill loses, run small: nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_session_killed_at_random_moments_loses_nothing_that_was_shown_and_resumes() -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "kills.py"
    done = subprocess.run(
        [sys.executable, str(script), "--kills", "8"], capture_output=True, text=True, timeout=120, check=False
    )
    assert re.fullmatch(r"kills: 8; events compared: [1-9]\d*; losses: 0\n", done.stdout), done.stdout + done.stderr
