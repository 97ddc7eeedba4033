"""A new session that goes on from an earlier turn of a kept one. The kept one stays as it is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from interpreter import events as e
from interpreter.errors import StorageError, UsageError
from interpreter.recorders.folder import SessionFolder, private, refusal
from interpreter.recorders.lines import Line, lines, renumbered, written
from interpreter.recorders.store import Store

_NOT_COPIED = ("lock", "events.jsonl", "session.ipynb", "card.json")


def fork(store: Store, folder: SessionFolder, turn: int) -> SessionFolder:
    """A new session with the first `turn` turns of the one in `folder`, as its history counts them.

    Its outputs and pictures are copies, so either session can be deleted. Lines of unknown types are kept.
    Raises `UsageError` if there is no such turn, `StorageError` if it cannot be written.
    """
    kept = islice(lines(folder.journal), _end(folder, turn))
    new = store.create()
    try:
        shutil.copytree(folder.path, new.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        with os.fdopen(private(new.journal), "wb") as file:
            file.writelines(_moved(kept, _path(folder.path), new))
    except ValueError as error:
        shutil.rmtree(new.path, ignore_errors=True)
        raise StorageError(f"The journal {folder.journal} is damaged: no new session can go on from it.") from error
    except OSError as error:
        shutil.rmtree(new.path, ignore_errors=True)
        raise StorageError(refusal(new.path, error)) from error
    return new


def _end(folder: SessionFolder, turn: int) -> int:
    """How many lines come before the turn after `turn`. Turns that were taken back do not count."""
    count = 0
    starts: list[int] = []
    for count, line in enumerate(lines(folder.journal), 1):
        if line.type == "turn.started":
            starts.append(count - 1)
        elif line.type == "history.undone":
            del starts[max(0, len(starts) - _undone(line)) :]
    if not 1 <= turn <= len(starts):
        raise UsageError(f"There is no turn {turn} to go on from: session {folder.id} has {len(starts)}.")
    return count if turn == len(starts) else starts[turn]


def _undone(line: Line) -> int:
    """How many turns were taken back; none by a line that cannot be read, as in the history."""
    try:
        event = line.event()
    except ValueError:
        return 0
    return event.turns if isinstance(event, e.HistoryUndone) else 0


def _moved(kept: Iterable[Line], old: bytes, new: SessionFolder) -> Iterator[bytes]:
    """The lines as the new session's: its own beginning, numbers without gaps, and its own folder in every path."""
    for seq, line in enumerate(kept, 1):
        if line.type == "session.started":
            begun = line.event()
            assert isinstance(begun, e.SessionStarted)
            event = e.SessionStarted(session=new.id, model=begun.model, paths=new.paths)
            yield written(event, seq=seq, time=line.time).encode()
        else:
            yield renumbered(line, seq).replace(old, _path(new.path))


def _path(path: Path) -> bytes:
    """`path` as it stands inside a JSON string."""
    return json.dumps(str(path), ensure_ascii=False)[1:-1].encode()
