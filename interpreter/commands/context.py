"""What every subcommand is given. A value; it opens nothing, and reads the kept keys only when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from interpreter.places import Places
from interpreter.secrets import Secrets
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

    @property
    def keyed(self) -> Mapping[str, str]:
        """The environment for the model's side: with the keys that were kept for providers."""
        from interpreter.keys import with_kept

        return with_kept(self.environment, self.places.keys)

    @property
    def secrets(self) -> Secrets:
        """The keys that nothing may hold which is kept or handed on."""
        from interpreter.keys import secrets_of

        return secrets_of(self.settings, self.keyed)
