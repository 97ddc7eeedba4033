"""A session with a real `LitellmModel` at a scripted endpoint, its runners faked. Asserts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from interpreter import events as e
from interpreter.models.capabilities import Capabilities, Place
from interpreter.models.litellm import LitellmModel
from interpreter.models.naming import takes_functions
from interpreter.patience import Patience
from interpreter.protocols.ladder import ALL, WITHOUT_FUNCTIONS, LearnedLadder
from interpreter.session import Session
from interpreter.testing import FakeRunner, FakeRunners, MemoryKeeper, ScriptedHost, Waits
from tests.conversations import BRIEF, types


@dataclass(kw_only=True)
class Driven:
    """What one or more turns brought: all events, the code that ran, and the waits between requests."""

    events: list[e.Event]
    ran: list[str]
    waits: list[float]
    model: LitellmModel = field(repr=False)

    @property
    def finished(self) -> e.TurnFinished:
        """How the last turn ended."""
        last = self.events[-1]
        assert isinstance(last, e.TurnFinished), types(self.events)
        return last

    @property
    def answer(self) -> str:
        """The model's last words."""
        return next((event.text for event in reversed(self.events) if isinstance(event, e.Text)), "")


def drive(
    model: str,
    *prompts: str,
    base: str | None = None,
    key: str | None = "key-for-tests",
    provider: str | None = None,
    memory: Path | None = None,
    timeout: float = 30.0,
    options: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Driven:
    """Run these turns (by default one), each with approval for everything, and wait for nothing between requests."""
    runner, waits = FakeRunner(), Waits()
    place = Place(model=model, base=base or "", provider=provider or "")
    kept = Capabilities(memory).at(place) if memory else None
    rungs = ALL if takes_functions(model, api_base=base, provider=provider) else WITHOUT_FUNCTIONS
    there = LitellmModel(
        model,
        api_base=base,
        api_key=key,
        custom_llm_provider=provider,
        timeout=timeout,
        options=options,
        environment=environment if environment is not None else {},
        log=log,
    )
    session = Session(
        model=there,
        ladder=LearnedLadder(BRIEF, memory=kept, rungs=rungs, rules="To run code, write one fenced block."),
        runners=FakeRunners(python=runner, shell=FakeRunner()),
        host=ScriptedHost(),
        keeper=MemoryKeeper(),
        patience=Patience(sleep=waits),
    )

    async def all_of_them() -> list[e.Event]:
        seen: list[e.Event] = []
        for prompt in prompts or ("What is it?",):
            async with aclosing(session.run(prompt)) as events:
                seen += [event async for event in events]
        return seen

    return Driven(events=asyncio.run(all_of_them()), ran=runner.ran, waits=waits.seconds, model=there)
