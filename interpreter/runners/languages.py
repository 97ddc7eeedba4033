"""The languages that can run here, as a table, and the runners behind them, started when first needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from interpreter.runners.environment import Workplace
from interpreter.seams import Produced, Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A row: the canonical name, its aliases, what runs it, and the kernelspec (None for our own Python)."""

    name: str
    aliases: tuple[str, ...]
    kind: Literal["kernel", "shell"] = "kernel"
    kernel: str | None = None


TABLE: tuple[Language, ...] = (
    Language(name="python", aliases=("py", "python3", "ipython")),
    Language(name="shell", aliases=("bash", "sh", "zsh", "console"), kind="shell"),
)


class LocalRunners:
    """Implements `Runners` on this machine. `kernel` is the kernelspec that runs Python, None for `place.python`."""

    def __init__(self, *, place: Workplace, interactive: bool, kernel: str | None = None) -> None:
        self._place = place
        self._interactive = interactive
        self._kernel = kernel
        self._running: dict[str, Runner] = {}
        self._late: Callable[[str, Produced], None] = lambda *_: None

    @property
    def languages(self) -> tuple[str, ...]:
        """The canonical names."""
        return tuple(row.name for row in TABLE)

    def resolve(self, name: str) -> str | None:
        """The canonical name for a name or alias in any case."""
        wanted = name.lower()
        return next((row.name for row in TABLE if wanted in (row.name, *row.aliases)), None)

    def get(self, language: str) -> Runner:
        """The runner of a canonical name."""
        if language not in self._running:
            self._running[language] = self._made(next(row for row in TABLE if row.name == language))
        return self._running[language]

    def listen(self, late: Callable[[str, Produced], None]) -> None:
        """Tell `late` what comes after a cell has ended."""
        self._late = late

    async def close(self) -> None:
        """Close every runner that was started."""
        for runner in self._running.values():
            await runner.close()

    def _made(self, row: Language) -> Runner:
        def late(produced: Produced) -> None:
            self._late(row.name, produced)

        if row.kind == "shell":
            from interpreter.runners.shell import ShellRunner

            return ShellRunner(
                folder=self._place.folder,
                environment=self._place.environment,
                interactive=self._interactive,
                late=late,
            )
        from interpreter.runners.jupyter import JupyterRunner
        from interpreter.runners.kernels import LocalKernels

        return JupyterRunner(
            kernels=LocalKernels(workplace=self._place, name=row.kernel or self._kernel),
            folder=self._place.folder,
            interactive=self._interactive,
            late=late,
            output_limit=self._place.output_limit,
        )
