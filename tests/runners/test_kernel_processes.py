"""What becomes of a kernel's processes: its children, and the kernel when the program is gone. On real kernels."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runners.bench import STUBBORN, Bench, at, bench, status, text


def alive(pid: int) -> bool:
    """Whether a process of that id runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_children_of_the_kernel_end_with_it(mortal: Bench) -> None:
    code = "import os, subprocess\nchild = subprocess.Popen(['sleep', '600'])\nprint(child.pid, os.getpid())"
    child, own = map(int, text(mortal.run(code)).split())
    assert alive(child)
    mortal.do(mortal.runner.close())
    assert (alive(child), alive(own), mortal.runner.state) == (False, False, "absent")


APART = (
    "import os, subprocess\n"
    "grouped = 'set -m; sleep 600 & echo $!; wait'\n"
    "pipe = subprocess.Popen(['bash', '-c', grouped], stdout=subprocess.PIPE, text=True)\n"
    "away = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    "print(pipe.stdout.readline().strip(), pipe.pid, away.pid)"
)
"""Starts a process in a group of its own, by a shell with job control, and one in a session of its own."""


@pytest.mark.skipif(sys.platform == "win32", reason="sessions and groups")
@pytest.mark.parametrize("dies", [False, True])
def test_children_in_groups_of_their_own_end_too_and_those_in_sessions_of_their_own_stay(
    mortal: Bench, dies: bool
) -> None:
    grouped, shell, away = map(int, text(mortal.run(APART)).split())
    try:
        if dies:
            assert status(mortal.run("os._exit(0)")) == "died"
        else:
            mortal.do(mortal.runner.close())
        assert (alive(grouped), alive(shell), alive(away)) == (False, False, True)
    finally:
        os.kill(away, signal.SIGKILL)


def test_children_of_a_kernel_that_died_end_too(mortal: Bench) -> None:
    child = int(text(mortal.run("import os, subprocess\nprint(subprocess.Popen(['sleep', '600']).pid)")))
    assert status(mortal.run("os._exit(0)")) == "died"
    mortal.do(mortal.until(lambda: not alive(child)))


def test_children_of_a_kernel_that_died_between_two_cells_end_before_the_next(mortal: Bench) -> None:
    code = "import os, subprocess, threading\nprint(subprocess.Popen(['sleep', '600']).pid)"
    child = int(text(mortal.run(f"{code}\nthreading.Timer(0.2, os._exit, (4,)).start()")))
    mortal.do(mortal.until(lambda: mortal.runner.state == "dead"))
    mortal.do(mortal.until(lambda: not alive(child)))


def test_nothing_is_left_behind_after_a_close_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "t").mkdir()
    with bench(at(tmp_path / "work")) as made:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
        pid = int(text(made.run("import os\nprint(os.getpid())")))
        made.run(STUBBORN, stop_at="ready")
        made.do(made.runner.close())
        assert (alive(pid), list((tmp_path / "t").iterdir())) == (False, [])

        async def others() -> set[asyncio.Task[object]]:
            return asyncio.all_tasks() - {asyncio.current_task()}

        assert made.do(others()) == set()


KILLED = """
import os, sys
from pathlib import Path
from tests.runners.bench import at, bench, text
with bench(at(Path(sys.argv[1]))) as made:
    code = "import os, subprocess\\nprint(os.getpid(), subprocess.Popen(['sleep', '600']).pid)"
    print(text(made.run(code)), flush=True)
    os.kill(os.getpid(), 9)
"""
"""A program that is killed while its kernel and a child of that run."""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_kernel_and_its_children_end_when_the_program_is_killed(tmp_path: Path, mortal: Bench) -> None:
    argv = [sys.executable, "-c", KILLED, str(tmp_path / "work")]
    done = subprocess.run(argv, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = [int(pid) for pid in done.stdout.split()]
    assert len(left) == 2
    mortal.do(mortal.until(lambda: not any(alive(pid) for pid in left)))


def kernels_of(program: int) -> list[int]:
    """The processes that a program of that id started with our launcher."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = entry.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == program and b"launcher.py" in entry.joinpath("cmdline").read_bytes():
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_kernel_ends_too_when_the_program_is_killed_while_it_starts(tmp_path: Path, mortal: Bench) -> None:
    argv = [sys.executable, "-c", KILLED, str(tmp_path / "work")]
    with subprocess.Popen(argv, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL) as program:
        mortal.do(mortal.until(lambda: bool(kernels_of(program.pid))))
        (started,) = kernels_of(program.pid)
        program.kill()
    mortal.do(mortal.until(lambda: not alive(started)))
