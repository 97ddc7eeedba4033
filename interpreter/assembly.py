"""The composition root: settings become a session with its model, runners, recorders and consumers. Asks nobody."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interpreter.errors import UsageError
from interpreter.history import History
from interpreter.limits import Limits
from interpreter.places import Places, places
from interpreter.prompt import Surroundings, brief, text_rules
from interpreter.protocols.ladder import FixedProtocol
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.journal import Journal
from interpreter.recorders.outputs import DiskKeeper
from interpreter.recorders.resume import Loaded, load
from interpreter.recorders.store import Store
from interpreter.runners.environment import workplace
from interpreter.runners.languages import LocalRunners
from interpreter.seams import Consumer, Host, Ladder, Model
from interpreter.secrets import Secrets, known
from interpreter.session import Session
from interpreter.settings import LATEST, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A session and what belongs to it. `loaded` is the kept session that it continues, if any.

    `warm` imports and starts what is slow: call it once the user can type. `close` ends everything; call it always.
    """

    session: Session
    folder: SessionFolder
    secrets: Secrets
    warm: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
    loaded: Loaded | None = None


async def assemble(
    settings: Settings,
    *,
    host: Host,
    environment: Mapping[str, str] | None = None,
    home: Places | None = None,
    interactive: bool = False,
    consumers: Sequence[Consumer] = (),
    warn: Callable[[str], None] = lambda _: None,
) -> Assembly:
    """Build everything; nothing slow is imported or started yet.

    `interactive`: a person can type into a cell. `warn` is told of survivable trouble. Raises `UsageError` if no model
    is chosen or a setting cannot be used, `StorageError` if the session cannot be kept.
    """
    environment = os.environ if environment is None else environment
    home = home or places(environment)
    secrets = known(environment, settings.api_key)
    place = workplace(
        folder=str(Path.cwd()),
        environment=environment,
        cache=home.cache,
        python=settings.python,
        memory_limit=settings.memory_limit,
        output_limit=settings.output_limit,
    )
    runners = LocalRunners(place=place, interactive=interactive, kernel=settings.kernel)
    model, ladder = _model(settings, runners)
    loaded = _loaded(settings, home)
    folder = loaded.folder if loaded else Store(home.sessions).create()
    journal = Journal(folder, secrets=secrets)
    session = Session(
        model=model,
        ladder=ladder,
        runners=runners,
        host=host,
        keeper=DiskKeeper(folder, secrets=secrets),
        consumers=(journal, *consumers),
        limits=Limits(max_steps=settings.max_steps),
        cell_timeout=settings.cell_timeout,
        id=folder.id,
        paths=folder.paths,
        history=loaded.history if loaded else History(),
    )
    if loaded:
        for warning in loaded.warnings:
            warn(warning)
        session.resumed(loaded.lost)

    async def warm() -> None:
        from interpreter.models.litellm import load as load_litellm

        await asyncio.to_thread(load_litellm)

    async def close() -> None:
        try:
            await session.close()
        finally:
            journal.close()

    return Assembly(session=session, folder=folder, secrets=secrets, warm=warm, close=close, loaded=loaded)


def _loaded(settings: Settings, home: Places) -> Loaded | None:
    if settings.resume is None:
        return None
    store = Store(home.sessions)
    return load(store.latest() if settings.resume == LATEST else store.find(settings.resume))


def _model(settings: Settings, runners: LocalRunners) -> tuple[Model, Ladder]:
    from interpreter.models.litellm import LitellmModel

    if settings.model is None:
        raise UsageError("No model is chosen. Give --model NAME.")
    where = Surroundings(folder=str(Path.cwd()), languages=runners.languages, aliases={})
    model = LitellmModel(
        settings.model,
        api_base=settings.api_base,
        api_key=settings.api_key,
        custom_llm_provider=settings.custom_llm_provider,
    )
    protocol = "tools" if settings.protocol == "auto" else settings.protocol
    return model, FixedProtocol(protocol, brief(where), rules=text_rules(where.languages))
