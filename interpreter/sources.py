"""Where settings come from, in growing precedence: the TOML file, the environment, the flags. Parses no flags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interpreter.errors import SettingsError
from interpreter.options import Value, nearest, read_value
from interpreter.settings import Settings, options


def resolve(*, flags: Mapping[str, Value | None], environment: Mapping[str, str], file: Path) -> Settings:
    """The settings of one run. `flags` maps field names to what was typed; None means that the flag was not given.

    A missing `file` and empty variables say nothing; variables of no option are left alone. Raises `SettingsError`.
    """
    typed = {name: given for name, given in flags.items() if given is not None}
    by_name = {known.name: known for known in options()}
    chosen: dict[str, Any] = {
        **_from_file(file),
        **_from_environment(environment),
        **{name: read_value(by_name[name], given, by_name[name].flags[-1]) for name, given in typed.items()},
    }
    return Settings(**chosen)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Value]:
    return {
        known.name: read_value(known, environment[known.env], known.env)
        for known in options()
        if known.env is not None and environment.get(known.env)
    }


def _from_file(file: Path) -> dict[str, Value]:
    try:
        text = file.read_bytes().decode()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{shown(file)} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{shown(file)} is not UTF-8 text. Save it as UTF-8.") from error
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{shown(file)} is not valid TOML: {error}.") from error
    by_name = {known.name: known for known in options()}
    chosen = {}
    for key, given in table.items():
        place = f"{shown(file)}{_line(text, key)}"
        known = by_name.get(key)
        if known is None:
            raise SettingsError(f"{place}: there is no setting {key!r}.{nearest(key, by_name)}")
        if known.env is None:
            raise SettingsError(f"{place}: {key} can only be given as {'/'.join(known.flags)}. Remove it here.")
        chosen[key] = read_value(known, given, f"{place}: {key}")
    return chosen


def _line(text: str, key: str) -> str:
    """Where `key` is set, as `:LINE`; nothing where it is written in a way that is not looked for."""
    written = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    return next((f":{number}" for number, line in enumerate(text.splitlines(), 1) if written.match(line)), "")


def shown(file: Path) -> str:
    """A path on one line: characters that a terminal would obey are written out."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in str(file))
