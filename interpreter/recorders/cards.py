"""What a list tells of each session, and the search for words in them. Parses only the lines it needs.

A session's card is kept beside its journal with how far it was read, so that the next list reads on from there. It can
be deleted at any time: it is made anew from the journal.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from interpreter import events as e
from interpreter.errors import StorageError
from interpreter.recorders.folder import SessionFolder, private
from interpreter.recorders.lines import Line, parsed

_UNTOLD = re.compile(
    rb'\{"seq":\d+,"time":"[^"]*","type":"(?:output|text|reasoning|usage|step\.started|(?:text|reasoning|code)\.delta)"'
)
"""Lines that say nothing a card tells: nearly all of a journal."""
_TITLE = 200  # characters of the first prompt
_FOUND, _BEFORE = 200, 30  # characters of a line that holds a word, and how many of them before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One session in a list. Times are UTC in ISO form; `size` is in bytes, of all its files.

    `state` is how its last turn ended, `cut off` if it did not, or `open` while a program has the session.
    `attended`: a person was there at its beginning, or when it went on.
    """

    session: str
    title: str = ""
    started: str = ""
    updated: str = ""
    model: str = ""
    turns: int = 0
    cells: int = 0
    state: str = ""
    size: int = 0
    attended: bool = True

    @property
    def empty(self) -> bool:
        """Whether nothing was ever asked or run."""
        return not self.title and not self.cells


def card(folder: SessionFolder) -> Card:
    """The card of the session in `folder`. Raises `StorageError` if its journal cannot be read."""
    read, known = _kept(folder)
    try:
        position = read
        with folder.journal.open("rb") as file:
            file.seek(read)
            for raw in file:
                if not raw.endswith(b"\n"):
                    break
                position += len(raw)
                if _UNTOLD.match(raw):
                    continue
                line = parsed(raw[:-1], 0, whole=True)
                known = known if line is None else _after(known, line)
    except OSError as error:
        raise StorageError(f"Cannot read the journal {folder.journal}: {error.strerror or error}.") from error
    if position != read:
        _keep(folder, position, known)
    return replace(known, state="open" if folder.in_use else known.state, size=folder.size())


def mentions(folder: SessionFolder, words: tuple[str, ...]) -> str | None:
    """What stands around the first of `words` in the session, None unless each of them occurs somewhere.

    Looked at are prompts, the model's words, code and what it printed; case does not matter.
    """
    wanted = [word.casefold() for word in words if word]
    if not wanted:
        return ""
    missing, found = set(wanted), ""
    for text in _texts(folder, wanted):
        folded = text.casefold()
        if not found and wanted[0] in folded:
            found = next((_around(wanted[0], line) for line in text.splitlines() if wanted[0] in line.casefold()), "")
        missing -= {word for word in missing if word in folded}
        if not missing:
            return found
    return None


def _around(word: str, line: str) -> str:
    start = max(0, line.casefold().find(word) - _BEFORE)
    return ("…" if start else "") + line[start : start + _FOUND].strip()


def _texts(folder: SessionFolder, wanted: list[str]) -> Iterator[str]:
    """The texts of the session that may hold one of the wanted words."""
    in_json = [json.dumps(word, ensure_ascii=False)[1:-1] for word in wanted]
    with suppress(OSError), folder.journal.open("rb") as file:
        for raw in file:
            folded = raw.decode(errors="replace").casefold()
            if not any(word in folded for word in in_json):
                continue
            line = parsed(raw.rstrip(b"\n"), 0, whole=raw.endswith(b"\n"))
            if line is not None and line.type in ("turn.started", "text", "code.proposed", "code.decided", "output"):
                yield _text(line)


def _text(line: Line) -> str:
    try:
        event = line.event()
    except ValueError:
        return ""
    match event:
        case e.TurnStarted():
            return event.prompt
        case e.Text():
            return event.text
        case e.CodeProposed() | e.CodeDecided():
            return event.code
        case e.Output():
            return str(event.data.get("text/plain", ""))
        case _:
            return ""


def _after(known: Card, line: Line) -> Card:
    """The card after one more line."""
    try:
        event = line.event()
    except ValueError:
        return known
    known = replace(known, updated=line.time or known.updated, started=known.started or line.time)
    match event:
        case e.SessionStarted():
            return replace(known, model=event.model, attended=event.attended)
        case e.SessionResumed():
            return replace(known, attended=known.attended or event.attended)
        case e.ModelChanged():
            return replace(known, model=event.model)
        case e.TurnStarted():
            title = known.title or " ".join(event.prompt.split())[:_TITLE] or "(no words)"
            return replace(known, title=title, turns=known.turns + 1, state="cut off")
        case e.TurnFinished():
            return replace(known, state=event.reason)
        case e.HistoryUndone():
            return replace(known, turns=max(0, known.turns - event.turns))
        case e.CodeFinished():
            return replace(known, cells=known.cells + 1)
        case _:
            return known


def _kept(folder: SessionFolder) -> tuple[int, Card]:
    """How far the journal was read, and the card then; from the start where no kept card fits it."""
    nothing = (0, Card(session=folder.id))
    try:
        value = json.loads(_file(folder).read_bytes())
        read, known = value["read"], Card(**value["card"])
        fits = known.session == folder.id and 0 <= read <= folder.journal.stat().st_size
    except (OSError, ValueError, TypeError, KeyError):
        return nothing
    return (read, known) if fits else nothing


def _keep(folder: SessionFolder, read: int, known: Card) -> None:
    new = folder.path / f"card.{os.getpid()}"
    with suppress(OSError):  # without it the next list takes longer, no more
        with os.fdopen(private(new), "w", encoding="utf-8") as file:
            json.dump({"read": read, "card": asdict(known)}, file)
        new.replace(_file(folder))


def _file(folder: SessionFolder) -> Path:
    return folder.path / "card.json"
