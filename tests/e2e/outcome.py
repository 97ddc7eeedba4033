"""What a request led to, read from the program's JSON events and its folder, and the questions judges ask of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from interpreter import events as e
from interpreter.wire import from_json

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`answer` is the model's last words, `shown` what the last cell printed, `cells` their languages in order.

    `failures` counts cells that ended in an error. `ended` is the turn's reason, `folder` where it all happened.
    """

    folder: Path
    answer: str
    shown: str
    cells: tuple[str, ...]
    failures: int
    ended: str

    def answers(self, *wanted: str) -> bool:
        """Whether the model's last words hold one of `wanted`, in any case."""
        return any(words.lower() in self.answer.lower() for words in wanted)

    def shows(self, *wanted: str) -> bool:
        """Whether every one of `wanted` was printed or said, in any case; for what is too long for a sentence."""
        seen = f"{self.shown}\n{self.answer}".lower()
        return all(words.lower() in seen for words in wanted)

    def counts(self, *wanted: float) -> bool:
        """Whether every number is in the last words, or, if these hold none at all, in what was printed."""
        numbers = _numbers(self.answer) or _numbers(self.shown)
        return all(any(abs(number - want) <= 0.005 * (want != int(want)) for number in numbers) for want in wanted)

    def without_code(self) -> bool:
        """Whether it was answered in words, and nothing ran."""
        return not self.cells and self.ended == "done" and bool(self.answer.strip())

    def picture(self, name: str) -> bool:
        """Whether a PNG of that name was written, of a size that holds more than an empty page."""
        path = self.folder / name
        return path.is_file() and path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 4000

    def text_of(self, name: str) -> str:
        """What a file holds; nothing if it is not there."""
        path = self.folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def names(self) -> set[str]:
        """The files there are, with their folders."""
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()}


def outcome(events: Iterable[e.Event], folder: Path) -> Outcome:
    """The outcome that `events` tell."""
    answer, shown, ended, failures = "", "", "", 0
    cells: list[str] = []
    for event in events:
        match event:
            case e.StepStarted():
                answer = ""
            case e.Text():
                answer = event.text
            case e.CodeProposed():
                cells.append(event.language)
                shown = ""
            case e.Output():
                shown += str(event.data.get("text/plain", ""))
            case e.CodeFinished():
                failures += event.status != "ok"
            case e.TurnFinished():
                ended = event.reason
            case _:
                pass
    return Outcome(folder=folder, answer=answer, shown=shown, cells=tuple(cells), failures=failures, ended=ended)


def read(lines: str) -> list[e.Event]:
    """The events that `--json` wrote."""
    return [from_json(line) for line in lines.splitlines()]


def _numbers(text: str) -> list[float]:
    """The numbers in a text, however their thousands are written."""
    return [float(number) for number in _NUMBER.findall(re.sub(r"(?<=\d),(?=\d{3}\b)", "", text))]
