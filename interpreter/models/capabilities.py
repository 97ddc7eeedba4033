"""What was learnt of endpoints, kept in one small file between sessions: read, shown, forgotten. Decides nothing.

The file is a convenience: one that cannot be read counts as empty, one that cannot be written is not written.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from interpreter.events import ProtocolName
from interpreter.models.naming import shown
from interpreter.protocols.learnt import Learnt

AGE = timedelta(days=60)
"""After so long an entry no longer counts: servers are updated, and learning costs one request."""

_STALE = 10.0  # seconds after which a writer that left its new file behind is taken for dead
_PATIENCE = 2.0  # seconds to wait for another writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which endpoint: provider, base and model, each as the user named it, empty where they did not."""

    model: str
    base: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One entry of the file: when it was learnt, of which endpoint, and what."""

    place: Place
    learnt: Learnt
    day: date


def today() -> date:
    """This day, in the clock of this machine."""
    return datetime.now().astimezone().date()


class Capabilities:
    """The file at `path`. Safe with several processes: each change reads, changes and replaces the file alone."""

    def __init__(self, path: Path, *, day: Callable[[], date] = today) -> None:
        self._path = path
        self._day = day

    def known(self) -> tuple[Known, ...]:
        """All that still counts, in the order in which it was learnt."""
        oldest = self._day() - AGE
        return tuple(known for known in self._read() if known.day >= oldest)

    def at(self, place: Place) -> EndpointMemory:
        """What is known of one endpoint, as the `Memory` of a ladder. A password in its base is not kept."""
        return EndpointMemory(self, replace(place, base=shown(place.base)))

    def keep(self, place: Place, learnt: Learnt) -> None:
        """Put `learnt` in the place of what was known there."""
        new = Known(place=place, learnt=learnt, day=self._day())
        self._change(lambda known: (*(one for one in known if one.place != place), new))

    def forget(self, place: Place | None = None) -> int:
        """Forget one endpoint, or all; how many entries went."""
        before = len(self._read())
        self._change(lambda known: tuple(one for one in known if place is not None and one.place != place))
        return before - len(self._read())

    def _read(self) -> tuple[Known, ...]:
        try:
            entries = json.loads(self._path.read_text(encoding="utf-8"))["endpoints"]
        except (OSError, ValueError, KeyError, TypeError):
            return ()
        return tuple(known for entry in entries if (known := _known(entry))) if isinstance(entries, list) else ()

    def _change(self, change: Callable[[tuple[Known, ...]], tuple[Known, ...]]) -> None:
        with suppress(OSError), self._writing() as file:
            entries = [{**asdict(one), "day": one.day.isoformat()} for one in change(self._read())]
            file.write_text(json.dumps({"endpoints": entries}, indent=1) + "\n", encoding="utf-8")

    @contextmanager
    def _writing(self) -> Iterator[Path]:
        """The file's successor, which is also the lock: only one process can create it. Raises `OSError`."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        give_up = time.monotonic() + _PATIENCE
        while True:
            try:
                os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                break
            except FileExistsError:
                with suppress(FileNotFoundError):
                    if time.time() - new.stat().st_mtime > _STALE:
                        new.unlink()
                        continue
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.01)
        try:
            yield new
            new.replace(self._path)  # from here on a new file beside it is another's
        except BaseException:
            new.unlink(missing_ok=True)
            raise


class EndpointMemory:
    """Implements `Memory` for one endpoint."""

    def __init__(self, capabilities: Capabilities, place: Place) -> None:
        self._capabilities = capabilities
        self._place = place

    def known(self) -> Known | None:
        """What is known of it, and since when."""
        return next((known for known in self._capabilities.known() if known.place == self._place), None)

    def recall(self) -> Learnt | None:
        """What is known of it."""
        known = self.known()
        return known.learnt if known else None

    def keep(self, learnt: Learnt) -> None:
        """Write it into the file."""
        self._capabilities.keep(self._place, learnt)


def _known(entry: Any) -> Known | None:
    """The entry as a value; None for one that another release, or a hand, wrote otherwise."""
    names = {field.name for field in fields(Learnt)}
    try:
        told = {name: value for name, value in entry["learnt"].items() if name in names}
        learnt = Learnt(**{**told, "without": tuple(map(str, told.get("without", ())))})
        place = Place(**{name: str(value) for name, value in entry["place"].items()})
        known = Known(place=place, learnt=learnt, day=date.fromisoformat(entry["day"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    whole = learnt.protocol in get_args(ProtocolName) and isinstance(learnt.window, int | None)
    return known if whole else None
