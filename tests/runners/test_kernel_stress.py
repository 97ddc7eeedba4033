"""A short run of the stress in `benchmarks/interrupts.py`: random cells, stopped at random moments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("seed", ["1", "2"])
def test_random_interrupts_hang_nothing_mix_nothing_up_and_leave_nothing_behind(seed: str) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "interrupts.py"
    done = subprocess.run([sys.executable, str(script), "12", seed], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith("12 cells in ")
