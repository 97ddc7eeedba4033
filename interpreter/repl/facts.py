"""What the toolbar shows and the Ctrl-C ladder must know, folded from events. Asks nobody and draws nothing."""

from __future__ import annotations

from interpreter import events as e
from interpreter.history import Spent


class Facts:
    """A consumer. `running` is the language of the cell that is waited for, `ran` are all that ran."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.protocol = ""
        self.running: str | None = None
        self.turn = Spent()
        self.ran: tuple[str, ...] = ()
        self._languages: dict[str, str] = {}
        self._cell: str | None = None

    def __call__(self, event: e.Event, /) -> None:
        """Take one event."""
        match event:
            case e.ModelChanged():
                self.model, self.protocol = event.model, ""
            case e.TurnStarted():
                self.turn = Spent()
            case e.StepStarted():
                self.model, self.protocol = event.model, event.protocol
            case e.UsageReported():
                self.turn = self.turn.plus(event)
            case e.CodeProposed():
                self._languages[event.cell] = event.language
            case e.CodeDecided(decision="run" | "edited"):
                self._cell = event.cell
                self._started(self._languages[event.cell])
            case e.CodeFinished() | e.CodeDetached():
                self.running = None if event.cell == self._cell else self.running
            case e.TurnFinished():
                self.running = None
            case _:
                pass

    def _started(self, language: str) -> None:
        self.running = language
        if language not in self.ran:
            self.ran = (*self.ran, language)
