"""The user's `config.toml`: settings, profiles and languages of their own, each complaint with its file and line.

model = "openai/gpt-5.6"        # settings, as in the manual
profile = "work"                # the profile that holds when none is named

[profiles.work]                 # settings that hold while this profile does
api_base = "https://models.example.org/v1"

[language.lua]                  # a language that runs here, by its command or its kernel
command = "lua"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interpreter.errors import SettingsError
from interpreter.options import Value, nearest, read_value
from interpreter.settings import options

PROFILES, LANGUAGE = "profiles", "language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the file says: settings by name, the same for each profile, and the tables of languages as written."""

    settings: Mapping[str, Value] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    languages: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def configuration(file: Path) -> Configuration:
    """What `file` says; nothing if there is none. Raises `SettingsError` with the place of what cannot be used."""
    try:
        text = file.read_bytes().decode("utf-8-sig")  # some editors begin it with a mark
    except FileNotFoundError:
        return Configuration()
    except OSError as error:
        raise SettingsError(f"{shown(file)} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{shown(file)} is not UTF-8 text. Save it as UTF-8.") from error
    import tomllib

    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of numbers and brackets without end it says so in its own way
        raise SettingsError(f"{shown(file)} is not valid TOML: {error}.") from error
    page = _Page(shown(file), text)
    sections = {name: _tables(page, name, table.pop(name, {})) for name in (PROFILES, LANGUAGE)}
    return Configuration(
        settings=page.settings(table, ""),
        profiles={name: page.settings(found, f"{PROFILES}.{name}") for name, found in sections[PROFILES].items()},
        languages=sections[LANGUAGE],
    )


class _Page:
    """The file's text, to say where something stands."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()

    def settings(self, table: Mapping[str, Any], section: str) -> dict[str, Value]:
        """The settings in one table of the file."""
        by_name = {known.name: known for known in options()}
        chosen = {}
        for key, given in table.items():
            known, place = by_name.get(key), self.place(key, section)
            if isinstance(given, dict):
                raise SettingsError(f"{place}: there is no table [{key}].{nearest(key, (PROFILES, LANGUAGE))}")
            if known is None:
                near = nearest(key, [*by_name, *((PROFILES, LANGUAGE) if not section else ())])
                raise SettingsError(f"{place}: there is no setting {key!r}.{near}")
            if known.env is None:
                raise SettingsError(f"{place}: {key} can only be given as {'/'.join(known.flags)}. Remove it here.")
            if section and key == "profile":
                raise SettingsError(f"{place}: a profile cannot name another one. Remove it here.")
            chosen[key] = read_value(known, given, f"{place}: {key}")
        return chosen

    def place(self, key: str, section: str) -> str:
        """The file and, where it is written in a way that is looked for, the line that sets `key` in `section`."""
        written = re.compile(rf"""\s*(?:\[[^\]]*?)?["']?{re.escape(key)}["']?\s*[=.\]]""")
        within = ""
        for number, line in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
                within = re.sub(r"[\s\"']", "", header.group(1))
            if written.match(line) and (within == section or header):
                return f"{self._file}:{number}"
        return self._file


def _tables(page: _Page, name: str, given: object) -> dict[str, dict[str, Any]]:
    if not isinstance(given, dict) or not all(isinstance(table, dict) for table in given.values()):
        raise SettingsError(f"{page.place(name, '')}: {name} holds tables. Write [{name}.NAME] and the lines below it.")
    return given


def shown(file: Path) -> str:
    """A path on one line: characters that a terminal would obey are written out."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in str(file))
