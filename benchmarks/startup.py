"""What the way to the prompt costs beside `import prompt_toolkit, rich`, and how soon keys are shown while things load.

    python benchmarks/startup.py [RUNS]

CPU time is that of the whole process, bytecode compiled, the least of RUNS; keys are typed every 80 ms from the first
prompt on, while the session, litellm and the kernel load behind it, and each waits for its echo.
"""

from __future__ import annotations

import os
import pty
import resource
import select
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
SIGN = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}".encode()
PROGRAM = (sys.executable, "-m", "interpreter", "--model", "openai/none", "--api-base", "http://127.0.0.1:9/v1")
YARDSTICK = (sys.executable, "-c", "import prompt_toolkit, rich")
PYTHON = (sys.executable, "-c", "")


class Started:
    """A program on a pseudo-terminal."""

    def __init__(self, argv: Sequence[str], home: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            variables = {"PATH": os.environ["PATH"], "HOME": home, "INTERPRETER_HOME": home, "TERM": "xterm-256color"}
            os.chdir(ROOT)
            os.execve(argv[0], list(argv), {**variables, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)})  # noqa: S606

    def until(self, text: bytes, seconds: float = 30.0) -> None:
        """Read until `text` comes; answer what prompt_toolkit asks a terminal."""
        seen, deadline = b"", time.monotonic() + seconds
        while text not in seen:
            if not select.select([self.fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise SystemExit(f"{text!r} did not come; there was {seen!r}")
            seen += (piece := os.read(self.fd, 65536))
            if b"\x1b[6n" in piece:
                os.write(self.fd, b"\x1b[3;1R")

    def end(self) -> None:
        """End it at once."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def whole(argv: Sequence[str]) -> float:
    """Milliseconds of CPU of a program from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    os.waitpid(os.posix_spawn(argv[0], list(argv), dict(os.environ)), 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def to_prompt(home: str) -> tuple[float, float]:
    """Milliseconds of CPU, and of wall time, until the prompt is there.

    The process is stopped when the sign comes, so that what loads behind it is not counted.
    """
    begun = time.monotonic()
    program = Started(PROGRAM, home)
    program.until(SIGN)
    wall = time.monotonic() - begun
    os.kill(program.pid, signal.SIGSTOP)
    cpu = _exact(program)
    program.end()
    return cpu, 1000 * wall


def _exact(program: Started) -> float:
    """Milliseconds on a CPU from the scheduler's own count, which is finer than clock ticks."""
    threads = Path(f"/proc/{program.pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e6


def echoes(home: str, keys: int = 60) -> list[float]:
    """Milliseconds from each key to its echo, from the first prompt on."""
    program = Started(PROGRAM, home)
    program.until(SIGN)
    waits = []
    for number in range(keys):
        key = bytes([ord("a") + number % 26])
        begun = time.monotonic()
        os.write(program.fd, key)
        program.until(key)
        waits.append(1000 * (time.monotonic() - begun))
        time.sleep(max(0.0, 0.08 - (time.monotonic() - begun)))
    program.end()
    return sorted(waits)


def main(runs: int) -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as home:
        to_prompt(home)
        bare, yardstick = (min(whole(argv) for _ in range(runs)) for argv in (PYTHON, YARDSTICK))
        cpu, wall = (min(values) for values in zip(*(to_prompt(home) for _ in range(runs)), strict=True))
        waits = echoes(home)
    lines = (
        f"python alone                  {bare:6.0f} ms CPU",
        f"import prompt_toolkit, rich   {yardstick:6.0f} ms CPU",
        f"to the prompt                 {cpu:6.0f} ms CPU, {wall:.0f} ms in all: {cpu / yardstick:.2f} times",
        f"key to echo while it loads    median {statistics.median(waits):.1f} ms, 95th percentile "
        f"{waits[int(0.95 * len(waits))]:.1f} ms, worst {waits[-1]:.1f} ms of {len(waits)} keys",
    )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
