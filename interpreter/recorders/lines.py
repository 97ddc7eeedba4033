"""A journal's lines: an event with its `seq` and `time`. What kind of line it is can be told without parsing it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from interpreter import events as e
from interpreter import wire
from interpreter.errors import StorageError

_START = re.compile(rb'\{"seq":(\d{1,18}),"time":"([0-9TZ:.+-]*)","type":"([a-z_.]+)"')
_MOST = 10**18
"""A number of a line that is higher is none of ours."""
KNOWN = frozenset(str(kind.__dataclass_fields__["type"].default) for kind in get_args(e.Event))
"""Every wire name this version knows."""


def unheard(_: str) -> None:
    """Take a warning that nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as it stands in the file, without its newline; `number` counts from 1."""

    raw: bytes
    number: int
    seq: int
    time: str
    type: str

    def event(self) -> e.Event:
        """The event. Raises `ValueError` if this version cannot read it."""
        return wire.from_json(self.raw)


def written(event: e.Event, *, seq: int, time: str) -> str:
    """`event` as a line of a journal, with its newline."""
    return f'{{"seq":{seq},"time":"{time}",{wire.to_json(event)[1:]}\n'


def renumbered(line: Line, seq: int) -> bytes:
    """`line` with another number, everything else as it was, and a newline."""
    return re.sub(rb'^\{"seq":\d+', b'{"seq":%d' % seq, line.raw, count=1) + b"\n"


def lines(path: Path, warn: Callable[[str], None] = unheard) -> Iterator[Line]:
    """The lines of the journal at `path`. One that is cut off or damaged is left out, and `warn` is told.

    Raises `StorageError` if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                line = parsed(raw.rstrip(b"\r\n"), number, whole=raw.endswith(b"\n"))
                if line is not None:
                    yield line
                elif raw.endswith(b"\n"):
                    warn(f"Line {number} of {path} is damaged and was left out.")
                else:
                    warn(
                        f"The last line of {path} was cut off and is left out: the program was ended while writing it."
                    )
    except OSError as error:
        raise StorageError(f"Cannot read the journal {path}: {error.strerror or error}.") from error


def parsed(raw: bytes, number: int, *, whole: bool) -> Line | None:
    """`raw` as a line, None if it is none. One with its newline (`whole`) is not parsed where its start says enough."""
    start = _START.match(raw)
    if start is not None and whole and raw.endswith(b"}"):
        seq, time, kind = start.groups()
        return Line(raw=raw, number=number, seq=int(seq), time=time.decode(), type=kind.decode())
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return None
    seq, time = value.get("seq"), value.get("time")
    return Line(
        raw=raw,
        number=number,
        seq=seq if isinstance(seq, int) and abs(seq) < _MOST else number,
        time=time if isinstance(time, str) else "",
        type=value["type"],
    )
