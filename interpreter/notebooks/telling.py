"""A history as the events that tell it, for whoever has the conversation alone. What only events hold is not in it."""

from __future__ import annotations

from collections.abc import Iterator

from interpreter import events as e
from interpreter.history import Cell, History, Note, Prompt, RejectedCall, Reply, UserCell


def told(history: History) -> Iterator[e.Event]:
    """The events; their fold is `history` without its notes, its counts and what is open."""
    turn = False
    for number, entry in enumerate(history.entries, 1):
        match entry:
            case Prompt():
                if turn:
                    yield e.TurnFinished(reason="done")
                turn = True
                yield e.TurnStarted(prompt=entry.text, attachments=entry.attachments)
            case Reply():
                yield e.StepStarted(step=number, model="", protocol="tools")
                if entry.text:
                    yield e.Text(text=entry.text)
                for call in entry.calls:
                    yield from _call(call)
            case UserCell():
                yield from _call(entry.cell)
            case Note():
                pass
    if turn:
        yield e.TurnFinished(reason="done")


def _call(call: Cell | RejectedCall) -> Iterator[e.Event]:
    if isinstance(call, RejectedCall):
        yield e.CodeRejected(cell=call.id, raw=call.raw, reason=call.reason, call=call.call)
        return
    yield e.CodeProposed(cell=call.id, language=call.language, code=call.proposed, by=call.by, call=call.call)
    if call.decision is not None:
        yield e.CodeDecided(cell=call.id, decision=call.decision, code=call.code, note=call.note)
    yield from call.outputs
    match call.status:
        case "declined" | "skipped" | None:
            pass
        case "detached":
            yield e.CodeFinished(cell=call.id, status="died", seconds=call.seconds)
        case status:
            yield e.CodeFinished(cell=call.id, status=status, seconds=call.seconds, ran=not call.refused)
