"""Whole outputs and pictures, kept beside the session; what becomes an event is masked and of bearable length."""

from __future__ import annotations

import base64
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from interpreter import events as e
from interpreter.errors import StorageError
from interpreter.protocols.content import shorten
from interpreter.recorders.folder import SessionFolder, private, refusal
from interpreter.recorders.longtext import HEAD, RATE, TAIL, Allowance, LongText
from interpreter.seams import Produced
from interpreter.secrets import NO_SECRETS, Secrets

DISPLAYS = 300  # values of one cell that are shown at once
DISPLAY_RATE = 2.0  # values a second that may follow them
BULK = 4_000_000  # characters of a picture or document above which an event holds the file's name alone
_PICTURES: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "image/svg+xml": "svg",
}
_TEXTS: Mapping[str, str] = {"text/plain": "txt", "text/html": "html", "text/markdown": "md", "text/latex": "tex"}


class DiskKeeper:
    """Implements `Keeper` over a session's folder. Its cells raise `StorageError` when a file cannot be written."""

    def __init__(
        self,
        folder: SessionFolder,
        *,
        secrets: Secrets = NO_SECRETS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._secrets = secrets
        self._clock = clock
        self._cells: Counter[str] = Counter()

    def cell(self, cell: str) -> DiskCellKeeper:
        """A keeper of one cell's outputs; a second one, for what comes late, has files of its own."""
        self._cells[cell] += 1
        stem = cell if self._cells[cell] == 1 else f"{cell}-late{self._cells[cell] - 1}"
        return DiskCellKeeper(cell, stem, self._folder, self._secrets, self._clock)


class DiskCellKeeper:
    """Implements `CellKeeper` for one cell."""

    def __init__(
        self, cell: str, stem: str, folder: SessionFolder, secrets: Secrets, clock: Callable[[], float]
    ) -> None:
        self._cell = cell
        self._stem = stem
        self._folder = folder
        self._secrets = secrets
        self._clock = clock
        self._texts: dict[e.OutputKind, LongText] = {}
        self._shows = Allowance(DISPLAYS, DISPLAY_RATE, clock)
        self._latest: dict[str, Produced] = {}
        self._last: list[Produced] = []
        self._names: dict[str, str] = {}
        self._values = 0

    def add(self, produced: Produced) -> Iterable[e.Output]:
        """The events for one output. What comes too often is held back; of a display with an id the last counts."""
        if produced.kind in ("stdout", "stderr"):
            return self._told(produced.kind, self._text(produced.kind).add(_plain(produced)))
        if produced.kind in ("result", "error") and any(text.holding for text in self._texts.values()):
            self._last.append(produced)  # before the tail it would stand where readers see only what is left out
            return ()
        if self._shows.take(1):
            self._latest.pop(produced.display_id or "", None)
            return (self._value(produced),)
        if produced.display_id is not None:
            self._latest[produced.display_id] = produced
            return ()
        return self._told("display", self._text("display").add(_plain(produced) + "\n"))

    def close(self) -> Iterable[e.Output]:
        """What was held back: displays as they are now, the tails with the files that hold the whole, how it ended."""
        outputs = [self._value(produced) for produced in self._latest.values()]
        for kind, text in self._texts.items():
            tail, file = text.close()
            outputs += self._told(kind, tail, file)
        outputs += [self._value(produced) for produced in self._last]
        self._latest, self._texts, self._last = {}, {}, []
        return outputs

    def _told(self, kind: e.OutputKind, text: str, file: Path | None = None) -> list[e.Output]:
        path = None if file is None else str(file)
        return [e.Output(cell=self._cell, kind=kind, data={"text/plain": text}, file=path)] if text else []

    def _text(self, kind: e.OutputKind) -> LongText:
        if kind not in self._texts:
            allowance = Allowance(0, 0, self._clock) if kind == "display" else Allowance(HEAD, RATE, self._clock)
            path = self._folder.outputs / f"{self._stem}-{kind}.txt"
            self._texts[kind] = LongText(path, self._secrets, allowance)
        return self._texts[kind]

    def _value(self, produced: Produced) -> e.Output:
        """One value. `file` is its picture, or the whole of what was shortened; the text names what else was kept."""
        name = self._name(produced)
        data: dict[str, object] = {}
        files: list[tuple[str, Path]] = []
        for media_type, given in produced.data.items():
            value = given if media_type in _PICTURES and isinstance(given, str) else self._secrets.within(given)
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            limit = HEAD + TAIL if media_type == "text/plain" else BULK
            if media_type in _PICTURES or len(text) > limit:
                path = self._kept(name, media_type, text)
                files += [] if path is None else [(media_type, path)]
            if len(text) <= limit:
                data[media_type] = value
            elif media_type == "text/plain":
                data[media_type] = shorten(text, HEAD, TAIL)
        more = files if "text/plain" not in data and not set(data) & _PICTURES.keys() else files[1:]
        if more:
            words = [f"[{media_type}: {path}]" for media_type, path in more]
            data["text/plain"] = "\n".join([*([str(data["text/plain"])] if "text/plain" in data else []), *words])
        file = str(files[0][1]) if files else None
        return e.Output(cell=self._cell, kind=produced.kind, data=data, display_id=produced.display_id, file=file)

    def _name(self, produced: Produced) -> str:
        """The stem of the value's files; an update of a display takes the place of what it updates."""
        if produced.display_id in self._names:
            return self._names[produced.display_id]
        self._values += 1
        name = f"{self._stem}-{self._values}"
        if produced.display_id is not None:
            self._names[produced.display_id] = name
        return name

    def _kept(self, name: str, media_type: str, text: str) -> Path | None:
        """The file in which one representation is kept; None if it is no valid picture."""
        if media_type in _PICTURES:
            path = self._folder.images / f"{name}.{_PICTURES[media_type]}"
        else:
            path = self._folder.outputs / f"{name}.{_TEXTS.get(media_type, 'json')}"
        try:
            content = base64.b64decode(text) if _binary(media_type) else text.encode(errors="backslashreplace")
        except ValueError:
            return None
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(private(path), "wb") as file:
                file.write(content)
        except OSError as error:
            raise StorageError(refusal(self._folder.path, error)) from error
        return path


def _binary(media_type: str) -> bool:
    return media_type in _PICTURES and media_type != "image/svg+xml"


def _plain(produced: Produced) -> str:
    value = produced.data.get("text/plain", "")
    return value if isinstance(value, str) else str(value)
