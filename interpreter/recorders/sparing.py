"""The outputs of a kept session that a history needs, chosen before any is parsed: each cell's first and last."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from interpreter import events as e
from interpreter.recorders.lines import Line

HEAD = TAIL = 24_000  # bytes at each end of a cell's outputs: several times what a model is sent of them
FRAME = 150  # bytes of a line that are not the output itself
PICTURE = 2_000  # what a picture counts for: it goes beside the text, and its size says nothing of its worth

_CELL = re.compile(rb'"type":"output","cell":"([^"\\]*)"')
_DISPLAY = re.compile(rb'"display_id":(null|"(?:[^"\\]|\\.)*"),"file":(?:null|"(?:[^"\\]|\\.)*")\}$')


class _Outputs:
    """The output lines of one cell; a display's newest state takes the place of its older ones, as in a history."""

    def __init__(self) -> None:
        self.head: dict[object, Line] = {}
        self.tail: OrderedDict[object, Line] = OrderedDict()
        self.left_out = 0
        self._room = HEAD
        self._tail_size = 0

    def add(self, line: Line) -> None:
        display = _DISPLAY.search(line.raw[-1000:])
        key: object = display[1] if display and display[1] != b"null" else line.number
        if key in self.head:
            self.head[key] = line
            return
        size = _size(line)
        if not self.tail and (size <= self._room or not self.head):
            self.head[key] = line
            self._room -= size
            return
        self._tail_size += size - (_size(self.tail[key]) if key in self.tail else 0)
        self.tail[key] = line
        while self._tail_size > TAIL and len(self.tail) > 1:
            self._tail_size -= _size(self.tail.popitem(last=False)[1])
            self.left_out += 1


def _size(line: Line) -> int:
    """What a line counts for."""
    size = max(len(line.raw) - FRAME, 5)
    return min(size, PICTURE) if b'"image/' in line.raw[:400] else size


def sparing(lines: Iterable[Line]) -> Iterator[Line | e.Output]:
    """`lines`, where the middle of a cell's many outputs is one output that says how many were left out."""
    cells: dict[str, _Outputs] = {}
    for line in lines:
        cell = _CELL.search(line.raw, 0, 200) if line.type == "output" else None
        if cell is not None:
            cells.setdefault(cell[1].decode(errors="replace"), _Outputs()).add(line)
            continue
        yield from _spared(cells)
        yield line
    yield from _spared(cells)


def _spared(cells: dict[str, _Outputs]) -> Iterator[Line | e.Output]:
    for cell, outputs in cells.items():
        yield from outputs.head.values()
        if outputs.left_out:
            words = f"\n[… {outputs.left_out} outputs left out: they are in the journal …]\n"
            yield e.Output(cell=cell, kind="stdout", data={"text/plain": words})
        yield from outputs.tail.values()
    cells.clear()
