"""A kept session as values again: its events, its history, what of it is lost, and a new session from an earlier turn.

Runs nothing and asks nobody: whoever resumes decides whether cells are run again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from interpreter import events as e
from interpreter import history as h
from interpreter.history import Cell, History
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.lines import KNOWN, Line, lines, unheard
from interpreter.recorders.mending import Mending
from interpreter.recorders.sparing import sparing

DELTAS = frozenset({"text.delta", "reasoning.delta", "code.delta"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as it was kept: `seq` counts from 1, `time` is UTC in ISO form, empty if the journal lacks it."""

    event: e.Event
    seq: int
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A session to go on with. `lost` says what of it is gone, `warnings` what of its journal could not be read."""

    folder: SessionFolder
    history: History
    model: str
    lost: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def recorded(folder: SessionFolder, *, warn: Callable[[str], None] = unheard) -> Iterator[Recorded]:
    """Every event of the session in order, without deltas, then those that close what a crash left open.

    Lines of types this version does not know are passed over. Raises `StorageError` if the journal cannot be read.
    """
    mending = Mending()
    last = Line(raw=b"", number=0, seq=0, time="", type="")
    for last in _whole(lines(folder.journal, warn), mending):
        event = _event(last, warn)
        if event is not None:
            yield Recorded(event=event, seq=last.seq, time=last.time)
    for number, event in enumerate(mending.closing(), 1):
        yield Recorded(event=event, seq=last.seq + number, time=last.time)


def load(folder: SessionFolder) -> Loaded:
    """The session in `folder`, without the outputs that no model is sent. Raises `StorageError` if it is unreadable."""
    warnings: list[str] = []
    history, model, mending = History(), "", Mending()
    for kept in sparing(_whole(lines(folder.journal, warnings.append), mending)):
        event = _event(kept, warnings.append) if isinstance(kept, Line) else kept
        if event is None:
            continue
        if isinstance(event, e.SessionStarted | e.ModelChanged):
            model = event.model
        if isinstance(event, e.SessionStarted) and event.schema > e.SCHEMA:
            warnings.append("A newer version wrote this session: what this version does not know is left out.")
        history = h.apply(history, event)
    for event in mending.closing():
        history = h.apply(history, event)
    history = h.close(history)
    return Loaded(folder=folder, history=history, model=model, lost=lost(history), warnings=tuple(warnings))


def ran(history: History) -> tuple[Cell, ...]:
    """Every cell that was started, in order."""
    cells: list[Cell] = []
    for entry in history.entries:
        calls = entry.calls if isinstance(entry, h.Reply) else (entry.cell,) if isinstance(entry, h.UserCell) else ()
        cells += [call for call in calls if isinstance(call, Cell) and call.ran]
    return tuple(cells)


def cells_to_rerun(history: History) -> tuple[Cell, ...]:
    """The cells whose code would rebuild the state that is lost: those that ended well, in order.

    A cell that failed, was interrupted or died is not among them: it may do again what nobody wants twice.
    """
    behind = dict(history.ended)
    return tuple(cell for cell in ran(history) if behind.get(cell.id, cell.status) == "ok")


def lost(history: History, alive: Collection[str] = ()) -> tuple[str, ...]:
    """In words, what of a session's state ended with its processes: a phrase for each language that ran.

    The state of the languages that are `alive` did not.
    """
    languages = dict.fromkeys(cell.language for cell in ran(history) if cell.language not in alive)
    return tuple(map(_state, languages))


def _state(language: str) -> str:
    if language == "shell":
        return "the state of the shell (variables, functions, folder)"
    return f"the state of {language} (variables, imports, functions)"


def _whole(journal: Iterable[Line], mending: Mending) -> Iterator[Line]:
    """The lines that can be read and tell a whole, each shown to `mending`."""
    for line in journal:
        mending.follow(line)
        if line.type in KNOWN and line.type not in DELTAS:
            yield line


def _event(line: Line, warn: Callable[[str], None]) -> e.Event | None:
    try:
        return line.event()
    except ValueError:
        warn(f"Line {line.number} of the journal is damaged and was left out.")
        return None
