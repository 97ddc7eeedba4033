"""What a Jupyter server between program and kernel costs: time to first result, round trips, floods; and memory a user.

    python benchmarks/remote.py [CELLS]

Local and remote cells alternate, so that both meet the same load; the least of CELLS is the cost, the median the
mood of the machine. Memory is what the processes have for themselves (USS) with nothing imported by cells. Linux.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from interpreter.runners.address import Address
from interpreter.runners.environment import workplace
from interpreter.runners.gateway import Gateway
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.kernels import Kernels, LocalKernels
from interpreter.runners.remote import RemoteKernels
from interpreter.seams import Produced
from interpreter.stop import Stop
from tests.runners.servers import TOKEN, jupyter_server

LINES = 100_000
MEGABYTES = 10


def runner(kernels: Kernels) -> JupyterRunner:
    """A runner over these kernels, with room for floods."""
    return JupyterRunner(kernels=kernels, interactive=False, late=lambda _: None)


async def ran(on: JupyterRunner, code: str) -> tuple[float, str]:
    """Seconds that a cell takes, and the text it printed."""
    begun = time.perf_counter()
    async with aclosing(on.run(code, Stop())) as happenings:
        text = [str(one.data.get("text/plain", "")) async for one in happenings if isinstance(one, Produced)]
    return time.perf_counter() - begun, "".join(text)


def own(pid: int) -> float:
    """Megabytes that the process has for itself."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_")) / 1000


async def measured(url: str, folder: str, cells: int) -> list[str]:
    """The figures."""
    place = workplace(folder=folder, environment=os.environ, cache=Path(folder))
    gateway = Gateway(Address(url=url, token=TOKEN))
    sides = {
        "local": runner(LocalKernels(workplace=place)),
        "remote": runner(RemoteKernels(gateway=gateway, name="python3")),
    }
    first = {name: (await ran(side, "6 * 7"))[0] for name, side in sides.items()}
    trips: dict[str, list[float]] = {name: [] for name in sides}
    cpu = dict.fromkeys(sides, 0.0)
    for _ in range(cells):
        for name, side in sides.items():
            before = time.process_time()
            trips[name].append(1000 * (await ran(side, "1"))[0])
            cpu[name] += 1000 * (time.process_time() - before) / cells
    pids = {name: int((await ran(side, "import os; print(os.getpid())"))[1]) for name, side in sides.items()}
    memory = {name: own(pid) for name, pid in pids.items()}
    lines = {name: await ran(side, f"for i in range({LINES}): print(i)") for name, side in sides.items()}
    whole = f"from IPython.display import Image; Image(os.urandom({MEGABYTES} * 750_000), format='png')"
    pictures = {name: (await ran(side, whole))[0] for name, side in sides.items()}
    for side in sides.values():
        await side.close()
    await gateway.close()
    least = {name: min(values) for name, values in trips.items()}
    return [
        *(f"{name:6}  start to first result  {first[name]:6.2f} s" for name in sides),
        *(
            f"{name:6}  round trip             {least[name]:6.1f} ms at least, "
            f"{statistics.median(values):.1f} ms in the median, {cpu[name]:.1f} ms CPU of ours"
            for name, values in trips.items()
        ),
        f"        remote is {least['remote'] / least['local']:.1f} times local",
        *(
            f"{name:6}  {LINES} lines           {seconds:6.2f} s, {text.count(chr(10))} came"
            for name, (seconds, text) in lines.items()
        ),
        *(f"{name:6}  a picture of {MEGABYTES} MB     {seconds:6.2f} s" for name, seconds in pictures.items()),
        *(f"{name:6}  memory of the kernel   {megabytes:6.1f} MB" for name, megabytes in memory.items()),
    ]


def server_pid(folder: Path) -> int:
    """The server's process."""
    return int(next((folder / "server" / "run").glob("jpserver-*.json")).stem.partition("-")[2])


def main(cells: int) -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with jupyter_server(folder / "server") as url:
            idle = own(server_pid(folder))
            lines = asyncio.run(measured(url, place, cells))
            lines.append(
                f"server  memory                 {idle:6.1f} MB idle, {own(server_pid(folder)):.1f} MB afterwards"
            )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
