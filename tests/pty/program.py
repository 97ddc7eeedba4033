"""The conversation with scripted parts, as a program of its own: `python -m tests.pty.program`. No model, no kernel.

What is asked decides what the model does (`say WORDS`, `run CODE`, `shell CODE`, `babble`, `fail`), and the code what
its cell does (`wait`, `stubborn`, `once`, `input PROMPT`, `secret PROMPT`, `late TEXT`,
`leave`); any other code is printed.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from interpreter import events as e
from interpreter.assembly import Assembly
from interpreter.commands.context import Context
from interpreter.errors import ModelError
from interpreter.places import places
from interpreter.protocols.brief import Brief
from interpreter.protocols.exchange import Chunk, Request, TokenCount
from interpreter.protocols.ladder import FixedProtocol
from interpreter.recorders.store import Store
from interpreter.renderers.plain import PlainRenderer
from interpreter.repl.loop import converse
from interpreter.repl.parts import Parts
from interpreter.seams import (
    Asked,
    Completions,
    Consumer,
    Ended,
    Happening,
    Host,
    Produced,
    Runner,
    RunnerState,
    Variable,
)
from interpreter.secrets import NO_SECRETS
from interpreter.session import Session
from interpreter.settings import Settings
from interpreter.sources import resolve
from interpreter.stop import Stop, until_stopped
from interpreter.testing import MemoryKeeper, tool_call, words

VERBS = ("say", "run", "shell", "babble", "fail", "explode")


class Parrot:
    """Implements `Model`: does what the last message says."""

    window = None

    def __init__(self, name: str = "parrot") -> None:
        self.name = name

    async def stream(self, request: Request, stop: Stop) -> AsyncGenerator[Chunk, None]:
        async for chunk in until_stopped(stop, self._answer(request)):
            yield chunk
        guessed = "guess" in str(request.messages[-1]["content"])
        yield Chunk(usage=TokenCount(tokens_in=1200, tokens_out=34, cost=0.0125, estimated=guessed))

    async def _answer(self, request: Request) -> AsyncGenerator[Chunk, None]:
        last = request.messages[-1]
        kept("requests.jsonl", json.dumps(list(request.messages)))
        paragraphs = str(last["content"]).split("\n\n")  # the user's own cells and files are told beside the message
        wish = next((text for text in paragraphs if text.split(" ")[0] in VERBS), paragraphs[0])
        verb, _, rest = wish.partition(" ")
        if last["role"] == "tool":
            verb, rest = "say", "All done."
        match verb:
            case "run" | "shell":
                language = "python" if verb == "run" else "shell"
                chunks: Sequence[Chunk] = tool_call(json.dumps({"language": language, "code": rest}))
            case "fail":
                raise ModelError("The endpoint is out of order. Ask again with /retry.", fault="policy")
            case "explode":
                raise RuntimeError("as the test wished")
            case "babble":
                for number in range(10_000_000):
                    yield Chunk(text=f"word{number} ")
                    await asyncio.sleep(0.02)
                return
            case _:
                chunks = words(rest or verb)
        for chunk in chunks:
            yield chunk


class Mini:
    """Implements `Runner` and `Inspectable` without a process."""

    def __init__(self, late: Callable[[Produced], None]) -> None:
        self.state: RunnerState = "idle"
        self.names = ("answer",)
        self._did: list[str] = []
        self._late = late
        self._answers: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        kept("ran.txt", code)
        self._did.append(code)
        verb, _, rest = code.partition(" ")
        self.state = "busy"
        if verb in ("wait", "stubborn"):
            yield text(f"{verb}ing")
            await stop.wait()
            self.state = "busy" if verb == "stubborn" else "idle"
            yield Ended(status="interrupted")
            return
        if verb == "slow":
            yield text("slowly")
            await stop.wait()
            yield text("ending")
            await asyncio.sleep(0.5)  # as a runner that lets go of a cell that does not end
            self.state = "busy"
            yield Ended(status="interrupted")
            return
        if verb in ("input", "secret"):
            yield Asked(prompt=f"{rest}: ", secret=verb == "secret")
            answering = asyncio.ensure_future(self._answers.get())
            stopping = asyncio.ensure_future(stop.wait())
            await asyncio.wait({answering, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            yield text(f"got {answering.result() if answering.done() else 'nothing'!r}")
        elif verb == "once" and self._did.count(code) > 1:
            self.state = "idle"
            yield Ended(status="error")
            return
        elif verb == "leave":
            self.state = "absent"
            yield Ended(status="ok")
            return
        elif verb == "late":
            asyncio.get_running_loop().call_later(0.3, self._late, text(rest))
        else:
            yield text(code)
        self.state = "idle"
        yield Ended(status="interrupted" if stop.is_set else "ok")

    async def answer(self, text: str | None) -> None:
        kept("typed.txt", str(text))
        self._answers.put_nowait(text)

    async def restart(self) -> None:
        self.state = "idle"

    async def close(self) -> None:
        kept("closed.txt", "closed")

    async def variables(self) -> tuple[Variable, ...]:
        return (Variable(name="answer", type="int", summary="42", size=28),)

    async def complete(self, code: str, cursor: int) -> Completions:
        return Completions(matches=("os.getcwd", "os.getpid"), start=0, end=cursor)

    async def inspect(self, code: str, cursor: int) -> str:
        return f"help on {code!r} at {cursor}"


class Slow(PlainRenderer):
    """After `until a key comes` it still draws, until one does."""

    def __call__(self, event: e.Event) -> None:
        super().__call__(event)
        if isinstance(event, e.Output) and event.data.get("text/plain") == "until a key comes\n":
            self.settle()
            select.select([sys.stdin], [], [], 60)


class Minis:
    """Implements `Runners`."""

    languages = ("python", "shell")

    def __init__(self) -> None:
        self._late: Callable[[str, Produced], None] = lambda *_: None
        self._made = {name: Mini(lambda produced, name=name: self._late(name, produced)) for name in self.languages}  # type: ignore[misc]

    def resolve(self, name: str) -> str | None:
        return name if name in self.languages else None

    def get(self, language: str) -> Runner:
        return self._made[language]

    def listen(self, late: Callable[[str, Produced], None]) -> None:
        self._late = late

    async def close(self) -> None:
        for runner in self._made.values():
            await runner.close()


def text(words: str) -> Produced:
    """A printed line."""
    return Produced(kind="stdout", data={"text/plain": f"{words}\n"})


def kept(name: str, line: str) -> None:
    """Write down for the test what happened."""
    with (Path(os.environ["INTERPRETER_HOME"]) / name).open("a") as file:
        file.write(f"{line}\n")


async def build(settings: Settings, *, host: Host, consumers: Sequence[Consumer], warn: object) -> Assembly:
    """As `assemble`, with the scripted parts."""
    folder = Store(places(os.environ).sessions).create()
    ladder = FixedProtocol("tools", Brief(system="Obey.", languages=Minis.languages))
    session = Session(
        model=Parrot(),
        ladder=ladder,
        runners=Minis(),
        host=host,
        keeper=MemoryKeeper(),
        consumers=consumers,
        id=folder.id,
    )

    async def warm() -> None:
        kept("lives.txt", "begins")
        if "START_EXPLODES" in os.environ:
            raise RuntimeError("as the test wished")

    async def nothing() -> None:
        return None

    async def close() -> None:
        await session.close()
        kept("lives.txt", "ends")

    async def switch(name: str, base: str | None) -> None:
        session.switch(Parrot(name), ladder)

    return Assembly(
        session=session,
        folder=folder,
        secrets=NO_SECRETS,
        warm=warm,
        warm_model=nothing,
        close=close,
        switch=switch,
    )


def main() -> int:
    """Converse; flags are not read, variables are."""
    home = places(os.environ)
    settings = resolve(flags={}, environment=os.environ, file=home.settings)
    yes = "SAY_YES" in os.environ
    return converse(
        Context(
            settings=replace(settings, yes=yes),
            places=home,
            environment=os.environ,
            out=sys.stdout,
            err=sys.stderr,
            interactive=True,
        ),
        parts=Parts(model="parrot", environment=os.environ, build=build, draw=lambda _: Slow(sys.stdout, sys.stdout)),
    )


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
