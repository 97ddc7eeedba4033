"""Settings become runners: of this machine, of a server, or of a kernel that runs already. Starts none of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from interpreter.errors import RunnerError, UsageError
from interpreter.events import Attachment
from interpreter.places import Places
from interpreter.prompt import Surroundings
from interpreter.recorders.folder import SessionFolder
from interpreter.runners import kept
from interpreter.runners.address import address
from interpreter.runners.environment import Workplace, workplace
from interpreter.runners.kernelspecs import data_folders, installed
from interpreter.runners.languages import LocalRunners, Table, language_of, row_from_table
from interpreter.seams import Carry, where_it_is
from interpreter.settings import Settings

if TYPE_CHECKING:
    from interpreter.runners.gateway import Gateway
    from interpreter.runners.kernels import Kernels


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The runners, and what a model is told of them. `alive` are the languages whose state a kept kernel still has.

    `carry` brings attached files to where the code runs.
    """

    runners: Table
    where: Surroundings
    alive: tuple[str, ...] = ()
    carry: Carry = where_it_is


async def execution(
    settings: Settings,
    home: Places,
    environment: Mapping[str, str],
    folder: SessionFolder,
    *,
    interactive: bool,
    warn: Callable[[str], None],
) -> Execution:
    """Where the code of the session in `folder` runs. `interactive`: a person can type into a cell.

    Raises `UsageError` for settings that cannot be used, `RunnerError` where a server or a kernel cannot be reached.
    """
    await _mind(settings, folder, warn)
    if settings.gateway is not None:
        if settings.python is not None:
            warn("--python names a Python of this machine and has no effect behind --gateway; --kernel chooses there.")
        return await _elsewhere(settings, environment, folder, settings.gateway, interactive=interactive)
    place = _workplace(settings, home, environment)
    if place.python.notice:
        warn(place.python.notice)
    given, alive = await _given(settings, place, folder)
    runners = LocalRunners(
        place=place,
        interactive=interactive,
        kernel=settings.kernel,
        own=tuple(row_from_table(name, table) for name, table in settings.languages.items()),
        given=given,
    )
    for name, why in runners.left_out.items():
        warn(f"The language {name} of your configuration is left out: {why}.")
    where = Surroundings(
        folder=place.folder,
        languages=runners.languages,
        aliases=runners.aliases,
        note=runners.note,
        python=place.python.executable,
    )
    return Execution(runners=runners, where=where, alive=alive)


async def _mind(settings: Settings, folder: SessionFolder, warn: Callable[[str], None]) -> None:
    """See to it that a kernel which the session left running somewhere else is not forgotten there."""
    record = kept.find_remote(folder.kernel)
    here = None if settings.gateway is None else address(settings.gateway, {}).url
    if record is not None and record.url != here:
        words = f"This session left a kernel running at {record.url}. Go on with it there (--gateway)"
    elif here is not None and await kept.living(folder.kernel) is not None:
        words = "This session left a kernel running on this machine. Go on with it here (without --gateway)"
    else:
        return
    words += f", or end it first: interpreter attach --stop {folder.id}"
    if settings.keep_kernel:
        raise UsageError(words)
    warn(words)


def _workplace(settings: Settings, home: Places, environment: Mapping[str, str]) -> Workplace:
    return workplace(
        folder=str(Path.cwd()),
        environment=environment,
        cache=home.cache,
        python=settings.python,
        memory_limit=settings.memory_limit,
        output_limit=settings.output_limit,
    )


async def _given(
    settings: Settings, place: Workplace, folder: SessionFolder
) -> tuple[Mapping[str, Kernels], tuple[str, ...]]:
    """Kernels that are not simply started, by language; and the languages whose state is alive in one."""
    if settings.existing is not None:
        from interpreter.runners.joined import ExistingKernels, connection_file

        _as_it_is(settings)
        file = connection_file(settings.existing)
        kernels, language = ExistingKernels(file=file), _language(file, place)
        await kernels.check()
        return {language: kernels}, ()
    left = await kept.living(folder.kernel)
    if left is None and not settings.keep_kernel:
        return {}, ()
    from interpreter.runners.joined import KeptKernels
    from interpreter.runners.kernels import LocalKernels

    others = LocalKernels(workplace=place, name=settings.kernel, home=folder.kernel)  # what was kept is kept again
    found = KeptKernels(home=folder.kernel, others=others, lives=left is not None)
    language = _language_of(settings.kernel or "", place) if left is None else _language(left.connection_file, place)
    return {language: found}, () if left is None else (language,)


def _as_it_is(settings: Settings) -> None:
    if settings.kernel is not None or settings.keep_kernel:
        raise UsageError("--existing joins a kernel as it is. Leave --kernel and --keep-kernel out.")


def _language(file: Path, place: Workplace) -> str:
    """The language of the kernel at a connection file, as far as its kernelspec is known here; else Python."""
    try:
        name = str(json.loads(file.read_text(encoding="utf-8")).get("kernel_name", ""))
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{file} is no connection file of a kernel. Give the path that %connect_info tells."
        ) from error
    return _language_of(name, place)


def _language_of(name: str, place: Workplace) -> str:
    return language_of(name, installed(data_folders(place.environment)))


async def _elsewhere(
    settings: Settings, environment: Mapping[str, str], folder: SessionFolder, url: str, *, interactive: bool
) -> Execution:
    from interpreter.runners.gateway import Gateway, variables
    from interpreter.runners.remote_languages import RemoteRunners

    gateway = Gateway(address(url, environment), variables(environment))
    try:
        specs = await gateway.kernelspecs()
        if settings.existing is not None:
            _as_it_is(settings)
        lives = await _lives_there(gateway, folder)
        runners = RemoteRunners(
            gateway=gateway,
            specs=specs,
            interactive=interactive,
            output_limit=settings.output_limit,
            kernel=settings.kernel if settings.existing is None else await _spec_of(gateway, settings.existing),
            id=settings.existing,
            home=folder.kernel,
            keep=settings.keep_kernel or lives,
        )
        alive = runners.languages[:1] if lives and settings.existing is None else ()
    except BaseException:
        await gateway.close()
        raise
    where = Surroundings(
        folder="", languages=runners.languages, aliases=runners.aliases, note=runners.note, server=gateway.address.url
    )

    async def carry(file: Attachment) -> Attachment:
        return replace(file, path=await runners.upload(Path(file.path), f"interpreter-{folder.id}"))

    return Execution(runners=runners, where=where, alive=alive, carry=carry)


async def _lives_there(gateway: Gateway, folder: SessionFolder) -> bool:
    """Whether the kernel that the session kept there runs still; what was written of one that does not is removed."""
    record = kept.find_remote(folder.kernel)
    if record is None or record.url != gateway.address.url:
        return False
    if await gateway.state(record.id) is not None:
        return True
    kept.forget_remote(folder.kernel, record.id)
    return False


async def _spec_of(gateway: Gateway, id: str) -> str:
    """The kernelspec of a kernel that runs there. Raises `UsageError` if there is none, with those that are."""
    if (found := await gateway.kernel(id)) is not None:
        return found.name
    try:
        known = ", ".join(f"{kernel.id} ({kernel.name})" for kernel in await gateway.kernels())
    except RunnerError:  # an Enterprise Gateway tells nobody what runs there, unless it is set to
        known = "it does not say"
    raise UsageError(f"There is no kernel {id!r} at {gateway.address.url}. Running there: {known or 'none'}.")
