"""The conversation as values: what was asked, answered, run and seen. `apply` one event, `fold` many.

A cell and its outputs are one value, so a call without its result cannot be written down: while a reply's cells are
still being decided and run they wait in `History.open`, and `entries` holds only what is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

from interpreter import events as e

CellEvent: TypeAlias = e.CodeDecided | e.Output | e.OutputCleared | e.InputGiven | e.CodeDetached | e.CodeFinished
CellEnd: TypeAlias = e.CellStatus | Literal["declined", "skipped", "detached"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A piece of code and all that came of it. `code` is what really ran; `proposed` what was asked for.

    `status` is None only while the cell is open. `note` is what the host said with its decision. `inputs` is what was
    typed into it, None for what was secret. `refused`: it was let run, but its language was busy.
    """

    id: str
    language: str
    proposed: str
    code: str
    by: e.Author = "model"
    call: e.Call | None = None
    decision: e.Choice | None = None
    note: str = ""
    inputs: tuple[str | None, ...] = ()
    outputs: tuple[e.Output, ...] = ()
    status: CellEnd | None = None
    seconds: float = 0.0
    refused: bool = False

    @property
    def ran(self) -> bool:
        """Whether it ran and ended, or went to the background."""
        return self.status not in (None, "declined", "skipped") and not self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedCall:
    """A call of the model that could not be read, and what it was told."""

    id: str
    raw: str
    reason: str
    call: e.Call | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the user asked."""

    text: str
    attachments: tuple[e.Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply of the model: its words, and its calls with their results, in order."""

    text: str = ""
    calls: tuple[Cell | RejectedCall, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCell:
    """A cell that the user ran in the session's kernel or shell."""

    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something the model must know that nobody said: a restart, an interrupt, what a resume lost."""

    text: str


Entry: TypeAlias = Prompt | Reply | UserCell | Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Tokens and USD over the whole session, from the providers' own numbers, or ours where they sent none.

    `cost` is that of the requests whose price is known; `unpriced` counts the others. `estimated`: some are ours.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: float = 0.0
    requests: int = 0
    unpriced: int = 0
    estimated: bool = False

    def plus(self, usage: e.UsageReported) -> Spent:
        """With one more request."""
        return Spent(
            tokens_in=self.tokens_in + usage.tokens_in,
            tokens_out=self.tokens_out + usage.tokens_out,
            tokens_cached=self.tokens_cached + usage.tokens_cached,
            cost=self.cost + (usage.cost or 0.0),
            requests=self.requests + 1,
            unpriced=self.unpriced + (usage.cost is None),
            estimated=self.estimated or usage.estimated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The provider's count of the latest request: `tokens` of input, with all but what follows the first `entries`."""

    tokens: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The fold of a session's events.

    `open` is the reply being written and run (its cells may lack a status), or the user's own running cell. `late` are
    notes that came meanwhile and follow it. `background` holds each cell that was detached and has not ended, with what
    it has printed since; `ended` tells how those that have did. `dropped` and `shortened` are those of
    `history.trimmed`. `cells` counts all cells ever proposed, so that ids stay unique after an undo.
    """

    entries: tuple[Entry, ...] = ()
    open: Reply | Cell | None = None
    late: tuple[Note, ...] = ()
    background: tuple[Cell, ...] = ()
    ended: tuple[tuple[str, e.CellStatus], ...] = ()
    spent: Spent = Spent()
    counted: Counted | None = None
    dropped: int = 0
    shortened: int = 0
    cells: int = 0

    @property
    def turns(self) -> int:
        """How many prompts the conversation holds."""
        return sum(isinstance(entry, Prompt) for entry in self.entries)

    def last_run(self, language: str | None = None) -> Cell | None:
        """The latest cell that ran and ended, or went to the background; of `language`, if one is named."""
        for entry in reversed((*self.entries, self.open)):
            for cell in reversed(_cells(entry)):
                if cell.ran and language in (None, cell.language):
                    return cell
        return None


def fold(events: Iterable[e.Event]) -> History:
    """The history after `events`. One that ends while a cell runs closes it as `died`: its effects are unknown."""
    history = History()
    for event in events:
        history = apply(history, event)
    history = close(history)
    for cell in history.background:
        history = apply(history, e.CodeFinished(cell=cell.id, status="died", seconds=cell.seconds))
    return history


def apply(history: History, event: e.Event) -> History:
    """`history` after `event`; the same object where the event says nothing about the conversation."""
    match event:
        case e.TurnStarted():
            return _append(close(history), Prompt(text=event.prompt, attachments=event.attachments))
        case e.TurnFinished():
            return _turn_finished(close(history), event)
        case e.StepStarted():
            return replace(close(history), open=Reply())
        case e.Text():
            return _in_reply(history, lambda reply: replace(reply, text=event.text))
        case e.CodeProposed() | e.CodeRejected():
            return _proposed(history, event)
        case e.CodeDecided() | e.Output() | e.OutputCleared() | e.InputGiven() | e.CodeFinished():
            return _in_cell(history, event)
        case e.CodeDetached():
            return _detached(history, event)
        case e.UsageReported():
            count = Counted(tokens=event.tokens_in, entries=len(history.entries))
            counted = history.counted if event.estimated else count
            return replace(history, spent=history.spent.plus(event), counted=counted)
        case e.HistoryUndone():
            return _undone(close(history), event.turns)
        case e.HistoryTrimmed():
            return replace(history, dropped=event.dropped, shortened=event.shortened, counted=None)
        case e.ModelChanged():
            return replace(history, counted=None)
        case e.KernelRestarted():
            return _note(history, f"The {event.language} session was restarted ({event.reason}): its state is gone.")
        case e.StateRebuilt():
            return _note(history, _rebuilt(event))
        case e.SessionResumed():
            return _note(history, _resumed(event)) if event.lost else history
        case (
            e.SessionStarted()
            | e.Retrying()
            | e.ProtocolChanged()
            | e.ReasoningDelta()
            | e.Reasoning()
            | e.TextDelta()
            | e.CodeDelta()
            | e.InputRequested()
            | e.Warned()
        ):
            return history
        case _:
            assert_never(event)


def _resumed(event: e.SessionResumed) -> str:
    gone = "; ".join(event.lost)
    if event.notebook:
        return (
            f"The session began with what stands in {event.notebook}. Its code has not run here, and missing is {gone}"
        )
    return f"The session was resumed. Lost: {gone}"


def _rebuilt(event: e.StateRebuilt) -> str:
    again = f"Of the cells that had ended well, {event.cells} were run again, in order"
    if event.stopped is None:
        return f"{again}: these were all, and their variables are back."
    return f"{again}, but {event.stopped} did not end well this time: it and what came after it are not back."


def close(history: History) -> History:
    """`history` with nothing open: a cell that never ended has died, one that never started was skipped."""
    if history.open is None and not history.late:
        return history
    entries = history.entries
    match history.open:
        case Reply() as reply if reply.text or reply.calls:
            entries += (replace(reply, calls=tuple(_closed(call) for call in reply.calls)),)
        case Cell() as cell:
            entries += (UserCell(cell=_as_cell(_closed(cell))),)
        case _:
            pass
    return replace(history, entries=entries + history.late, open=None, late=())


def kept(history: History) -> tuple[Entry, ...]:
    """The entries that are still sent to the model: all but those of the oldest `dropped` turns."""
    starts = [index for index, entry in enumerate(history.entries) if isinstance(entry, Prompt)]
    if history.dropped <= 0 or not starts:
        return history.entries
    start = starts[history.dropped] if history.dropped < len(starts) else len(history.entries)
    return history.entries[start:]


def _append(history: History, entry: Entry) -> History:
    return replace(history, entries=(*history.entries, entry))


def _note(history: History, text: str) -> History:
    if history.open is not None:
        return replace(history, late=(*history.late, Note(text=text)))
    return _append(history, Note(text=text))


def _turn_finished(history: History, event: e.TurnFinished) -> History:
    if event.reason == "interrupted":
        return _append(history, Note(text="The user interrupted here."))
    return history


def _undone(history: History, turns: int) -> History:
    starts = [index for index, entry in enumerate(history.entries) if isinstance(entry, Prompt)]
    if turns <= 0 or not starts:
        return history
    start = starts[-turns] if turns <= len(starts) else starts[0]
    remaining = max(0, len(starts) - turns)
    return replace(
        history,
        entries=history.entries[:start],
        counted=None,
        dropped=min(history.dropped, remaining),
        shortened=min(history.shortened, remaining),
    )


def _in_reply(history: History, change: Callable[[Reply], Reply]) -> History:
    return replace(history, open=change(history.open)) if isinstance(history.open, Reply) else history


def _proposed(history: History, event: e.CodeProposed | e.CodeRejected) -> History:
    history = replace(history, cells=history.cells + 1)
    if isinstance(event, e.CodeRejected):
        rejected = RejectedCall(id=event.cell, raw=event.raw, reason=event.reason, call=event.call)
        return _in_reply(history, lambda reply: replace(reply, calls=(*reply.calls, rejected)))
    cell = Cell(
        id=event.cell, language=event.language, proposed=event.code, code=event.code, by=event.by, call=event.call
    )
    if event.by == "user":
        return replace(close(history), open=cell)
    return _in_reply(history, lambda reply: replace(reply, calls=(*reply.calls, cell)))


def _detached(history: History, event: e.CodeDetached) -> History:
    cell = next((call for call in _cells(history.open) if call.id == event.cell), None)
    if cell is None:
        return history
    alone = replace(cell, outputs=(), seconds=event.seconds)
    return replace(_in_cell(history, event), background=(*history.background, alone))


def _cells(entry: Entry | Cell | None) -> tuple[Cell, ...]:
    match entry:
        case Reply(calls=calls):
            return tuple(call for call in calls if isinstance(call, Cell))
        case UserCell(cell=cell):
            return (cell,)
        case Cell():
            return (entry,)
        case _:
            return ()


def _in_background(history: History, event: CellEvent) -> History:
    cells = tuple(_cell_after(cell, event) if cell.id == event.cell else cell for cell in history.background)
    if not isinstance(event, e.CodeFinished):
        return replace(history, background=cells)
    going = tuple(cell for cell in cells if cell.id != event.cell)
    ended = next(cell for cell in cells if cell.id == event.cell)
    printed = "".join(str(output.data.get("text/plain", "")) for output in ended.outputs).rstrip("\n")
    text = f"Cell {ended.id} ({ended.language}), which ran in the background, ended: {ended.status}"
    text += f", {ended.seconds:.0f} s. Since it went there it " + (
        f"printed:\n{printed}" if printed else "printed nothing."
    )
    return _note(replace(history, background=going, ended=(*history.ended, (ended.id, event.status))), text)


def _in_cell(history: History, event: CellEvent) -> History:
    if any(cell.id == event.cell for cell in history.background):
        return _in_background(history, event)
    match history.open:
        case Cell() as cell if cell.id == event.cell:
            return replace(history, open=_cell_after(cell, event))
        case Reply(calls=calls) as reply if any(call.id == event.cell for call in calls):
            after = tuple(
                _cell_after(call, event) if isinstance(call, Cell) and call.id == event.cell else call for call in calls
            )
            return replace(history, open=replace(reply, calls=after))
        case _:
            return _late_output(history, event) if isinstance(event, e.Output) else history


def _cell_after(cell: Cell, event: CellEvent) -> Cell:
    match event:
        case e.CodeDecided(decision="declined" | "skipped" as decision):
            return replace(cell, decision=decision, note=event.note, status=decision)
        case e.CodeDecided():
            return replace(cell, decision=event.decision, code=event.code, note=event.note)
        case e.Output():
            return replace(cell, outputs=_with_output(cell.outputs, event))
        case e.OutputCleared():
            return replace(cell, outputs=())
        case e.InputGiven():
            return replace(cell, inputs=(*cell.inputs, event.text)) if event.by == "code" else cell
        case e.CodeDetached():
            return replace(cell, status="detached", seconds=event.seconds)
        case e.CodeFinished():
            return replace(cell, status=event.status, seconds=event.seconds, refused=not event.ran)


def _with_output(outputs: tuple[e.Output, ...], output: e.Output) -> tuple[e.Output, ...]:
    """`outputs` and `output`, which takes the place of the earlier one with the same display id."""
    if output.display_id is not None and any(old.display_id == output.display_id for old in outputs):
        return tuple(output if old.display_id == output.display_id else old for old in outputs)
    return (*outputs, output)


def _late_output(history: History, output: e.Output) -> History:
    text = str(output.data.get("text/plain", "")).rstrip("\n")
    return _note(history, f"Cell {output.cell} printed after it had ended:\n{text}") if text else history


def _closed(call: Cell | RejectedCall) -> Cell | RejectedCall:
    if isinstance(call, RejectedCall) or call.status is not None:
        return call
    started = call.decision in ("run", "edited")
    return replace(call, status="died" if started else "skipped")


def _as_cell(call: Cell | RejectedCall) -> Cell:
    assert isinstance(call, Cell)
    return call
