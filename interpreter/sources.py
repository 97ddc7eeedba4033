"""Where settings come from, in growing precedence: the file, its profile, the environment, the flags."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interpreter.configuration import Configuration, configuration, shown
from interpreter.errors import SettingsError
from interpreter.options import Value, nearest, read_value
from interpreter.settings import Settings, options


def resolve(*, flags: Mapping[str, Value | None], environment: Mapping[str, str], file: Path) -> Settings:
    """The settings of one run. `flags` maps field names to what was typed; None means that the flag was not given.

    A missing `file` and empty variables say nothing; variables of no option are left alone. Raises `SettingsError`.
    """
    by_name = {known.name: known for known in options()}
    kept = configuration(file)
    near: dict[str, Any] = {
        **_from_environment(environment),
        **{
            name: read_value(by_name[name], given, by_name[name].flags[-1])
            for name, given in flags.items()
            if given is not None
        },
    }
    chosen = {**kept.settings, **_profile(kept, near, file), **near}
    return Settings(**chosen, languages=kept.languages)


def _profile(kept: Configuration, near: Mapping[str, Any], file: Path) -> Mapping[str, Value]:
    name = near.get("profile", kept.settings.get("profile"))
    if name is None:
        return {}
    if name not in kept.profiles:
        there = f" There is: {', '.join(kept.profiles)}." if kept.profiles else f" Write [profiles.{name}] there."
        raise SettingsError(f"{shown(file)} has no profile {name!r}.{nearest(str(name), kept.profiles) or there}")
    return kept.profiles[name]


def _from_environment(environment: Mapping[str, str]) -> dict[str, Value]:
    return {
        known.name: read_value(known, environment[known.env], known.env)
        for known in options()
        if known.env is not None and environment.get(known.env)
    }
