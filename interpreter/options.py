"""One option: its name, flags, variable and manual, and how a given value is read. Knows no particular option."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar, assert_never

from interpreter.errors import SettingsError

T = TypeVar("T")
Kind: TypeAlias = Literal[
    "text", "choice", "switch", "count", "seconds", "number", "cost", "address", "weights", "session"
]
Value: TypeAlias = str | bool | int | float

_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How one setting is given. `env` is None where only the flag counts, and then no file may set it either.

    `kind` says what values it takes: `text`, one of `choices`, a `switch`, a `count` from 1 (of nine digits),
    `seconds` above 0, the `address` of a server, `weights` (true for the embedded model, else the path of a GGUF file)
    or `session` (an id, or the latest). A `secret` is never shown or repeated.
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


def read_value(known: Option, given: object, place: str) -> Value:
    """`given` as the option's own type; text is read as a person writes it in a variable or behind a flag."""
    value: Value | None
    match known.kind:
        case "text" | "session":
            value, wanted = _text(given), "must be text that is not empty"
        case "choice":
            value = given if isinstance(given, str) and given in known.choices else None
            wanted = f"must be one of {', '.join(known.choices)}"
        case "switch":
            value, wanted = _switch(given), "must be true or false"
        case "count":
            value, wanted = _count(given), "must be a whole number from 1 to 999999999"
        case "seconds":
            value, wanted = _seconds(given), "must be a number of seconds above 0"
        case "number":
            value, wanted = _number(given, least=0.0), "must be a number from 0"
        case "cost":
            value, wanted = _seconds(given), "must be a sum in USD above 0"
        case "address":
            value, wanted = _address(given), "must be an http or https address, such as http://localhost:8080/v1"
        case "weights":
            switched = _switch(given)
            value = _text(given) if switched is None else switched
            wanted = "must be true, false, or the path of a GGUF file"
        case _:
            assert_never(known.kind)
    if value is None:
        said = "" if known.secret or known.kind == "address" else f", not {given!r}"  # a password may stand in it
        near = nearest(given, known.choices) if isinstance(given, str) else ""
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
    return given if isinstance(given, int) and not isinstance(given, bool) and 1 <= given < 10**9 else None


def _seconds(given: object) -> float | None:
    number = _number(given, least=0.0)
    return number or None


def _address(given: object) -> str | None:
    from urllib.parse import urlsplit

    address = (_text(given) or "").strip()
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that are no IPv6 address, a port that is none
        return None
    return address if usable and len(address.split()) == 1 else None


def _number(given: object, *, least: float) -> float | None:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    try:
        number = float(given)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= least else None


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that names the known word nearest to `word`, with a space before it; nothing if none is near."""
    import difflib

    near = difflib.get_close_matches(word.replace("-", "_").lower(), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
