"""A real interpreter that stays, on a bench: cells run one by one on one event loop. Not a test."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from interpreter.runners.driven import DrivenRunner
from interpreter.runners.environment import for_code
from interpreter.runners.languages import PROGRAMS
from interpreter.seams import Ended, Happening, Produced, Restarted
from tests.runners.bench import happenings_of

ROWS = {row.name: row for row in PROGRAMS if row.driver and shutil.which(row.command[0])}
"""The languages with a driver that are here."""
OK, ERROR, DIED, INTERRUPTED = (
    Ended(status="ok"),
    Ended(status="error"),
    Ended(status="died"),
    Ended(status="interrupted"),
)
ENDED_BY_INTERRUPT = Restarted(reason="only its end could interrupt the code")


class DrivenBench:
    """A `DrivenRunner` with its loop; `late` holds what came between cells."""

    def __init__(self, loop: asyncio.Runner, folder: Path, command: Sequence[str], driver: str) -> None:
        self.late: list[Produced] = []
        self.loop = loop
        self.runner = DrivenRunner(
            command=command,
            driver=driver,
            folder=str(folder),
            environment=for_code(os.environ),
            late=self.late.append,
            output_limit=10,
        )

    def run(self, code: str, *, stop_at: str | None = None, timeout: float | None = None) -> list[Happening]:
        """What running `code` brings. The stop is set when `stop_at` was printed."""
        return self.loop.run(happenings_of(self.runner, code, stop_at=stop_at, timeout=timeout))

    def wait(self, said: Callable[[], bool]) -> None:
        """Return when `said` becomes true; a minute is too long."""

        async def waiting() -> None:
            async with asyncio.timeout(60):
                while not said():  # noqa: ASYNC110 - a process does not set our events
                    await asyncio.sleep(0.01)

        self.loop.run(waiting())


@contextmanager
def driven(folder: Path, language: str) -> Iterator[DrivenBench]:
    """A bench with the interpreter of a language, which is ended afterwards, whatever happened."""
    with driven_by(folder, ROWS[language].command, ROWS[language].driver) as bench:
        yield bench


@contextmanager
def driven_by(folder: Path, command: Sequence[str], driver: str = "") -> Iterator[DrivenBench]:
    """The same with a command; `driver` may be the path of a file."""
    with asyncio.Runner() as loop:
        made = DrivenBench(loop, folder, command, driver)
        try:
            yield made
        finally:
            loop.run(made.runner.close())


def here(language: str) -> pytest.MarkDecorator:
    """Skip a test where the language is not."""
    return pytest.mark.skipif(language not in ROWS, reason=f"{language} is not installed")


def each(**codes: str) -> pytest.MarkDecorator:
    """Run a test with the piece of code of each language that is here."""
    return pytest.mark.parametrize(("language", "code"), [pair for pair in codes.items() if pair[0] in ROWS])


def stdout(text: str) -> Produced:
    """Text on this stream."""
    return Produced(kind="stdout", data={"text/plain": text})


def stderr(text: str) -> Produced:
    """Text on this stream."""
    return Produced(kind="stderr", data={"text/plain": text})


def value(text: str) -> Produced:
    """What the cell is worth."""
    return Produced(kind="result", data={"text/plain": text})
