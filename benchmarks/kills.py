"""Kills a working session at random moments and looks for what was lost. Ends with the count of kills and losses.

A child process drives a real session (scripted model, fake runner, real journal and keeper) and writes each event it
shows to a pipe. It is killed with SIGKILL while it writes; the next child resumes the same session, and is killed too.
After each kill: the journal holds every event that was shown, in order; the session resumes; nothing of it is run
again; and what the model is sent next holds the output of every finished cell.

    python benchmarks/kills.py [--kills 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from interpreter import wire
from interpreter.history import History
from interpreter.protocols.brief import Brief
from interpreter.protocols.exchange import Chunk, Request
from interpreter.protocols.ladder import FixedProtocol
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.journal import Journal
from interpreter.recorders.lines import lines
from interpreter.recorders.outputs import DiskKeeper
from interpreter.recorders.resume import load
from interpreter.seams import Ended, Happening, Produced
from interpreter.session import Session
from interpreter.stop import Stop
from interpreter.testing import FakeRunner, FakeRunners, ScriptedHost, ScriptedModel, tool_call, words

LIVES = 20  # how often one session is killed before the next begins
LONGEST = 200  # lines of a child that are read at most before it is killed
BRIEF = Brief(system="Be brief.", languages=("python",), aliases=())


def script(code: str) -> Iterable[Happening]:
    """What a cell prints: its own code three times; every fifth one raises."""
    for part in range(3):
        yield Produced(kind="stdout", data={"text/plain": f"{code} part {part}\n"})
    if code.endswith("5)"):
        yield Produced(kind="error", data={"text/plain": f"ValueError: {code}"})
        yield Ended(status="error")


class Slow(ScriptedModel):
    """A scripted model that streams like a real one: piece by piece, with pauses."""

    async def stream(self, request: Request, stop: Stop) -> Any:
        """The scripted reply, with a pause before each piece."""
        async with aclosing(super().stream(request, stop)) as chunks:
            async for chunk in chunks:
                await asyncio.sleep(0.0005)
                yield chunk


def session(folder: SessionFolder, model: ScriptedModel, runner: FakeRunner) -> tuple[Session, Journal]:
    """The session in `folder`, new or resumed."""
    journal = Journal(folder)
    loaded = load(folder)
    made = Session(
        model=model,
        ladder=FixedProtocol("tools", BRIEF),
        runners=FakeRunners(python=runner),
        host=ScriptedHost(),
        keeper=DiskKeeper(folder),
        consumers=(journal,),
        id=folder.id,
        paths=folder.paths,
        history=loaded.history,
    )
    if loaded.history != History():
        made.resumed(loaded.lost)
    return made, journal


def child(folder: SessionFolder, life: int) -> None:
    """Turn after turn, each event written to stdout once it is shown, until killed."""
    replies: list[tuple[Chunk, ...]] = []
    for turn in range(100):
        said = tuple(Chunk(text=f"word{life}-{turn}-{word} ") for word in range(5))
        code = json.dumps({"language": "python", "code": f"work({life}, {turn})"})
        replies += [(*said, *tool_call(code, id=f"call-{life}-{turn}")), (*said, *words("Done."))]

    async def work() -> None:
        made, _ = session(folder, Slow(*replies), FakeRunner(script))
        for turn in range(100):
            async with aclosing(made.run(f"Do {life}-{turn}.")) as events:
                async for event in events:
                    sys.stdout.write(wire.to_json(event) + "\n")
                    sys.stdout.flush()

    asyncio.run(work())


def killed(folder: SessionFolder, life: int, chance: random.Random) -> list[dict[str, Any]]:
    """The events that a child showed before it was killed at a random moment."""
    command = [sys.executable, __file__, "--child", str(folder.path), str(life)]
    shown: list[bytes] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        shown += [process.stdout.readline() for _ in range(chance.randrange(1, LONGEST))]
        time.sleep(chance.random() * 0.002)
        process.kill()
        shown += process.stdout.readlines()
    return [json.loads(line) for line in shown if line.endswith(b"\n")]


def losses(folder: SessionFolder, shown: list[dict[str, Any]]) -> Iterator[str]:
    """What was shown and is not in the journal, or not in the next request to the model."""
    kept = [json.loads(line.raw) for line in lines(folder.journal)]
    rest = iter([{key: value for key, value in event.items() if key not in ("seq", "time")} for event in kept])
    yield from (f"not in the journal: {event}" for event in shown if not any(event == other for other in rest))
    if [event["seq"] for event in kept] != list(range(1, len(kept) + 1)):
        yield "the journal's numbers have gaps"
    model, runner = ScriptedModel(words("Here I am.")), FakeRunner()
    asyncio.run(resumed(folder, model, runner))
    if runner.ran:
        yield f"run again: {runner.ran}"
    sent = json.dumps(model.requests[-1].messages)
    finished = {event["cell"] for event in kept if event["type"] == "code.finished"}
    outputs = [event for event in kept if event["type"] == "output" and event["cell"] in finished]
    for event in outputs:
        text = event["data"]["text/plain"].strip()
        if json.dumps(text)[1:-1] not in sent:
            yield f"not sent to the model: {text}"


async def resumed(folder: SessionFolder, model: ScriptedModel, runner: FakeRunner) -> None:
    """One more turn of the session, without code."""
    made, journal = session(folder, model, runner)
    try:
        async with aclosing(made.run("Are you there?")) as events:
            async for _ in events:
                pass
    finally:
        journal.close()


def main() -> int:
    """Kill, look, count."""
    parser = argparse.ArgumentParser(description="Kill a working session and look for what was lost.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "LIFE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(SessionFolder(path=Path(given.child[0])), int(given.child[1]))
        return 0
    chance, lost, events = random.Random(given.seed), 0, 0  # noqa: S311 - moments, not secrets
    with tempfile.TemporaryDirectory() as root:
        for life in range(given.kills):
            folder = SessionFolder(path=Path(root) / f"session-{life // LIVES}")
            if life % LIVES == 0:
                folder.path.mkdir()
                shown: list[dict[str, Any]] = []
            shown += killed(folder, life, chance)
            events += len(shown)
            for loss in losses(folder, shown):
                lost += 1
                sys.stdout.write(f"kill {life + 1}: {loss}\n")
    sys.stdout.write(f"kills: {given.kills}; events compared: {events}; losses: {lost}\n")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
