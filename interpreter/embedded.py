"""The embedded model's weights, fetched with the consent of whoever asked for them. It serves nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TextIO, TypeAlias

from interpreter.choosing import Embedded, ToFetch, size
from interpreter.errors import UsageError
from interpreter.models.weights import Progress, fetch
from interpreter.renderers.sanitize import clean
from interpreter.stop import Stop

Ask: TypeAlias = Callable[[str], Awaitable[bool]]
"""Puts a yes-or-no question to the person at the terminal."""


async def fetched(wanted: ToFetch, *, ask: Ask | None, err: TextIO, stop: Stop) -> Embedded:
    """The weights, fetched after consent; progress goes to `err`.

    Without `ask` nobody is there, and having said `--local` is the consent. Raises `UsageError` if the person says no,
    and what `weights.fetch` raises.
    """
    model = wanted.weights
    words = f"Fetch {model.name} ({size(model.size)}, licence {model.licence}) into {wanted.folder}?"
    if ask is not None and not await ask(words):
        raise UsageError("Nothing was fetched. Name another model: --model NAME, or --local FILE.gguf.")
    path = await fetch(model, wanted.folder, ProgressLine(err), stop)
    return Embedded(weights=path, name=model.name)


class ProgressLine:
    """Draws a fetch on `err`: one line that is rewritten at a terminal, else a line for each tenth."""

    def __init__(self, err: TextIO) -> None:
        self._err = err
        self._rewrites = err.isatty()
        self._tenth = -1
        self._bar = ""

    def __call__(self, progress: Progress) -> None:
        """Draw where the fetch is."""
        match progress.stage:
            case "waiting":
                self._line("Another process is fetching the model; waiting for it.")
            case "asking":
                self._line(f"Asking {progress.source} ...")
            case "fetching":
                self._grown(progress.done, progress.total)
            case "passed over":
                self._line(f"Passed over {progress.source}: {progress.note}.")
            case "checking":
                self._line("Checking its sum ...")
            case "done":
                self._line("The model is here.")

    def _grown(self, done: int, total: int) -> None:
        filled, tenth = done * 30 // total, done * 10 // total
        bar = f"\r[{'#' * filled}{'.' * (30 - filled)}] {size(done)} of {size(total)}"
        if self._rewrites and bar != self._bar:
            self._err.write(bar)
            self._err.flush()
            self._bar = bar
        elif not self._rewrites and tenth != self._tenth:
            self._line(f"{tenth * 10:3} %  {size(done)} of {size(total)}")
        self._tenth = tenth

    def _line(self, words: str) -> None:
        words = clean(words)  # some are a server's
        self._err.write(f"\r\x1b[K{words}\n" if self._rewrites else f"{words}\n")
        self._err.flush()
