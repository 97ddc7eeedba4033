"""A server that cannot be reached for a while: the user is told why nothing comes, and an interrupt costs no kernel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from interpreter.runners.address import Address
from interpreter.runners.gateway import Gateway
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.remote import RemoteKernels
from interpreter.seams import Produced
from interpreter.stop import Stop
from tests.runners.bench import happenings_of, status, text
from tests.runners.servers import TOKEN, Wire, jupyter_server

LADDER = 6.0
"""Seconds after which a cell that does not react to interrupts has cost its kernel."""


@asynccontextmanager
async def behind_a_wire(folder: Path) -> AsyncIterator[tuple[JupyterRunner, Wire, str, list[Produced]]]:
    """A Python of a server, ready; the wire to it and its address; and what comes late."""
    late: list[Produced] = []
    with jupyter_server(folder) as server:
        wire = Wire(server)
        url = await wire.lay()
        gateway = Gateway(Address(url=url, token=TOKEN))
        kernels = RemoteKernels(gateway=gateway, name="python3")
        runner = JupyterRunner(kernels=kernels, interactive=False, late=late.append)
        try:
            await happenings_of(runner, "import time; from pathlib import Path; kept = 42")
            yield runner, wire, url, late
        finally:
            await runner.close()
            await gateway.close()
            await wire.close()


async def until(said: Callable[[], bool]) -> None:
    """Return when `said` becomes true; whoever runs this has a limit."""
    while not said():  # noqa: ASYNC110 - a wire does not set our events
        await asyncio.sleep(0.01)


def test_a_running_cell_tells_once_that_nobody_answers_and_ends_when_the_server_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(120), behind_a_wire(tmp_path) as (runner, wire, url, _):
            seen = []
            wait = "print('begun', flush=True)\nwhile not Path('go').exists(): time.sleep(0.01)\nprint('end')"
            async with aclosing(runner.run(wait, Stop())) as happened:
                async for happening in happened:
                    seen.append(happening)
                    if "begun" in text([happening]):
                        wire.down = True
                        wire.cut()
                    if "Nobody answers" in text([happening]):
                        wire.down = False
                        (tmp_path / "files" / "go").touch()
            assert (text(seen, "stdout"), status(seen)) == ("begun\nend\n", "ok")
            told = text(seen, "stderr")
            assert told.startswith(f"[Nobody answers at {url} (")
            assert told.endswith(". It is tried again for five minutes.]\n")
            assert told.count("\n") == 1

    asyncio.run(story())


def test_an_interrupt_that_cannot_reach_the_server_waits_for_it_and_costs_no_variables(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(120), behind_a_wire(tmp_path) as (runner, wire, _, late):
            stop, clock = Stop(), asyncio.get_running_loop().time
            async with aclosing(runner.run("print('begun', flush=True)\ntime.sleep(100)", stop)) as happened:
                async for happening in happened:
                    if "begun" in text([happening]):
                        wire.down = True
                        wire.cut()
                        stop.set()
            over = clock() + LADDER  # away for longer than that; nothing tells of what must not happen
            await until(lambda: "Nobody answers" in text(late) and clock() > over)
            wire.down = False
            assert text(await happenings_of(runner, "kept")) == "42"

    asyncio.run(story())
