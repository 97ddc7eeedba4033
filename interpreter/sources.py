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
    variables = _from_environment(environment)
    typed = {
        name: read_value(by_name[name], given, by_name[name].flags[-1])
        for name, given in flags.items()
        if given is not None
    }
    chosen = _layered(kept.settings, _profile(kept, {**variables, **typed}, file), variables, typed)
    return Settings(**chosen, languages=kept.languages)


def _layered(*layers: Mapping[str, Value]) -> dict[str, Any]:
    """All of `layers`, later before earlier ones; a model takes back `local` of below, and the other way round."""
    chosen: dict[str, Any] = {}
    for layer in layers:
        for name, other in (("model", "local"), ("local", "model")):
            if layer.get(name):
                chosen.pop(other, None)
        chosen.update(layer)
    return chosen


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
