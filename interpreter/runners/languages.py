"""The languages that can run here, as a table, and the runners behind them, started when first needed.

A language is a row. Rows come from this file, from the user's configuration, and from the kernelspecs installed here;
a name is taken by the first row that has it.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from interpreter.errors import RunnerError, SettingsError
from interpreter.runners.environment import Workplace
from interpreter.runners.kernelspecs import QUIRKS, Kernelspec, Quirks, data_folders, installed
from interpreter.seams import Produced, Runner

if TYPE_CHECKING:
    from interpreter.runners.kernels import Kernels

Kind: TypeAlias = Literal["python", "shell", "kernel", "driven", "program"]
Late: TypeAlias = Callable[[Produced], None]
"""Told what comes after a cell has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A row: the canonical name, its aliases, and what runs it.

    `kernel` is a kernelspec. `command` starts a program: with a cell's file for `program` (`suffix` ends its name),
    with `driver`, a file of `drivers/`, for an interpreter that is `driven`, else the shell to use.
    """

    name: str
    aliases: tuple[str, ...] = ()
    kind: Kind
    kernel: str | None = None
    command: tuple[str, ...] = ()
    suffix: str = ""
    driver: str = ""


PYTHON = Language(name="python", aliases=("py", "python3", "ipython"), kind="python")
SHELL = Language(name="shell", aliases=("bash", "sh", "zsh", "console", "shellscript"), kind="shell")
_POWERSHELL = ("-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File")
WINDOWS_SHELLS = tuple(
    Language(
        name="shell",
        aliases=("powershell", "pwsh", "ps1", "console"),
        kind="driven",
        command=(program, *_POWERSHELL),
        driver="powershell.ps1",
    )
    for program in ("pwsh", "powershell")
)
"""There are no pseudo-terminals there of the kind that `ShellRunner` needs."""
PROGRAMS = (
    Language(name="javascript", aliases=("js", "node"), kind="driven", command=("node",), driver="node.js"),
    Language(name="ruby", aliases=("rb",), kind="driven", command=("ruby",), driver="ruby.rb"),
    Language(name="perl", aliases=("pl",), kind="program", command=("perl",), suffix=".pl"),
    Language(name="lua", kind="program", command=("lua",), suffix=".lua"),
    Language(name="r", aliases=("rscript",), kind="driven", command=("Rscript",), driver="r.R"),
    Language(name="julia", aliases=("jl",), kind="program", command=("julia",), suffix=".jl"),
    Language(
        name="powershell",
        aliases=("pwsh", "ps1"),
        kind="driven",
        command=("pwsh", *_POWERSHELL),
        driver="powershell.ps1",
    ),
)
"""Interpreters that are offered where their command is on PATH and no kernel runs their language."""


def row_from_table(name: str, table: Mapping[str, object]) -> Language:
    """The row of `[language.NAME]`: `command` (words, or one string of them), `kernel`, `aliases`, `suffix`.

    Raises `SettingsError` for an unknown key, a wrong value, or unless exactly one of `command` and `kernel` is there.
    """
    place = f"[language.{name}]"
    if unknown := sorted(set(table) - {"command", "kernel", "aliases", "suffix"}):
        raise SettingsError(f"{place} has no key {unknown[0]!r}. It takes command, kernel, aliases and suffix.")
    command = table.get("command", ())
    if isinstance(command, str):
        try:
            command = shlex.split(command, posix=os.name == "posix")
        except ValueError as error:
            raise SettingsError(f"{place} command cannot be read: {str(error).rstrip('.').lower()}.") from error
    command = _words(command, f"{place} command")
    kernel, suffix = table.get("kernel"), table.get("suffix", "")
    if not isinstance(kernel, str | None) or not isinstance(suffix, str):
        raise SettingsError(f"{place} kernel and suffix are text.")
    if bool(command) == bool(kernel):
        raise SettingsError(f"{place} needs either a command or a kernel.")
    terminal = name.lower() == SHELL.name and os.name == "posix"
    kind: Kind = "kernel" if kernel else "shell" if terminal else "program"
    aliases = tuple(alias.lower() for alias in _words(table.get("aliases", ()), f"{place} aliases"))
    return Language(name=name.lower(), aliases=aliases, kind=kind, kernel=kernel, command=command, suffix=suffix)


def rows(
    environment: Mapping[str, str],
    specs: Iterable[Kernelspec],
    own: Sequence[Language] = (),
    main: Kernelspec | None = None,
) -> tuple[Language, ...]:
    """The languages that can run here, the user's `own` rows before ours; names and aliases are each given once.

    The first is that of `main`, else Python.
    """
    first = () if main is None else (_of_kernelspec(main, main.language),)
    specs = tuple(specs) if main is None else (main, *(spec for spec in specs if spec != main))
    shells = [replace(row, aliases=(*SHELL.aliases, *row.aliases)) for row in own if row.name == SHELL.name]
    shells += (SHELL,) if os.name == "posix" else WINDOWS_SHELLS
    found: dict[str, Language] = {}
    for row in (*first, PYTHON, *shells, *own, *of_kernelspecs(specs), *PROGRAMS):
        if row.name not in found and not lacking(row, environment, specs):
            found[row.name] = row
    taken = set(found)
    for row in found.values():
        aliases = dict.fromkeys(alias for alias in row.aliases if alias not in taken)
        found[row.name] = replace(row, aliases=tuple(aliases))
        taken.update(row.aliases)
    return tuple(found.values())


def language_of(kernel: str, specs: Iterable[Kernelspec]) -> str:
    """The canonical name of what the kernelspec `kernel` runs; of one that is not known Python's."""
    language = next((spec.language for spec in specs if spec.name == kernel.lower()), PYTHON.name)
    return PYTHON.name if language in PYTHON.aliases else language


def lacking(row: Language, environment: Mapping[str, str], specs: Iterable[Kernelspec]) -> str:
    """What `row` needs and is not here, in words; empty if all is."""
    if row.command and shutil.which(row.command[0], path=environment.get("PATH")) is None:
        return f"{row.command[0]} is not on PATH"
    names = [spec.name for spec in specs]
    if row.kernel is not None and row.kernel.lower() not in names:
        return f"there is no kernelspec {row.kernel}; there are {', '.join(names) or 'none'}"
    return ""


class Table:
    """Implements `Runners` over rows. `make` gives the runner of a row when it is first needed."""

    def __init__(self, rows: Iterable[Language], make: Callable[[Language, Late], Runner]) -> None:
        self._rows = {row.name: row for row in rows}
        self._make = make
        self._running: dict[str, Runner] = {}
        self._late: Callable[[str, Produced], None] = lambda *_: None

    @property
    def languages(self) -> tuple[str, ...]:
        """The canonical names."""
        return tuple(self._rows)

    @property
    def aliases(self) -> Mapping[str, str]:
        """Every alias with the canonical name it stands for."""
        return {alias: row.name for row in self._rows.values() for alias in row.aliases}

    @property
    def note(self) -> str:
        """What a model must know of these languages besides their names; empty if nothing."""
        forgetful = [row.name for row in self._rows.values() if row.kind == "program"]
        if not forgetful:
            return ""
        names = ", ".join(forgetful)
        return f"In {names} each call is a program of its own: nothing persists, only what is printed is shown."

    def resolve(self, name: str) -> str | None:
        """The canonical name for a name or alias in any case."""
        wanted = name.lower()
        return wanted if wanted in self._rows else self.aliases.get(wanted)

    def get(self, language: str) -> Runner:
        """The runner of a canonical name."""
        if language not in self._running:
            self._running[language] = self._make(self._rows[language], lambda produced: self._late(language, produced))
        return self._running[language]

    async def warm(self) -> None:
        """Start the main language's kernel; what keeps it from starting is told when there is a cell to run."""
        from interpreter.runners.jupyter import JupyterRunner

        await asyncio.to_thread(import_module, "jupyter_client")
        runner = self.get(self.languages[0])
        if isinstance(runner, JupyterRunner):
            with suppress(RunnerError):
                await runner.start()

    def listen(self, late: Callable[[str, Produced], None]) -> None:
        """Tell `late` what comes after a cell has ended."""
        self._late = late

    async def close(self) -> None:
        """Close every runner that was started, also where one of them fails."""
        async with AsyncExitStack() as left:
            for runner in self._running.values():
                left.push_async_callback(runner.close)


class LocalRunners(Table):
    """The languages of this machine. `kernel` is the kernelspec of the main one, None for `place.python`.

    `own` are the rows of the user's configuration, `left_out` those of them that cannot run here, with the reason;
    `given` has the kernels of a language that come from elsewhere: it is the main one where `kernel` is None.
    """

    def __init__(
        self,
        *,
        place: Workplace,
        interactive: bool,
        kernel: str | None = None,
        own: Sequence[Language] = (),
        given: Mapping[str, Kernels] = MappingProxyType({}),
    ) -> None:
        specs = installed(data_folders(place.environment))
        foreign = [spec for spec in specs if spec.language not in (PYTHON.name, *PYTHON.aliases)]
        named = given if kernel is None else (kernel.lower(),)
        other = next((spec for spec in foreign if (spec.language if kernel is None else spec.name) in named), None)
        self._place = place
        self._interactive = interactive
        self._kernel = kernel if other is None else None
        self._given = given
        found = rows(place.environment, specs, own, other)
        self.left_out = {row.name: why for row in own if (why := lacking(row, place.environment, specs))}
        more = [Language(name=name, kind="kernel") for name in given if name not in {row.name for row in found}]
        super().__init__((*found, *more), self._made)

    def _made(self, row: Language, late: Late) -> Runner:
        match row.kind:
            case "shell":
                from interpreter.runners.shell import ShellRunner

                return ShellRunner(
                    folder=self._place.folder,
                    environment=self._place.environment,
                    interactive=self._interactive,
                    late=late,
                    program=row.command[0] if row.command else None,
                    memory_limit=self._place.memory_limit,
                    output_limit=self._place.output_limit,
                )
            case "driven":
                from interpreter.runners.driven import DrivenRunner

                return DrivenRunner(
                    command=row.command,
                    driver=row.driver,
                    folder=self._place.folder,
                    environment=self._place.environment,
                    late=late,
                    output_limit=self._place.output_limit,
                )
            case "program":
                from interpreter.runners.program import ProgramRunner

                return ProgramRunner(
                    command=row.command,
                    suffix=row.suffix,
                    folder=self._place.folder,
                    environment=self._place.environment,
                    output_limit=self._place.output_limit,
                )
            case "python" | "kernel":
                from interpreter.runners.jupyter import JupyterRunner
                from interpreter.runners.kernels import LocalKernels

                name = row.kernel if row.kind == "kernel" else self._kernel
                return JupyterRunner(
                    kernels=self._given.get(row.name) or LocalKernels(workplace=self._place, name=name),
                    interactive=self._interactive,
                    late=late,
                    output_limit=self._place.output_limit,
                )


def of_kernelspecs(specs: Iterable[Kernelspec]) -> Iterator[Language]:
    """A row for each kernelspec: under its language's name the first time, then under its own.

    Kernels of Python and of the shell have rows already; `--kernel` chooses another for Python.
    """
    seen: set[str] = set()
    for spec in specs:
        if spec.language in (PYTHON.name, SHELL.name, *SHELL.aliases):
            continue
        first = spec.language not in seen
        seen.add(spec.language)
        yield _of_kernelspec(spec, spec.language if first else spec.name)


def _of_kernelspec(spec: Kernelspec, name: str) -> Language:
    aliases = (*QUIRKS.get(name, Quirks()).aliases, *((spec.name,) if spec.name != name else ()))
    return Language(name=name, aliases=aliases, kind="kernel", kernel=spec.name)


def _words(given: object, place: str) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else given
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) and word for word in words):
        raise SettingsError(f"{place} is a word or a list of words.")
    return tuple(words)
