"""A real shell on a bench: cells run one by one on one event loop. Not a test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from interpreter.runners.environment import for_code
from interpreter.runners.shell import ShellRunner
from interpreter.seams import Happening, Produced
from tests.runners.bench import happenings_of


class ShellBench:
    """A `ShellRunner` with its loop; `late` holds what came between cells; `size` is that of the person's terminal."""

    def __init__(
        self,
        loop: asyncio.Runner,
        folder: Path,
        *,
        interactive: bool,
        program: str | None,
        more: Mapping[str, str],
        output_limit: int,
    ) -> None:
        self.folder = folder
        self.late: list[Produced] = []
        self.size = (80, 24)
        self.loop = loop
        self.runner = ShellRunner(
            folder=str(folder),
            environment={**for_code(os.environ), **more},
            interactive=interactive,
            late=self.late.append,
            program=program,
            size=lambda: self.size,
            output_limit=output_limit,
        )

    def run(
        self,
        code: str,
        *,
        stop_at: str | None = None,
        timeout: float | None = None,
        lines: Sequence[str | None] = (),
    ) -> list[Happening]:
        """What running `code` brings. The stop is set when `stop_at` was printed; `lines` are typed when asked."""
        return self.loop.run(happenings_of(self.runner, code, stop_at=stop_at, timeout=timeout, lines=lines))

    def wait(self, said: Callable[[], bool]) -> None:
        """Return when `said` becomes true; a minute is too long."""

        async def waiting() -> None:
            async with asyncio.timeout(60):
                while not said():  # noqa: ASYNC110 - a process does not set our events
                    await asyncio.sleep(0.01)

        self.loop.run(waiting())


@contextmanager
def shell(
    folder: Path,
    *,
    interactive: bool = False,
    program: str | None = "bash",
    more: Mapping[str, str] | None = None,
    output_limit: int = 200,
) -> Iterator[ShellBench]:
    """A bench whose shell is ended afterwards, whatever happened."""
    with asyncio.Runner() as loop:
        made = ShellBench(
            loop, folder, interactive=interactive, program=program, more=more or {}, output_limit=output_limit
        )
        try:
            yield made
        finally:
            loop.run(made.runner.close())
