"""What the shell costs beside a bare pipe: `true` a hundred times, and a million lines.

The pipe is `subprocess.run(["bash", "-c", ...])`, a new process for each command and no terminal; ours is one shell on
a pseudo-terminal whose output is decoded, taken apart and handed on. CPU is our own process's, without its children.

    python benchmarks/shell.py [--lines 1000000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from interpreter.runners.environment import for_code
from interpreter.runners.shell import ShellRunner
from interpreter.seams import Produced
from interpreter.stop import Stop

TIMES = 100


def cpu() -> float:
    """Seconds of CPU that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def piped(command: str) -> int:
    """Run `command` the bare way; how many bytes it printed."""
    return len(subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout)


def fastest(work: Callable[[], object], times: int) -> float:
    """The least seconds that `work` took."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


async def cell(shell: ShellRunner, command: str) -> tuple[int, int]:
    """Run `command` as a cell; how many characters and pieces of output came."""
    sizes = [
        len(str(happening.data["text/plain"]))
        async for happening in shell.run(command, Stop())
        if isinstance(happening, Produced)
    ]
    return sum(sizes), len(sizes)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    flood = f"seq {parser.parse_args().lines}"
    with asyncio.Runner() as loop:
        shell = ShellRunner(
            folder=str(Path.cwd()), environment=for_code(os.environ), interactive=False, late=lambda _: None
        )
        began = time.perf_counter()
        loop.run(cell(shell, "true"))
        start = time.perf_counter() - began
        ours = fastest(lambda: loop.run(cell(shell, "true")), TIMES)
        bare = fastest(lambda: piped("true"), TIMES)
        used, began = cpu(), time.perf_counter()
        size, pieces = loop.run(cell(shell, flood))
        took, used = time.perf_counter() - began, cpu() - used
        pipe = fastest(lambda: piped(flood), 3)
        loop.run(shell.close())
    lines = (
        f"start and first cell     {start * 1000:8.1f} ms",
        f"true                     {ours * 1000:8.2f} ms   pipe {bare * 1000:.2f} ms   ratio {ours / bare:.2f}",
        f"{flood:24} {took:8.2f} s    pipe {pipe:.2f} s    ratio {took / pipe:.1f}",
        f"  of which our CPU       {used:8.2f} s    {size / 1e6:.1f} MB in {pieces} pieces",
    )
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()
