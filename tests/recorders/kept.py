"""Kept sessions that several tests share: a folder, a journal filled with events, and two turns. Asserts nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from interpreter import events as e
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.journal import Journal
from interpreter.recorders.store import Store

CALL = e.Call(id="call-1", name="execute_code", extra={"signature": "x"})


def store(root: Path) -> Store:
    """The sessions under a test's own folder."""
    return Store(root / "sessions")


def turn(cell: str, prompt: str = "How many?", output: str = "42\n") -> tuple[e.Event, ...]:
    """One turn with one cell."""
    return (
        e.TurnStarted(prompt=prompt),
        e.StepStarted(step=1, model="scripted", protocol="tools"),
        e.TextDelta(text="Let me "),
        e.TextDelta(text="see."),
        e.Text(text="Let me see."),
        e.CodeProposed(cell=cell, language="python", code="count()", call=CALL),
        e.CodeDecided(cell=cell, decision="run", code="count()"),
        e.Output(cell=cell, kind="stdout", data={"text/plain": output}),
        e.CodeFinished(cell=cell, status="ok", seconds=0.5),
        e.StepStarted(step=2, model="scripted", protocol="tools"),
        e.Text(text=f"It is {output}"),
        e.TurnFinished(reason="done"),
    )


def keep(folder: SessionFolder, events: Iterable[e.Event]) -> SessionFolder:
    """`folder` with a journal of these events."""
    journal = Journal(folder)
    for event in events:
        journal(event)
    journal.close()
    return folder


def kept(root: Path, *events: e.Event) -> SessionFolder:
    """A new session with these events after its beginning."""
    folder = store(root).create()
    return keep(folder, (e.SessionStarted(session=folder.id, model="scripted", paths=folder.paths), *events))


def objects(folder: SessionFolder) -> list[dict[str, Any]]:
    """Each line of the journal, parsed."""
    return [json.loads(line) for line in folder.journal.read_text(encoding="utf-8").splitlines()]
