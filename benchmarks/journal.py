"""How long it takes to list, search, fork and resume a journal of 100,000 events, and what a million lines cost.

Long outputs are included: a session of 910 turns, each with a cell that printed 180 kB. The first list reads the
journal, later ones go on from the card beside it. A plain read of the same file is the yardstick.

    python benchmarks/journal.py [--events 100000]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interpreter import events as e
from interpreter.recorders.forking import fork
from interpreter.recorders.journal import Journal
from interpreter.recorders.lines import written
from interpreter.recorders.outputs import DiskKeeper
from interpreter.recorders.resume import load
from interpreter.recorders.store import Store
from interpreter.seams import Produced
from interpreter.wire import now

PER_TURN = 109  # events


def turn(number: int) -> Iterator[e.Event]:
    """One turn: deltas, words, and a cell with 60 long outputs."""
    cell = f"c{number}"
    yield e.TurnStarted(prompt=f"Question {number}")
    yield e.StepStarted(step=1, model="scripted", protocol="tools")
    for _ in range(20):
        yield e.TextDelta(text="word ")
    yield e.Text(text="word " * 20)
    yield e.CodeProposed(cell=cell, language="python", code="print('x' * 3000)")
    yield e.CodeDecided(cell=cell, decision="run", code="print('x' * 3000)")
    for _ in range(60):
        yield e.Output(cell=cell, kind="stdout", data={"text/plain": "x" * 3000})
    yield e.CodeFinished(cell=cell, status="ok", seconds=1.0)
    yield e.StepStarted(step=2, model="scripted", protocol="tools")
    for _ in range(20):
        yield e.TextDelta(text="word ")
    yield e.Text(text="word " * 20)
    yield e.TurnFinished(reason="done")


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Tell how long the block took."""
    began = time.perf_counter()
    yield
    tell(f"{what}: {time.perf_counter() - began:.2f} s")


def tell(text: str) -> None:
    """One line of the report."""
    sys.stdout.write(f"{text}\n")


def read(path: Path) -> None:
    """Read a file without keeping it."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


def printing(store: Store) -> None:
    """A cell that prints a million lines, in the pieces that a kernel sends."""
    keeper = DiskKeeper(store.create()).cell("c1")
    pieces = ["".join(f"line {number}\n" for number in range(start, start + 500)) for start in range(0, 1_000_000, 500)]
    began, shown = time.process_time(), 0
    for piece in pieces:
        for output in keeper.add(Produced(kind="stdout", data={"text/plain": piece})):
            shown += len(str(output.data))
    shown += sum(len(str(output.data)) for output in keeper.close())
    tell(f"a million printed lines: {time.process_time() - began:.2f} s of CPU, {shown} of their characters in events")


async def appending(store: Store) -> None:
    """Deltas as fast as they can be kept."""
    journal = Journal(store.create())
    began = time.perf_counter()
    for _ in range(20_000):
        journal(e.TextDelta(text="word "))
    tell(f"append one delta: {(time.perf_counter() - began) / 20_000 * 1e6:.0f} µs")
    began = time.perf_counter()
    for _ in range(100):
        journal(e.CodeFinished(cell="c1", status="ok", seconds=1.0))
    tell(f"append one event that is synced: {(time.perf_counter() - began) / 100 * 1e3:.1f} ms")
    journal.close()


def main() -> None:
    """Build, measure, tell."""
    parser = argparse.ArgumentParser(description="Measure the journal.")
    parser.add_argument("--events", type=int, default=100_000)
    turns = -(-parser.parse_args().events // PER_TURN)
    with tempfile.TemporaryDirectory() as root:
        store = Store(Path(root) / "sessions")
        folder = store.create()
        events = (event for number in range(1, turns + 1) for event in turn(number))
        with folder.journal.open("w", encoding="utf-8") as file:
            begun = written(e.SessionStarted(session=folder.id, model="scripted"), seq=1, time=now())
            file.write(begun)
            file.writelines(written(event, seq=seq, time=now()) for seq, event in enumerate(events, 2))
        tell(f"journal: {turns * PER_TURN + 1} events, {folder.journal.stat().st_size / 1e6:.0f} MB, {turns} turns")
        with timed("plain read of the file"):
            read(folder.journal)
        with timed("first list"):
            store.cards()
        with timed("later list"):
            store.cards()
        with timed("search for a word that is nowhere"):
            store.search(["nowhere"])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with timed("resume"):
            load(folder)
        tell(f"resume: {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000:.0f} MB more memory")
        with timed("fork at the middle"):
            fork(store, folder, turns // 2)
        asyncio.run(appending(store))
        printing(store)


if __name__ == "__main__":
    main()
