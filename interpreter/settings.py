"""Every option, once: its name, flags, variable, values and manual. Parses no command line and builds no session.

`Settings` is the one place that `--help` and the page of settings are made from. `resolve` folds the sources in growing
precedence: the TOML file, the environment, the flags.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, assert_never

from interpreter.errors import SettingsError

T = TypeVar("T")
Kind: TypeAlias = Literal["text", "choice", "switch", "count", "seconds", "weights"]
Value: TypeAlias = str | bool | int | float
ProtocolChoice: TypeAlias = Literal["auto", "tools", "functions", "text"]

_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How one setting is given. `env` is None where only the flag counts, and then no file may set it either.

    `kind` says what values it takes: `text`, one of `choices`, a `switch`, a `count` from 1, `seconds` above 0, or
    `weights` (true for the embedded model, else the path of a GGUF file). A `secret` is never shown or repeated.
    """

    name: str
    flags: tuple[str, ...]
    help: str
    kind: Kind
    env: str | None
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False


def option(
    default: T,
    *flags: str,
    help: str,
    kind: Kind = "text",
    env: str | None = None,
    metavar: str | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> T:
    """A field of `Settings` together with its manual. A secret stays out of the `repr`."""
    told = {
        "flags": flags,
        "help": help,
        "kind": kind,
        "env": env,
        "metavar": metavar,
        "choices": choices,
        "secret": secret,
    }
    declared: Any = field(default=default, repr=not secret, metadata=told)
    return declared  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a session is built from. Raises `SettingsError` for a value that an option does not take."""

    model: str | None = option(
        None,
        "-m",
        "--model",
        metavar="NAME",
        env="INTERPRETER_MODEL",
        help="The model that answers, as litellm names it (PROVIDER/NAME), or as the endpoint at --api-base does.",
    )
    yes: bool = option(
        False,
        "-y",
        "--yes",
        kind="switch",
        help="Run every piece of code without asking. Can only be said on the command line.",
    )
    protocol: ProtocolChoice = option(  # noqa: RUF009 - gives a field, as all the others do
        "auto",
        "--protocol",
        kind="choice",
        choices=("auto", "tools", "functions", "text"),
        env="INTERPRETER_PROTOCOL",
        help="How code travels inside a reply: as a tool call, as a function call, or in fenced text.",
    )
    api_base: str | None = option(
        None,
        "--api-base",
        metavar="URL",
        env="INTERPRETER_API_BASE",
        help="The address of the endpoint that serves the model.",
    )
    api_key: str | None = option(
        None,
        "--api-key",
        metavar="KEY",
        env="INTERPRETER_API_KEY",
        secret=True,
        help="The endpoint's key. Better given in the environment: a command line is seen by others.",
    )
    custom_llm_provider: str | None = option(
        None,
        "--custom-llm-provider",
        metavar="NAME",
        env="INTERPRETER_CUSTOM_LLM_PROVIDER",
        help="The provider whose way of speaking the endpoint has, in litellm's words.",
    )
    local: str | bool = option(
        False,
        "--local",
        kind="weights",
        metavar="FILE.gguf",
        env="INTERPRETER_LOCAL",
        help="Answer with the embedded model, or with the weights in FILE.gguf, on this machine.",
    )
    json: bool = option(
        False, "--json", kind="switch", help="Write one event a line, as JSON, and nothing else on stdout."
    )
    plain: bool = option(
        False,
        "--plain",
        kind="switch",
        env="INTERPRETER_PLAIN",
        help="Write plain text: no colours and nothing redrawn.",
    )
    max_steps: int = option(
        50,
        "--max-steps",
        kind="count",
        metavar="N",
        env="INTERPRETER_MAX_STEPS",
        help="End a turn after N requests to the model.",
    )
    cell_timeout: float | None = option(
        None,
        "--cell-timeout",
        kind="seconds",
        metavar="S",
        env="INTERPRETER_CELL_TIMEOUT",
        help="Interrupt code that runs for longer than S seconds; without it, code may run for ever.",
    )

    def __post_init__(self) -> None:
        for known in options():
            given = getattr(self, known.name)
            if given is not None:
                _value(known, given, known.name)


def options() -> tuple[Option, ...]:
    """Every option, in the order of the manual."""
    return tuple(Option(name=declared.name, **declared.metadata) for declared in fields(Settings))


def resolve(*, flags: Mapping[str, Value | None], environment: Mapping[str, str], file: Path) -> Settings:
    """The settings of one run. `flags` maps field names to what was typed; None means that the flag was not given.

    A missing `file` and empty variables say nothing; variables of no option are left alone. Raises `SettingsError`.
    """
    typed = {name: given for name, given in flags.items() if given is not None}
    by_name = {known.name: known for known in options()}
    chosen: dict[str, Any] = {
        **_from_file(file),
        **_from_environment(environment),
        **{name: _value(by_name[name], given, by_name[name].flags[-1]) for name, given in typed.items()},
    }
    return Settings(**chosen)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Value]:
    return {
        known.name: _value(known, environment[known.env], known.env)
        for known in options()
        if known.env is not None and environment.get(known.env)
    }


def _from_file(file: Path) -> dict[str, Value]:
    try:
        text = file.read_bytes().decode()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{_shown(file)} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{_shown(file)} is not UTF-8 text. Save it as UTF-8.") from error
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{_shown(file)} is not valid TOML: {error}.") from error
    by_name = {known.name: known for known in options()}
    chosen = {}
    for key, given in table.items():
        place = f"{_shown(file)}{_line(text, key)}"
        known = by_name.get(key)
        if known is None:
            raise SettingsError(f"{place}: there is no setting {key!r}.{_nearest(key, by_name)}")
        if known.env is None:
            raise SettingsError(f"{place}: {key} can only be given as {'/'.join(known.flags)}. Remove it here.")
        chosen[key] = _value(known, given, f"{place}: {key}")
    return chosen


def _value(known: Option, given: object, place: str) -> Value:
    """`given` as the option's own type; text is read as a person writes it in a variable or behind a flag."""
    value: Value | None
    match known.kind:
        case "text":
            value, wanted = _text(given), "must be text that is not empty"
        case "choice":
            value = given if isinstance(given, str) and given in known.choices else None
            wanted = f"must be one of {', '.join(known.choices)}"
        case "switch":
            value, wanted = _switch(given), "must be true or false"
        case "count":
            value, wanted = _count(given), "must be a whole number from 1"
        case "seconds":
            value, wanted = _seconds(given), "must be a number of seconds above 0"
        case "weights":
            switched = _switch(given)
            value = _text(given) if switched is None else switched
            wanted = "must be true, false, or the path of a GGUF file"
        case _:
            assert_never(known.kind)
    if value is None:
        said = "" if known.secret else f", not {given!r}"
        near = _nearest(given, known.choices) if isinstance(given, str) else ""
        raise SettingsError(f"{place} {wanted}{said}.{near}")
    return value


def _text(given: object) -> str | None:
    return given if isinstance(given, str) and given.strip() else None


def _switch(given: object) -> bool | None:
    if isinstance(given, bool):
        return given
    word = given.strip().lower() if isinstance(given, str) else ""
    return True if word in _ON else False if word in _OFF else None


def _count(given: object) -> int | None:
    if isinstance(given, str) and re.fullmatch(r"[0-9]{1,9}", given.strip()):
        given = int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 1 else None


def _seconds(given: object) -> float | None:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    try:
        seconds = float(given)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _nearest(word: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word.replace("-", "_").lower(), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _line(text: str, key: str) -> str:
    """Where `key` is set, as `:LINE`; nothing where it is written in a way that is not looked for."""
    written = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    return next((f":{number}" for number, line in enumerate(text.splitlines(), 1) if written.match(line)), "")


def _shown(file: Path) -> str:
    """A path on one line: characters that a terminal would obey are written out."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in str(file))
