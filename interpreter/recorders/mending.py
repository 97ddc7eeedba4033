"""What a crash left open in a journal, as the events that close it. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from interpreter import events as e
from interpreter.recorders.lines import Line

CRASHED = "The program ended before the turn did."


class Mending:
    """Follows a journal's lines; `closing()` is what is missing after the last.

    Words that were shown but never ended in a whole become one, a cell that ran has died, the turn has failed.
    """

    def __init__(self) -> None:
        self._said: list[Line] = []
        self._thought: list[Line] = []
        self._cell: str | None = None
        self._background: list[str] = []
        self._turn = False

    def follow(self, line: Line) -> None:
        """Take the next line into account."""
        match line.type:
            case "text.delta":
                self._said.append(line)
            case "reasoning.delta":
                self._thought.append(line)
            case "text":
                self._said.clear()
            case "reasoning":
                self._thought.clear()
            case "code.decided":
                event = _read(line)
                if isinstance(event, e.CodeDecided) and event.decision in ("run", "edited"):
                    self._cell = event.cell
            case "code.detached":
                self._background += [self._cell] if self._cell is not None else []
                self._cell = None
            case "code.finished":
                self._finish(line)
            case "turn.started" | "step.started" | "turn.finished":
                self._said.clear()
                self._thought.clear()
                self._turn = line.type != "turn.finished"
            case _:
                pass

    def closing(self) -> tuple[e.Event, ...]:
        """The events that close what is open, in order; none if nothing is."""
        events: list[e.Event] = []
        if thought := _joined(self._thought):
            events.append(e.Reasoning(text=thought))
        if said := _joined(self._said):
            events.append(e.Text(text=said))
        running = [*self._background, *([self._cell] if self._cell is not None else [])]
        events += [e.CodeFinished(cell=cell, status="died", seconds=0.0) for cell in running]
        if self._turn:
            events.append(e.TurnFinished(reason="failed", error=CRASHED))
        return tuple(events)

    def _finish(self, line: Line) -> None:
        event = _read(line) if self._background else None
        if isinstance(event, e.CodeFinished) and event.cell in self._background:
            self._background.remove(event.cell)
        else:
            self._cell = None


def _joined(deltas: Iterable[Line]) -> str:
    events = [_read(line) for line in deltas]
    return "".join(event.text for event in events if isinstance(event, e.TextDelta | e.ReasoningDelta))


def _read(line: Line) -> e.Event | None:
    try:
        return line.event()
    except ValueError:
        return None
