"""What a session would use here, and what is wrong with it, as findings. Changes nothing and asks no model."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from interpreter.choosing import Embedded, Remote, ToFetch, Unchosen, choose
from interpreter.commands.context import Context
from interpreter.errors import InterpreterError
from interpreter.runners.environment import Workplace, for_code, workplace
from interpreter.settings import Settings

_ROOM = 200_000_000  # bytes of disk below which a session soon cannot be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the diagnosis. `well` is False for what keeps a session from working."""

    topic: str
    words: str
    well: bool = True


async def diagnosis(context: Context) -> AsyncIterator[Finding]:
    """Every finding, in the order in which a session would need what it is about."""
    yield _configuration(context)
    async for finding in _model(context):
        yield finding
    if context.settings.gateway is not None:
        yield await _server(context, context.settings.gateway)
    else:
        async for finding in _machine(context):
            yield finding
        yield Finding(topic="sandbox", words="none: approved code runs with your rights, on your files and network")
    yield _room(context.places.data)


def _configuration(context: Context) -> Finding:
    file, profile = context.places.settings, context.settings.profile
    words = f"{file}{f', profile {profile}' if profile else ''}" if file.exists() else f"none (it would be {file})"
    return Finding(topic="configuration", words=words)


async def _model(context: Context) -> AsyncIterator[Finding]:
    settings = context.settings
    try:
        choice = await choose(settings, context.places, context.keyed)
    except InterpreterError as error:
        yield Finding(topic="model", words=str(error), well=False)
        return
    match choice:
        case Remote(model=model, why=why):
            yield Finding(topic="model", words=f"{model} (chosen by {why})" if why else model)
            yield _endpoint(context, model)
            yield _protocol(context, model)
        case Embedded(weights=weights, name=name):
            yield Finding(topic="model", words=f"{name}, served on this machine from {weights}")
            yield Finding(topic="protocol", words="text" if settings.protocol == "auto" else settings.protocol)
        case ToFetch(weights=wanted):
            yield Finding(topic="model", words=f"{wanted.name}, to be fetched first: interpreter --local")
        case Unchosen(words=words):
            yield Finding(topic="model", words=words, well=False)


def _endpoint(context: Context, model: str) -> Finding:
    from interpreter.models.naming import NO_KEY, endpoint, shown

    settings = context.settings
    try:
        target = endpoint(
            model,
            api_base=settings.api_base,
            api_key=settings.api_key,
            provider=settings.custom_llm_provider,
            providers=[settings.custom_llm_provider or model.partition("/")[0]],
            environment=context.keyed,
        )
    except InterpreterError as error:
        return Finding(topic="endpoint", words=str(error), well=False)
    base = shown(target.api_base) if target.api_base else "the provider's own"
    key = "the client library's own way" if target.api_key is None else "none" if target.api_key == NO_KEY else "given"
    return Finding(topic="endpoint", words=f"{base}; key: {key}")


def _protocol(context: Context, model: str) -> Finding:
    from interpreter.models.capabilities import Capabilities, Place

    settings = context.settings
    if settings.protocol != "auto":
        return Finding(topic="protocol", words=f"{settings.protocol}, as you chose")
    place = Place(model=model, base=settings.api_base or "", provider=settings.custom_llm_provider or "")
    known = Capabilities(context.places.capabilities).at(place).known()
    if known is None:
        return Finding(topic="protocol", words="tools first, and down from there if the endpoint refuses")
    learnt = known.learnt
    flags = [name for name in ("system", "stream", "usage", "pictures") if not getattr(learnt, name)]
    without = ", ".join((*flags, *learnt.without))
    words = f"{learnt.protocol}{f', without {without}' if without else ''}"
    words += ", with roles that alternate" if learnt.alternate else ""
    words += f", for {learnt.window} tokens" if learnt.window else ""
    return Finding(topic="protocol", words=f"{words}, learnt on {known.day}")


async def _server(context: Context, url: str) -> Finding:
    """The server that code runs on, and what it can start."""
    from interpreter.runners.address import address
    from interpreter.runners.gateway import Gateway

    gateway = Gateway(address(url, context.environment))
    try:
        known = [spec.name for spec in await gateway.kernelspecs()]
    except InterpreterError as error:
        return Finding(topic="server", words=str(error), well=False)
    finally:
        await gateway.close()
    words = f"{gateway.address.url}, with the kernels {', '.join(known)}"
    kernel = context.settings.kernel
    if kernel is not None and kernel not in known:
        return Finding(topic="server", words=f"{words}, and none named {kernel}", well=False)
    return Finding(topic="server", words=words)


async def _machine(context: Context) -> AsyncIterator[Finding]:
    settings = context.settings
    try:
        place = workplace(
            folder=str(Path.cwd()),
            environment=context.environment,
            cache=context.places.cache,
            python=settings.python,
        )
    except InterpreterError as error:
        yield Finding(topic="python", words=str(error), well=False)
        return
    chosen = None if settings.kernel is None else _kernel(settings.kernel, context.environment)
    if chosen is not None:
        yield chosen
    if chosen is None or chosen.topic != "python":
        yield await _python(place)
        if place.python.notice:
            yield Finding(topic="python", words=place.python.notice)
    for finding in _languages(place, settings):
        yield finding
    hidden = sorted(set(context.environment) - set(for_code(context.environment)))
    yield Finding(topic="hidden", words=f"{', '.join(hidden) or 'nothing'} (variables kept from code that runs)")


def _kernel(name: str, environment: Mapping[str, str]) -> Finding:
    from interpreter.runners.kernelspecs import data_folders, installed
    from interpreter.runners.languages import PYTHON, lacking, language_of

    specs = installed(data_folders(environment))
    own = name == "python3"  # Jupyter's own, wherever ipykernel is
    missing = "" if own else lacking(replace(PYTHON, kernel=name), environment, specs)
    return Finding(topic=language_of(name, specs), words=missing or f"the kernelspec {name}", well=not missing)


async def _python(place: Workplace) -> Finding:
    """Which it is, and where its kernel comes from; one that was merely found is not started to be asked."""
    from interpreter.runners import borrowing, probing
    from interpreter.runners.installing import kernel_folder

    python = place.python
    why = {
        "asked": "as you asked",
        "active": "its environment is active",
        "found": "found here",
        "own": "this program's",
    }
    words = f"{python.executable} ({why[python.why]})"
    if python.why in ("found", "own"):
        return Finding(topic="python", words=words)
    try:
        facts = await probing.ask(python.executable, place.environment, place.cache)
    except InterpreterError as error:
        return Finding(topic="python", words=str(error), well=False)
    if facts.kernel:
        return Finding(topic="python", words=words)
    there = borrowing.fits(facts) or kernel_folder(place, facts).is_dir()
    comes = "ours is lent to it" if there else "you are asked before it is fetched"
    return Finding(topic="python", words=f"{words}, Python {facts.version} without ipykernel: {comes}")


def _languages(place: Workplace, settings: Settings) -> Iterator[Finding]:
    from interpreter.runners.languages import SHELL, LocalRunners, row_from_table

    try:
        own = [row_from_table(name, table) for name, table in settings.languages.items()]
    except InterpreterError as error:
        yield Finding(topic="languages", words=str(error), well=False)
        return
    runners = LocalRunners(place=place, interactive=False, kernel=settings.kernel, own=own)
    shells = [row.command[0] for row in own if row.name == SHELL.name and row.name not in runners.left_out]
    yield _shell(next(iter(shells), None), place.environment.get("PATH"))
    yield Finding(topic="languages", words=", ".join(runners.languages))
    for name, why in runners.left_out.items():
        yield Finding(topic="languages", words=f"{name}: {why}", well=False)


def _shell(wanted: str | None, path: str | None) -> Finding:
    from interpreter.runners.shell_dialects import find

    try:
        _, program = find(wanted, path)
    except InterpreterError as error:
        return Finding(topic="shell", words=str(error), well=False)
    return Finding(topic="shell", words=program)


def _room(data: Path) -> Finding:
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    words = f"{data} ({free / 1e9:.1f} GB free); Python {sys.version.split()[0]}"
    return Finding(topic="sessions", words=words, well=free > _ROOM)
