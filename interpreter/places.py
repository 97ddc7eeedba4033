"""Where this program keeps things on this machine. Creates no folder and reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interpreter.errors import UsageError

_NAME = "local-interpreter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The three folders, absolute. Any of them may not exist yet."""

    config: Path
    data: Path
    cache: Path

    @property
    def settings(self) -> Path:
        """The user's own settings, as TOML."""
        return self.config / "config.toml"

    @property
    def keys(self) -> Path:
        """Which providers' keys are kept, and those that no keyring holds."""
        return self.config / "keys.json"

    @property
    def capabilities(self) -> Path:
        """What was learnt of endpoints."""
        return self.data / "capabilities.json"

    @property
    def log(self) -> Path:
        """What the model library says, without keys."""
        return self.cache / "model.log"

    @property
    def commands(self) -> Path:
        """One notebook for each session that was kept as a command."""
        return self.data / "commands"

    @property
    def sessions(self) -> Path:
        """One folder a session."""
        return self.data / "sessions"


def places(environment: Mapping[str, str]) -> Places:
    """All three under `INTERPRETER_HOME` where that is set and not empty, else where the system wants them.

    Raises `UsageError` if that begins with a user (`~NAME`) whose home is not known.
    """
    if home := environment.get("INTERPRETER_HOME"):
        try:
            root = Path(home).expanduser().absolute()
        except RuntimeError as error:
            raise UsageError(f"INTERPRETER_HOME is {home}, and nobody of that name is known here.") from error
        return Places(config=root / "config", data=root / "data", cache=root / "cache")
    import platformdirs

    return Places(
        config=platformdirs.user_config_path(_NAME, appauthor=False),
        data=platformdirs.user_data_path(_NAME, appauthor=False),
        cache=platformdirs.user_cache_path(_NAME, appauthor=False),
    )
