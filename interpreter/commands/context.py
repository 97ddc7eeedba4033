"""What every subcommand is given. A value; it opens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from interpreter.places import Places
from interpreter.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`environment` is the user's; `out` takes the answer, `err` everything else; `interactive`: a person is there."""

    settings: Settings
    places: Places
    environment: Mapping[str, str]
    out: TextIO
    err: TextIO
    interactive: bool
