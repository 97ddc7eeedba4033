"""Scripted conversations that several tests share. Builds sessions from the shipped fakes; asserts nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing

from interpreter import events as e
from interpreter.events import ProtocolName
from interpreter.history import History
from interpreter.limits import Limits
from interpreter.patience import Patience
from interpreter.protocols.brief import Brief
from interpreter.protocols.exchange import Message, TokenCount
from interpreter.protocols.ladder import FixedProtocol
from interpreter.seams import Consumer, Host, Keeper, Ladder, Runners
from interpreter.session import Session
from interpreter.testing import Answer, FakeRunners, MemoryKeeper, ScriptedHost, ScriptedModel, Waits

BRIEF = Brief(system="Be brief.", languages=("python", "shell"), aliases=(("py", "python"), ("bash", "shell")))


def arguments(code: str, language: str = "python") -> str:
    """The arguments of a call, as JSON."""
    return json.dumps({"language": language, "code": code})


def session(
    *answers: Answer,
    protocol: ProtocolName = "tools",
    host: Host | None = None,
    runners: Runners | None = None,
    consumers: tuple[Consumer, ...] = (),
    limits: Limits | None = None,
    keeper: Keeper | None = None,
    ladder: Ladder | None = None,
    usage: TokenCount | None = None,
    window: int | None = None,
    waits: Waits | None = None,
    history: History | None = None,
    background_after: float | None = None,
) -> tuple[Session, ScriptedModel]:
    """A session of fakes, and its model, which holds the requests."""
    model = ScriptedModel(*answers, usage=usage, window=window)
    made = Session(
        model=model,
        ladder=ladder or FixedProtocol(protocol, BRIEF),
        runners=runners or FakeRunners(),
        host=host or ScriptedHost(),
        keeper=keeper or MemoryKeeper(),
        consumers=consumers,
        limits=limits or Limits(),
        patience=Patience(sleep=waits or Waits()),
        history=history or History(),
        background_after=background_after,
    )
    return made, model


def turns(made: Session, *prompts: str, on_event: Callable[[e.Event], None] | None = None) -> list[e.Event]:
    """All events of these turns, in order; `on_event` is called after each."""

    async def all_of_them() -> list[e.Event]:
        seen: list[e.Event] = []
        for prompt in prompts:
            async with aclosing(made.run(prompt)) as events:
                async for event in events:
                    seen.append(event)
                    if on_event is not None:
                        on_event(event)
        return seen

    return asyncio.run(all_of_them())


def types(events: list[e.Event]) -> list[str]:
    """Their wire names."""
    return [event.type for event in events]


def last_messages(model: ScriptedModel, count: int) -> tuple[Message, ...]:
    """The last messages of the last request."""
    return model.requests[-1].messages[-count:]
