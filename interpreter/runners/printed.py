"""What a process printed and nobody was told yet, in the order of its arrival. Reads pipes; starts no process."""

from __future__ import annotations

import asyncio
import codecs
from typing import Literal, TypeAlias

from interpreter.seams import Produced

Kind: TypeAlias = Literal["stdout", "stderr"]

READ = 65_536
"""Bytes that are taken from a pipe at once."""
_FULL = 1_000_000
"""Characters waiting to be told at which the process has to wait too."""
LATE = 1_000_000
"""Characters of background output that are told between two cells; who wants more writes it to a file."""
ENOUGH = "\n[There is more background output; it is left out.]\n"


def excess(limit: int) -> str:
    """Why nothing more is told of a cell that printed more than `limit` characters."""
    return f"it printed more than {limit // 1_000_000} MB."


def too_much(limit: int) -> str:
    """What is said of such a cell where that ended it."""
    return f"The cell was interrupted: {excess(limit)}"


class Printed:
    """Text of two streams. `news` is set while there may be something to tell; `flooded`: more than `limit` came.

    What comes after that, and what is not `wanted`, is left out.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.size = 0
        self.wanted = True
        self.flooded = asyncio.Event()
        self._limit = limit
        self._total = 0
        self.news = asyncio.Event()
        self._room = asyncio.Event()
        self._pieces: list[tuple[Kind, str]] = []

    def begin(self) -> None:
        """A new cell prints."""
        self.wanted = True
        self.flooded.clear()
        self._total = 0

    async def follow(self, kind: Kind, stream: asyncio.StreamReader) -> None:
        """Collect what comes on one stream, no faster than it is told."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while data := await stream.read(READ):
            await self.add(kind, decoder.decode(data))
        await self.add(kind, decoder.decode(b"", final=True))

    async def add(self, kind: Kind, text: str) -> None:
        """Take `text`; returns when there is room for more."""
        if not text or not self.wanted or self.flooded.is_set():
            return
        self._pieces.append((kind, text))
        self.size += len(text)
        self._total += len(text)
        self.news.set()
        if self._limit is not None and self._total > self._limit:
            self.flooded.set()
        while self.size >= _FULL:
            self._room.clear()
            await self._room.wait()

    def take(self) -> list[Produced]:
        """What waits, neighbours of one kind joined."""
        told: list[Produced] = []
        run: list[str] = []
        for index, (kind, text) in enumerate(self._pieces):
            run.append(text)
            if index + 1 == len(self._pieces) or self._pieces[index + 1][0] != kind:
                told.append(Produced(kind=kind, data={"text/plain": "".join(run)}))
                run = []
        self._pieces, self.size = [], 0
        self.news.clear()
        self._room.set()
        return told

    def complaint(self) -> list[Produced]:
        """That too much came, if it did."""
        if self._limit is None or not self.flooded.is_set():
            return []
        return [Produced(kind="error", data={"text/plain": too_much(self._limit)})]

    def give_up(self) -> None:
        """Nobody is told: what waits is left out, and what comes until the next cell."""
        self.wanted = False
        self.take()
