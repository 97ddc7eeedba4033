"""The composition root: settings become a session with its model, runners, recorders and consumers. Asks nobody."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interpreter.errors import UsageError
from interpreter.limits import Limits
from interpreter.places import Places, places
from interpreter.prompt import Surroundings, brief, text_rules
from interpreter.protocols.ladder import FixedProtocol
from interpreter.runners.languages import LocalRunners
from interpreter.seams import Consumer, Host, Ladder, Model
from interpreter.session import Session
from interpreter.settings import Settings
from interpreter.testing import MemoryKeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A session and what belongs to it. `warm` imports and starts what is slow; call it once the user can type."""

    session: Session
    warm: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


async def assemble(
    settings: Settings,
    *,
    host: Host,
    environment: Mapping[str, str] | None = None,
    home: Places | None = None,
    interactive: bool = False,
    consumers: Sequence[Consumer] = (),
) -> Assembly:
    """Build everything; nothing slow is imported or started yet. `interactive`: a person can type into a cell.

    Raises `UsageError` if no model is chosen or a setting cannot be used.
    """
    environment = os.environ if environment is None else environment
    home = home or places(environment)
    runners = LocalRunners(folder=str(Path.cwd()), environment=environment, interactive=interactive)
    where = Surroundings(folder=str(Path.cwd()), languages=runners.languages, aliases={})
    model, ladder = _model(settings, where)
    session = Session(
        model=model,
        ladder=ladder,
        runners=runners,
        host=host,
        keeper=MemoryKeeper(),
        consumers=consumers,
        limits=Limits(max_steps=settings.max_steps),
        cell_timeout=settings.cell_timeout,
    )

    async def warm() -> None:
        from interpreter.models.litellm import load

        await asyncio.to_thread(load)

    return Assembly(session=session, warm=warm, close=session.close)


def _model(settings: Settings, where: Surroundings) -> tuple[Model, Ladder]:
    from interpreter.models.litellm import LitellmModel

    if settings.model is None:
        raise UsageError("No model is chosen. Give --model NAME.")
    model = LitellmModel(
        settings.model,
        api_base=settings.api_base,
        api_key=settings.api_key,
        custom_llm_provider=settings.custom_llm_provider,
    )
    protocol = "tools" if settings.protocol == "auto" else settings.protocol
    return model, FixedProtocol(protocol, brief(where), rules=text_rules(where.languages))
