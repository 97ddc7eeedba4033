"""Where a notebook runs again: fresh runners of this machine, and Ctrl-C as their stop. Runs nothing itself."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from interpreter.notebooks.document import PYTHON, Json
from interpreter.notebooks.opening import kernelspec
from interpreter.runners.environment import workplace
from interpreter.runners.languages import LocalRunners, row_from_table
from interpreter.seams import Runners
from interpreter.settings import Settings
from interpreter.stop import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Fresh runners, and the stop that Ctrl-C sets."""

    runners: Runners
    stop: Stop


@asynccontextmanager
async def stage(
    document: Json, settings: Settings, *, folder: str, environment: Mapping[str, str], cache: Path
) -> AsyncGenerator[Stage, None]:
    """Runners in `folder`, with the kernel that `settings` or else `document` names; all are ended at the end.

    What the recorded run was asked, it was asked of a person: so the runners are told that lines can be typed.
    """
    named = kernelspec(document).get("name")
    place = workplace(
        folder=folder,
        environment=environment,
        cache=cache,
        python=settings.python,
        memory_limit=settings.memory_limit,
        output_limit=settings.output_limit,
    )
    kernel = settings.kernel or (None if named == PYTHON.name else named)
    own = tuple(row_from_table(name, table) for name, table in settings.languages.items())
    runners = LocalRunners(place=place, interactive=True, kernel=kernel, own=own)
    stop = Stop()
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(stop.set))
    try:
        yield Stage(runners=runners, stop=stop)
    finally:
        signal.signal(signal.SIGINT, before)
        await runners.close()
