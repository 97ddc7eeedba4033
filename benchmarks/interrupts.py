"""Many cells with interrupts at random moments: nothing may hang, land under the wrong cell, or be left behind.

    python benchmarks/interrupts.py [CELLS] [SEED]

Exits with 1 if anything did. Each cell prints its own number only, so a line under another cell is seen at once.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from interpreter.runners.environment import workplace
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.kernels import LocalKernels
from interpreter.seams import Asked, Ended, Happening, Produced, Restarted
from interpreter.stop import Stop

KINDS = (
    "import time\nwhile True:\n    print('<{n}>')\n    time.sleep(0.001)",
    "while True:\n    print('<{n}>', flush=True)",
    "print('<{n}>')\nimport time\ntime.sleep(60)",
    "import asyncio\nprint('<{n}>')\nawait asyncio.sleep(60)",
    "import asyncio\nprint('<{n}>')\nfor _ in range(50): await asyncio.sleep(0.001)",
    "import asyncio\nawait asyncio.sleep(0)\nprint('<{n}>')\nwhile True: pass",
    "async def spin():\n    print('<{n}>')\n    while True: pass\nawait spin()",
    "import subprocess\nprint('<{n}>')\nsubprocess.run(['sleep', '60'])",
    "import os\nos.system('echo \"<{n}>\"; sleep 60')",
    "!echo '<{n}>'; sleep 60",
    "print('<{n}>')\nsum(range(3 * 10**7))",
    "print('<{n}>')\n{n}",
    "print('<{n}>')\n1 / 0",
    "print(input('<{n}>'))",
    "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print('<{n}>'))).start()",
    "import time\ntry:\n    print('<{n}>')\n    time.sleep(60)\nexcept BaseException:\n    time.sleep(60)",
)
LONGEST = 30.0
"""Seconds a cell may take before it counts as hanging: the whole ladder, a new start, and a busy machine."""


@dataclass(slots=True)
class Tally:
    """What was seen."""

    cells: int = 0
    wrong: list[str] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    slowest: float = 0.0


def foreign(happenings: Sequence[Happening], number: int) -> list[str]:
    """The marks of other cells in what this one produced."""
    words = "".join(str(h.data.get("text/plain", "")) for h in happenings if isinstance(h, Produced))
    marks = {piece.partition(">")[0] for piece in words.split("<")[1:] if piece.partition(">")[0].isdigit()}
    return sorted(marks - {str(number)})


async def one(runner: JupyterRunner, code: str, after: float, *, types: bool) -> tuple[list[Happening], float]:
    """What a cell brings that is stopped `after` seconds, and how long it took to end from then on."""
    stop, seen = Stop(), []
    stopped = time.monotonic() + after
    asyncio.get_running_loop().call_later(after, stop.set)
    async with aclosing(runner.run(code, stop)) as happenings:
        async for happening in happenings:
            seen.append(happening)
            if isinstance(happening, Asked) and types:
                await runner.answer("typed")
    return seen, max(0.0, time.monotonic() - stopped)


async def stress(cells: int, seed: int) -> Tally:
    """Run `cells` cells of random kinds, each stopped at a random moment."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        place = workplace(folder=folder, environment=os.environ, cache=Path(folder) / "cache", python=sys.executable)
        runner = JupyterRunner(kernels=LocalKernels(workplace=place), interactive=True, late=lambda _: None)
        try:
            for number in range(cells):
                code = chance.choice(KINDS).format(n=number)
                after = chance.choice((0.0, 0.001, 0.02, 0.1, 0.3)) * chance.random()
                work = one(runner, code, after, types=chance.random() < 0.5)
                while runner.state == "busy" and number % 5:  # noqa: ASYNC110 - every fifth cell does not wait
                    await asyncio.sleep(0.01)
                try:
                    seen, seconds = await asyncio.wait_for(work, LONGEST)
                except TimeoutError:
                    tally.wrong.append(f"cell {number} hangs: {code!r}")
                    break
                tally.cells += 1
                tally.slowest = max(tally.slowest, seconds)
                tally.restarts += sum(isinstance(happening, Restarted) for happening in seen)
                if not isinstance(seen[-1], Ended):
                    tally.wrong.append(f"cell {number} has no end")
                    continue
                tally.statuses[seen[-1].status] = tally.statuses.get(seen[-1].status, 0) + 1
                if others := foreign(seen, number):
                    tally.wrong.append(f"cell {number} shows output of {', '.join(others)}: {code!r}")
        finally:
            await runner.close()
        tally.wrong += [f"left behind: {command}" for command in orphans(folder)]
    return tally


def orphans(folder: str) -> list[str]:
    """Processes that still run in `folder`, where all that the cells started has run."""
    found = []
    for entry in Path("/proc").iterdir() if Path("/proc/self").exists() else ():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == Path(folder).resolve():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def main(cells: int = 200, seed: int = 1) -> int:
    """Run the stress and print what was seen."""
    since = time.monotonic()
    tally = asyncio.run(stress(cells, seed))
    ends = ", ".join(f"{count} {status}" for status, count in sorted(tally.statuses.items()))
    sys.stdout.write(
        f"{tally.cells} cells in {time.monotonic() - since:.0f} s: {ends}; {tally.restarts} restarts; "
        f"slowest end after its stop {tally.slowest:.2f} s\n"
    )
    sys.stdout.writelines(f"WRONG: {words}\n" for words in tally.wrong)
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
