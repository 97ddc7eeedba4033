"""A session's events folded into the parts of a notebook: who said what, what ran, what came of it. Knows no nbformat.

The fold is one object that changes, since a recorder adds to it for hours; each part counts its changes, so that
whoever renders parts knows which to render anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

from interpreter import events as e
from interpreter.history import Spent

_FAILED = ("error", "interrupted", "timeout", "died", "skipped")


@dataclass(slots=True, kw_only=True)
class Words:
    """What the user or the model said, or a `note` on how a turn ended. `reply` counts the model's replies."""

    id: str
    role: Literal["prompt", "reply", "note"]
    text: str
    turn: int
    reply: int = 0
    model: str = ""
    attachments: tuple[e.Attachment, ...] = ()
    usage: e.UsageReported | None = None
    ended: e.TurnReason | None = None
    undone: bool = False
    changes: int = 0


@dataclass(slots=True, kw_only=True)
class Code:
    """A cell: as proposed, as run, and what came of it. `count` is its execution count, None if it never ran.

    `approved` is who let it run. `status` is None while it is proposed or runs, and `skipped` if it was let run and
    refused after all. `inputs` is what was typed into it.
    """

    id: str
    turn: int
    language: str
    proposed: str
    code: str
    by: e.Author
    reply: int = 0
    model: str = ""
    decision: e.Choice | None = None
    approved: e.Approver | None = None
    note: str = ""
    outputs: list[e.Output] = field(default_factory=list)
    inputs: list[str | None] = field(default_factory=list)
    status: e.CellStatus | Literal["skipped"] | None = None
    seconds: float = 0.0
    started: str = ""
    count: int | None = None
    usage: e.UsageReported | None = None
    superseded: bool = False
    undone: bool = False
    changes: int = 0


Part: TypeAlias = Words | Code


class Draft:
    """The fold. `parts` in the order of the session; `spent` over all of it."""

    def __init__(self) -> None:
        self.session = ""
        self.model = ""
        self.parts: list[Part] = []
        self.spent = Spent()
        self._cells: dict[str, Code] = {}
        self._turns: list[int] = []  # where each turn that was not taken back begins in `parts`
        self._turn = 0
        self._reply = 0
        self._notes = 0
        self._count = 0
        self._usage: e.UsageReported | None = None

    def add(self, event: e.Event, time: str = "") -> bool:
        """Take one event, which happened at `time` (ISO, may be empty); whether the notebook is another one now."""
        match event:
            case e.SessionStarted():
                self.session, self.model = event.session, event.model
            case e.ModelChanged():
                self.model = event.model
            case e.HistoryUndone():
                self._undo(event.turns)
            case e.TurnStarted():
                self._begin(event)
            case e.TurnFinished():
                return self._finish(event)
            case e.StepStarted():
                self.model, self._usage = event.model, None
                self._reply += 1
                return False
            case e.UsageReported():
                self._spend(event)
            case e.Text():
                self._say(event.text)
            case (
                e.CodeProposed()
                | e.CodeDecided()
                | e.Output()
                | e.OutputCleared()
                | e.InputGiven()
                | e.CodeFinished()
                | e.KernelRestarted()
            ):
                self._run(event, time)
            case (
                e.SessionResumed()
                | e.StateRebuilt()
                | e.HistoryTrimmed()
                | e.Retrying()
                | e.ProtocolChanged()
                | e.ReasoningDelta()
                | e.Reasoning()
                | e.TextDelta()
                | e.CodeDelta()
                | e.CodeRejected()
                | e.InputRequested()
                | e.CodeDetached()
                | e.Warned()
            ):
                return False
            case _:
                assert_never(event)
        return True

    # ---- turns and words

    def _begin(self, event: e.TurnStarted) -> None:
        self._turn += 1
        self._turns.append(len(self.parts))
        words = Words(
            id=f"prompt-{self._turn}",
            role="prompt",
            text=event.prompt,
            turn=self._turn,
            attachments=event.attachments,
        )
        self.parts.append(words)

    def _finish(self, event: e.TurnFinished) -> bool:
        if event.reason == "done":
            return False
        text = event.error or {"declined": "The code was declined.", "interrupted": "Interrupted."}.get(event.reason)
        self._remark(text or f"The turn was stopped ({event.reason.replace('_', ' ')}).", ended=event.reason)
        return True

    def _remark(self, text: str, *, ended: e.TurnReason | None = None) -> None:
        self._notes += 1
        note = Words(id=f"note-{self._notes}", role="note", text=text, turn=self._turn, ended=ended)
        self.parts.append(note)

    def _say(self, text: str) -> None:
        if not text.strip():
            return
        reply = Words(
            id=f"reply-{self._reply}",
            role="reply",
            text=text,
            turn=self._turn,
            reply=self._reply,
            model=self.model,
            usage=self._usage,
        )
        self.parts.append(reply)

    def _undo(self, turns: int) -> None:
        if turns <= 0 or not self._turns:
            return
        start = self._turns[-turns] if turns <= len(self._turns) else self._turns[0]
        del self._turns[-turns:]
        for part in self.parts[start:]:
            part.undone = True
            part.changes += 1

    def _spend(self, usage: e.UsageReported) -> None:
        """Into the sum, and to the first part of the reply, which may have come before its count."""
        self.spent = self.spent.plus(usage)
        self._usage = usage
        mine = [part for part in self._latest() if part.reply == self._reply]
        if mine:
            mine[-1].usage = usage
            mine[-1].changes += 1

    def _latest(self) -> Iterator[Part]:
        """The parts of this turn, the last first."""
        for part in reversed(self.parts):
            if part.turn != self._turn:
                return
            yield part

    # ---- cells

    def _run(
        self,
        event: e.CodeProposed
        | e.CodeDecided
        | e.Output
        | e.OutputCleared
        | e.InputGiven
        | e.CodeFinished
        | e.KernelRestarted,
        time: str,
    ) -> None:
        if isinstance(event, e.KernelRestarted):
            self._count = 0
            self._remark(f"The {event.language} session was restarted ({event.reason}): its state is gone.")
            return
        if isinstance(event, e.CodeProposed):
            self._propose(event)
            return
        cell = self._cells.get(event.cell)
        if cell is None:
            return
        cell.changes += 1
        match event:
            case e.CodeDecided():
                self._decide(cell, event, time)
            case e.Output():
                _show(cell.outputs, event)
            case e.OutputCleared():
                cell.outputs.clear()
            case e.InputGiven():
                cell.inputs += [event.text] if event.by == "code" else []
            case e.CodeFinished():
                cell.status, cell.seconds = event.status if event.ran else "skipped", event.seconds
                if not event.ran:
                    cell.count, self._count = None, self._count - 1
                if event.status == "ok":
                    self._supersede(cell)

    def _propose(self, event: e.CodeProposed) -> None:
        by_model = event.by == "model"
        first = not any(part.reply == self._reply for part in self._latest())
        cell = Code(
            id=event.cell,
            turn=self._turn,
            language=event.language,
            proposed=event.code,
            code=event.code,
            by=event.by,
            reply=self._reply if by_model else 0,
            model=self.model if by_model else "",
            usage=self._usage if by_model and first else None,
        )
        self.parts.append(cell)
        self._cells[event.cell] = cell

    def _decide(self, cell: Code, event: e.CodeDecided, time: str) -> None:
        cell.decision, cell.code, cell.note = event.decision, event.code, event.note
        if event.decision in ("run", "edited"):
            self._count += 1
            cell.approved, cell.started, cell.count = event.by, time, self._count

    def _supersede(self, good: Code) -> None:
        """A cell of the model ended well: its failed attempts before it in the same turn are superseded."""
        if good.by != "model":
            return
        for part in self._latest():
            if isinstance(part, Code) and part.by == "model" and part.status in _FAILED and not part.superseded:
                part.superseded = True
                part.changes += 1


def draft(events: Iterable[e.Event]) -> Draft:
    """The fold of all of `events`."""
    folded = Draft()
    for event in events:
        folded.add(event)
    return folded


def _show(outputs: list[e.Output], output: e.Output) -> None:
    """Append `output`, or put it in the place of the earlier one with its display id."""
    for index, old in enumerate(outputs):
        if output.display_id is not None and old.display_id == output.display_id:
            outputs[index] = output
            return
    outputs.append(output)
