"""Providers' keys that the user gave to this program to keep: in the system's keyring, else in a file of theirs alone.

A key is kept under the name of the provider's usual variable, and that variable wins over it. What is kept is handed to
the model's side only; it never enters the environment, so no code that runs can see it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from interpreter.errors import StorageError
from interpreter.secrets import Secrets, known

if TYPE_CHECKING:
    from interpreter.settings import Settings

_SERVICE = "local-interpreter"
_IN_RING = ""  # in the file, for a key that the keyring holds; so the keyring is imported only where it is needed


class Ring(Protocol):
    """A keyring. Each method may fail in ways of its own: it is then as if there were none."""

    def get(self, name: str) -> str | None:
        """The key kept as `name`, None if it has none."""

    def put(self, name: str, key: str) -> bool:
        """Keep `key` as `name`; whether it was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys listed in `file`, mode 0600. `ring` is the system's keyring unless another is given."""

    file: Path
    ring: Ring

    def kept(self) -> dict[str, str]:
        """Every key by its variable's name; one that cannot be had any more is left out."""
        found = {}
        for name, key in self._listed().items():
            value = self.ring.get(name) if key == _IN_RING else key
            if value:
                found[name] = value
        return found

    def keep(self, name: str, key: str) -> str:
        """Keep `key` for the variable `name`; where, in words. Raises `StorageError` if it cannot be kept."""
        in_ring = self.ring.put(name, key)
        self._write({**self._listed(), name: _IN_RING if in_ring else key})
        return "the system's keyring" if in_ring else str(self.file)

    def _listed(self) -> dict[str, str]:
        try:
            listed = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): str(key) for name, key in listed.items()} if isinstance(listed, dict) else {}

    def _write(self, listed: Mapping[str, str]) -> None:
        new = self.file.with_suffix(".new")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
                json.dump(listed, file, indent=1)
            new.replace(self.file)
        except OSError as error:
            raise StorageError(f"The key cannot be kept in {self.file}: {error.strerror or error}.") from error


class SystemRing:
    """Implements `Ring` with the `keyring` package, where that is installed and has a keyring behind it."""

    def get(self, name: str) -> str | None:
        """See `Ring`."""
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            return None
        try:
            found: str | None = keyring.get_password(_SERVICE, name)
        except (KeyringError, RuntimeError, OSError):
            return None
        return found

    def put(self, name: str, key: str) -> bool:
        """See `Ring`."""
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            return False
        try:
            if keyring.get_keyring().priority <= 0:  # a stand-in that keeps nothing
                return False
            keyring.set_password(_SERVICE, name, key)
        except (KeyringError, RuntimeError, OSError):
            return False
        return True


def secrets_of(settings: Settings, keyed: Mapping[str, str]) -> Secrets:
    """The keys that nothing may hold which is kept or handed on: in `settings`, and in the environment `keyed`."""
    if settings.gateway is None:
        return known(keyed, settings.api_key)
    from interpreter.runners.address import secrets_in

    return known(keyed, settings.api_key, *secrets_in(settings.gateway))


def with_kept(environment: Mapping[str, str], file: Path) -> Mapping[str, str]:
    """`environment` for the model's side: with the kept keys of variables that are not set, or empty."""
    kept = Keys(file=file, ring=SystemRing()).kept()
    return {**environment, **{name: key for name, key in kept.items() if not environment.get(name)}}
