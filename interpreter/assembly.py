"""The composition root: settings become a session with its model, runners, recorders and consumers. Asks nobody."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from interpreter.answering import Answerer, answerer
from interpreter.choosing import Choice, Remote, choose, settled, switched
from interpreter.events import ModelChanged
from interpreter.executing import Execution, execution
from interpreter.keys import secrets_of, with_kept
from interpreter.limits import Limits
from interpreter.models.undivided import Undivided
from interpreter.notebooks.kernels import notebook_kernel
from interpreter.opening import beginning
from interpreter.places import Places, places
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.resume import Loaded, lost
from interpreter.recording import Records, opened
from interpreter.runners import kept
from interpreter.runners.kernelspecs import data_folders
from interpreter.runners.pythons import choose as choose_python
from interpreter.seams import Consumer, Host
from interpreter.secrets import Secrets
from interpreter.session import Session
from interpreter.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A session and what belongs to it.

    `warm` and `warm_model` import and start what is slow, of what runs code and of what answers: call them once the
    user can type. `close` ends everything; call it always.
    `switch` lets another model answer from the next request on: its name, and its endpoint where that is another one.
    """

    session: Session
    folder: SessionFolder
    secrets: Secrets
    warm: Callable[[], Awaitable[None]]
    warm_model: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
    switch: Callable[[str, str | None], Awaitable[None]]


async def assemble(
    settings: Settings,
    *,
    host: Host,
    environment: Mapping[str, str] | None = None,
    home: Places | None = None,
    choice: Choice | None = None,
    interactive: bool = False,
    consumers: Sequence[Consumer] = (),
    warn: Callable[[str], None] = lambda _: None,
) -> Assembly:
    """Build everything; nothing slow is imported or started yet.

    `choice` is the model where it was chosen before; `interactive`: a person can type into a cell. `warn` is told of
    survivable trouble. Raises `UsageError` if no model is chosen or a setting cannot be used, `StorageError` if the
    session cannot be kept.
    """
    environment = os.environ if environment is None else environment
    home = home or places(environment)
    keyed = with_kept(environment, home.keys)
    secrets = secrets_of(settings, keyed)
    choice = choice or await choose(settings, home, keyed)
    settings = settled(settings, choice)
    begun = beginning(settings, environment, warn)
    settings = begun.settings
    kernel = notebook_kernel(settings.kernel, _python(settings, environment), data_folders(environment))
    records = opened(settings, home, secrets, kernel=kernel, begun=begun.events, attended=interactive, warn=warn)
    try:
        there = await execution(settings, home, environment, records.folder, interactive=interactive, warn=warn)
        answering = _whole(answerer(choice, settings, home, keyed, there.where), secrets)
    except BaseException:
        await records.close()
        raise
    session = _session(settings, answering, there, records, host=host, consumers=consumers, attended=interactive)
    if records.loaded:
        _go_on(session, records.loaded, there.alive, "" if settings.resume else settings.notebook or "", warn)

    async def switch(name: str, base: str | None) -> None:
        nonlocal answering, settings
        other = switched(settings, name, base)
        before, answering = answering, _whole(answerer(Remote(model=name), other, home, keyed, there.where), secrets)
        settings = other
        session.switch(answering.model, answering.ladder, attach=answering.attach)
        await before.close()

    async def warm_model() -> None:
        await answering.warm()

    async def close() -> None:
        await _closed(session, answering, records, warn)

    return Assembly(
        session=session,
        folder=records.folder,
        secrets=secrets,
        warm=there.runners.warm,
        warm_model=warm_model,
        close=close,
        switch=switch,
    )


async def _closed(session: Session, answering: Answerer, records: Records, warn: Callable[[str], None]) -> None:
    """End each, whatever becomes of the one before."""
    try:
        await session.close()
    finally:
        try:
            await answering.close()
        finally:
            await records.close()
            await _tell_of_kept(records.folder, warn)


async def _tell_of_kept(folder: SessionFolder, warn: Callable[[str], None]) -> None:
    """Tell that a kernel outlives the program, if one does."""
    record = kept.find_remote(folder.kernel)
    if record is not None or await kept.living(folder.kernel):
        id, there = folder.id, f" --gateway {record.url}" if record else ""
        finds = f"interpreter{there} --resume {id} finds it"
        warn(f"The kernel runs on: {finds}, and interpreter attach --stop {id} ends it.")


def _python(settings: Settings, environment: Mapping[str, str]) -> str:
    """The Python that a notebook of the session names; none where the code runs elsewhere."""
    return "" if settings.gateway else choose_python(settings.python, environment, str(Path.cwd())).executable


def _whole(found: Answerer, secrets: Secrets) -> Answerer:
    """`found`, where no piece of a reply ends inside a key."""
    return replace(found, model=Undivided(found.model, secrets))


def _session(
    settings: Settings,
    answering: Answerer,
    there: Execution,
    records: Records,
    *,
    host: Host,
    consumers: Sequence[Consumer],
    attended: bool,
) -> Session:
    return Session(
        model=answering.model,
        ladder=answering.ladder,
        runners=there.runners,
        host=host,
        keeper=records.keeper,
        consumers=(*records.consumers, *consumers),
        limits=Limits(max_steps=settings.max_steps, max_cost=settings.max_cost),
        cell_timeout=settings.cell_timeout,
        background_after=settings.background_after,
        id=records.folder.id,
        paths=records.folder.paths,
        attended=attended,
        history=records.history,
        attach=answering.attach,
        carry=there.carry,
    )


def _go_on(session: Session, loaded: Loaded, alive: Sequence[str], notebook: str, warn: Callable[[str], None]) -> None:
    """Tell what could not be read, what is lost, and that another model answers now."""
    for warning in loaded.warnings:
        warn(warning)
    session.resumed(lost(loaded.history, alive), notebook=notebook)
    if loaded.model != session.model:
        session.emit(ModelChanged(model=session.model))
