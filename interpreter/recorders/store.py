"""All kept sessions: made, found, listed, searched, deleted. Writes no event and holds no session open."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from interpreter.errors import StorageError, UsageError
from interpreter.recorders.cards import Card, card, mentions
from interpreter.recorders.folder import SessionFolder, refusal


class Store:
    """The sessions under `root`, which may not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self) -> SessionFolder:
        """A new session's folder, for its owner alone. Raises `StorageError` if it cannot be made.

        The id is the time in UTC, so ids sort by age; sessions of one second get a number.
        """
        stamp = datetime.now(UTC).strftime("%y%m%d-%H%M%S")
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for number in count(1):
                path = self.root / (stamp if number == 1 else f"{stamp}-{number}")
                try:
                    path.mkdir(mode=0o700)
                except FileExistsError:
                    continue
                return SessionFolder(path=path)
        except OSError as error:
            raise StorageError(refusal(self.root, error)) from error
        raise AssertionError

    def all(self) -> tuple[SessionFolder, ...]:
        """Every session that has a journal, the newest first."""
        try:
            found = [SessionFolder(path=path) for path in self.root.iterdir()]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StorageError(f"Cannot read {self.root}: {error.strerror or error}.") from error
        return tuple(sorted((folder for folder in found if folder.journal.is_file()), key=_age, reverse=True))

    def cards(self) -> tuple[Card, ...]:
        """The card of every session in which something was asked or run, the last written to first.

        A session whose journal cannot be read is not listed.
        """
        cards: list[Card] = []
        for folder in self.all():
            with suppress(StorageError):
                cards.append(card(folder))
        return tuple(sorted((made for made in cards if not made.empty), key=lambda made: made.updated, reverse=True))

    def search(self, words: Sequence[str]) -> tuple[tuple[Card, str], ...]:
        """The cards of the sessions in which each of `words` occurs, with a line that holds the first of them."""
        found = ((made, mentions(self.folder(made.session), tuple(words))) for made in self.cards())
        return tuple((made, line) for made, line in found if line is not None)

    def latest(self, *, attended: bool = False) -> SessionFolder:
        """The session that was written to last, with `attended` the last at which a person was, if there is one.

        Raises `UsageError` if there is no session.
        """
        cards = self.cards()
        if not cards:
            raise UsageError("There is no session to resume yet.")
        theirs = [made for made in cards if made.attended] if attended else []
        return self.folder((theirs or cards)[0].session)

    def folder(self, session: str) -> SessionFolder:
        """The folder of the session with this id, whether it exists or not."""
        return SessionFolder(path=self.root / session)

    def matching(self, text: str) -> tuple[SessionFolder, ...]:
        """The session with the id `text`, else all whose id, or the time of day in it, begins with `text`."""
        folders = self.all()
        exact = tuple(folder for folder in folders if folder.id == text)
        return exact or tuple(
            folder
            for folder in folders
            if text and (folder.id.startswith(text) or folder.id.partition("-")[2].startswith(text))
        )

    def find(self, text: str) -> SessionFolder:
        """The one session that `text` names. Raises `UsageError` if none does, or several do."""
        found = self.matching(text)
        if not found:
            raise UsageError(f"There is no session {text!r}. `interpreter sessions` lists them.")
        if len(found) > 1:
            ids = ", ".join(folder.id for folder in found[:5])
            raise UsageError(f"{len(found)} sessions begin with {text!r}: {ids}. Type more of the id.")
        return found[0]

    def delete(self, folder: SessionFolder) -> None:
        """Remove the session with its files. Raises `StorageError` if a program or kernel has it, or it cannot go."""
        with folder.lock():
            pass
        if any(folder.kernel.glob("*.json")):
            words = f"Session {folder.id} left a kernel running. End it first: interpreter attach --stop {folder.id}"
            raise StorageError(words)
        try:
            shutil.rmtree(folder.path)
        except OSError as error:
            raise StorageError(f"Cannot delete {folder.path}: {error.strerror or error}.") from error

    def retain(self, *, days: float | None = None, size: int | None = None) -> tuple[str, ...]:
        """Delete the sessions that were last written to more than `days` ago, and the oldest until all others take
        at most `size` bytes. The ids of those that went; one that a program has open stays.
        """
        gone: list[str] = []
        limit = "" if days is None else _ago(days)
        total = 0
        for old in self.cards():
            total += old.size
            if old.updated < limit or (size is not None and total > size):
                with suppress(StorageError):
                    self.delete(self.folder(old.session))
                    gone.append(old.session)
                    total -= old.size
        return tuple(gone)


def _ago(days: float) -> str:
    """The time so many days ago, in ISO form; never before this kind of clock begins."""
    return datetime.fromtimestamp(max(0.0, time.time() - days * 86400), UTC).isoformat()


def _age(folder: SessionFolder) -> tuple[str, int]:
    day, _, rest = folder.id.partition("-")
    clock, _, number = rest.partition("-")
    return f"{day}-{clock}", int(number) if number.isdigit() else 0
