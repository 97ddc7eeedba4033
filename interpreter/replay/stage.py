"""Where a notebook runs again: fresh runners, here or on a server, and Ctrl-C as their stop. Runs nothing itself."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from interpreter.notebooks.document import PYTHON, Json
from interpreter.notebooks.opening import kernelspec
from interpreter.runners.environment import workplace
from interpreter.runners.languages import LocalRunners, Table, row_from_table
from interpreter.seams import Runners
from interpreter.settings import Settings
from interpreter.stop import Stop

if TYPE_CHECKING:
    from interpreter.runners.remote_languages import RemoteRunners


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Fresh runners, and the stop that Ctrl-C sets."""

    runners: Runners
    stop: Stop


@asynccontextmanager
async def stage(
    document: Json, settings: Settings, *, folder: str, environment: Mapping[str, str], cache: Path
) -> AsyncGenerator[Stage, None]:
    """Runners in `folder`, or on the server of `settings`, with the kernel that `settings` or else `document` names.

    All are ended at the end.
    What the recorded run was asked, it was asked of a person: so the runners are told that lines can be typed.
    """
    named = kernelspec(document).get("name")
    wanted = settings.kernel or (None if named == PYTHON.name else named)
    runners: Table
    if settings.gateway is not None:
        runners = await _there(settings.gateway, settings, wanted, environment)
    else:
        place = workplace(
            folder=folder,
            environment=environment,
            cache=cache,
            python=settings.python,
            memory_limit=settings.memory_limit,
            output_limit=settings.output_limit,
        )
        own = tuple(row_from_table(name, table) for name, table in settings.languages.items())
        runners = LocalRunners(place=place, interactive=True, kernel=wanted, own=own)
    stop = Stop()
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(stop.set))
    try:
        yield Stage(runners=runners, stop=stop)
    finally:
        signal.signal(signal.SIGINT, before)
        await runners.close()


async def _there(url: str, settings: Settings, wanted: str | None, environment: Mapping[str, str]) -> RemoteRunners:
    """The runners of the server at `url`."""
    from interpreter.runners.address import address
    from interpreter.runners.gateway import Gateway, variables
    from interpreter.runners.remote_languages import RemoteRunners

    gateway = Gateway(address(url, environment), variables(environment))
    try:
        return RemoteRunners(
            gateway=gateway,
            specs=await gateway.kernelspecs(),
            interactive=True,
            output_limit=settings.output_limit,
            kernel=wanted,
        )
    except BaseException:
        await gateway.close()
        raise
