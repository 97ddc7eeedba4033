"""What a kernel of ours costs: its start, one round trip, and a million printed lines.

    python benchmarks/kernel.py

Each figure stands beside the floor it is measured against: `python -c`, and a bare Jupyter client of the same kernel.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from interpreter.runners.environment import workplace
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.kernels import LocalKernels
from interpreter.seams import Happening, Produced
from interpreter.stop import Stop

ROUNDS = 200
LINES = 1_000_000


async def cell(runner: JupyterRunner, code: str) -> list[Happening]:
    """What a cell brings."""
    async with aclosing(runner.run(code, Stop())) as happenings:
        return [happening async for happening in happenings]


def text(happenings: list[Happening]) -> str:
    """What was produced, as text."""
    return "".join(str(h.data.get("text/plain", "")) for h in happenings if isinstance(h, Produced))


def plain(times: int = 10) -> float:
    """Seconds of `python -c 'print(1)'`, the least of some."""
    return min(timed([sys.executable, "-c", "print(1)"]) for _ in range(times))


def timed(command: list[str]) -> float:
    """Seconds that a command takes."""
    since = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - since


async def start(runner: JupyterRunner, times: int = 5) -> float:
    """Seconds from nothing to the first result, the least of some; our own imports are done before."""
    await cell(runner, "1")
    seconds = []
    for _ in range(times):
        await runner.close()
        since = time.perf_counter()
        await cell(runner, "1")
        seconds.append(time.perf_counter() - since)
    return min(seconds)


async def round_trips(runner: JupyterRunner) -> list[float]:
    """Seconds of each of many cells."""
    await cell(runner, "1")
    seconds = []
    for _ in range(ROUNDS):
        since = time.perf_counter()
        await cell(runner, "1")
        seconds.append(time.perf_counter() - since)
    return seconds


def bare_round_trips(folder: str) -> list[float]:
    """The same by a client that only waits for the idle message and the reply, on ipykernel as it comes."""
    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager

    manager = KernelManager(transport="ipc", ip=str(Path(folder) / "k"))
    manager.start_kernel(cwd=folder)
    client: BlockingKernelClient = manager.client()
    client.start_channels(hb=False)
    client.wait_for_ready()
    seconds = []
    for _ in range(ROUNDS):
        since = time.perf_counter()
        asked = client.execute("1", allow_stdin=False)
        while True:
            message = client.get_iopub_msg()
            ours = message["parent_header"].get("msg_id") == asked
            if ours and message["content"].get("execution_state") == "idle":
                break
        client.get_shell_msg()
        seconds.append(time.perf_counter() - since)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return seconds


async def flood(runner: JupyterRunner) -> tuple[float, float, float]:
    """Wall seconds of a million lines, and CPU seconds of the kernel and of this process for them."""
    clock = "import resource\nprint(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))"
    before = float(text(await cell(runner, clock)))
    own = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    since = time.perf_counter()
    happenings = await cell(runner, f"for n in range({LINES}):\n    print(n)")
    wall = time.perf_counter() - since
    own = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - own
    lines = text(happenings).count("\n")
    if lines != LINES:
        raise SystemExit(f"{lines} lines of {LINES} came")
    return wall, float(text(await cell(runner, clock))) - before, own


async def measure() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="k") as folder:
        place = workplace(folder=folder, environment=os.environ, cache=Path(folder) / "cache", python=sys.executable)
        runner = JupyterRunner(kernels=LocalKernels(workplace=place), interactive=False, late=lambda _: None)
        try:
            first, floor = await start(runner), plain()
            say(f"start to first result  {first * 1000:6.0f} ms   python -c {floor * 1000:.0f} ms")
            ours, bare = await round_trips(runner), await asyncio.to_thread(bare_round_trips, folder)
            for name, pick in (("least", min), ("median", statistics.median)):
                mine, other = pick(ours), pick(bare)
                beside = f"bare client {other * 1000:.2f} ms: {mine / other:.2f}x"
                say(f"round trip, {name:<6}     {mine * 1000:6.2f} ms   {beside}")
            wall, kernel, own = await flood(runner)
            share = f"kernel {kernel:.2f} s, ours {own:.2f} s: {own / kernel:.1%}"
            say(f"a million lines        {wall:6.2f} s    CPU: {share}")
        finally:
            await runner.close()


def say(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    asyncio.run(measure())
