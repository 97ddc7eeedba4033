"""Cuts the connection to a remote kernel at random moments and looks for what was lost. Ends with the counts.

A wire lies between the program and a real Jupyter server. It is cut without a word, is deaf or mute before that, or
stays down for a while. What each cell printed and displayed must come whole, in order and once, and its value last.

    python benchmarks/cuts.py [--seconds 60] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from interpreter.runners.address import Address
from interpreter.runners.gateway import Gateway
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.remote import RemoteKernels
from interpreter.seams import Produced
from interpreter.stop import Stop
from tests.runners.servers import TOKEN, Wire, jupyter_server


async def ran(runner: JupyterRunner, code: str) -> str:
    """All that a cell says."""
    async with aclosing(runner.run(code, Stop())) as happenings:
        return "".join([str(one.data.get("text/plain", "")) async for one in happenings if isinstance(one, Produced)])


def cell(number: int, chance: random.Random) -> tuple[str, str]:
    """The code of a cell, and what it must say."""
    lines = chance.choice([0, 1, 20, 400, 4000])
    pause = chance.choice([0, 0, 0.001, 0.01]) if lines < 4000 else 0
    code = f"""
for line in range({lines}):
    print({number}, line)
    if {pause}:
        time.sleep({pause})
    if line % 97 == 5:
        display({{"text/plain": f"<{{line}}>"}}, raw=True)
{number}"""
    said = "".join(f"{number} {line}\n" + (f"<{line}>" if line % 97 == 5 else "") for line in range(lines))
    return code, f"{said}{number}"


async def cutting(wire: Wire, chance: random.Random, moments: list[float]) -> None:
    """Cut the wire now and then; the moments are noted."""
    while True:
        await asyncio.sleep(chance.uniform(0, 1.2))
        if chance.random() < 0.3:
            wire.deaf, wire.mute = chance.random() < 0.5, chance.random() < 0.3
            await asyncio.sleep(chance.uniform(0, 0.3))
        wire.down = chance.random() < 0.3
        wire.cut()
        moments.append(time.monotonic())
        if wire.down:
            await asyncio.sleep(chance.uniform(0, 0.6))
            wire.down = False


async def measured(url: str, seconds: float, chance: random.Random) -> str:
    """The counts."""
    wire = Wire(url)
    moments: list[float] = []
    cells = characters = wrong = 0
    gateway = Gateway(Address(url=await wire.lay(), token=TOKEN))
    runner = JupyterRunner(
        kernels=RemoteKernels(gateway=gateway, name="python3"), interactive=False, late=lambda _: None
    )
    await ran(runner, "import time\nfrom IPython.display import display")
    cutter = asyncio.create_task(cutting(wire, chance, moments))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        code, said = cell(cells, chance)
        wrong += await asyncio.wait_for(ran(runner, code), 120) != said
        cells, characters = cells + 1, characters + len(said)
    cutter.cancel()
    await asyncio.gather(cutter, return_exceptions=True)
    await runner.close()
    await gateway.close()
    await wire.close()
    return f"{len(moments)} cuts in {cells} cells with {characters:,} characters: {wrong} cells not whole"


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, jupyter_server(Path(folder)) as url:
        told = asyncio.run(measured(url, given.seconds, random.Random(given.seed)))  # noqa: S311 - nothing secret
        sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
