"""What every subcommand is given. A value; it opens nothing, and reads the kept keys only when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from interpreter.places import Places
from interpreter.secrets import Secrets, known
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
        if self.settings.gateway is None:
            return known(self.keyed, self.settings.api_key)
        from interpreter.runners.gateway import secrets_in

        return known(self.keyed, self.settings.api_key, *secrets_in(self.settings.gateway))
