"""The secret values this program knows of, and their masking in text. Finds no secrets by guessing at text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

MASK = "[masked]"
_SHORTEST = 8  # characters; a shorter value would mask innocent text
_NAMES = re.compile(
    r"(?:^|_)(?:\w*API_?KEYS?|KEY|TOKEN|SECRET|PASSWORD|JWT)$|_BEARER_TOKEN_|^(?:GIGACHAT_CREDENTIALS|CLARIFAI_PAT)$",
    re.IGNORECASE,
)


class Secrets:
    """Known secret values, also as they stand in JSON and in addresses.

    Values of fewer than eight characters are left alone.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        self._values = tuple(sorted(known, key=len, reverse=True))
        self._pattern = re.compile("|".join(map(re.escape, self._values))) if known else None

    def masked(self, text: str) -> str:
        """`text` with every known value replaced."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def within(self, value: Any) -> Any:
        """The plain JSON `value`, masked in its texts and keys; a number that is a known value becomes the mask."""
        match value:
            case _ if self._pattern is None:
                return value
            case str():
                return self.masked(value)
            case Mapping():
                return {self.within(key): self.within(item) for key, item in value.items()}
            case list() | tuple():
                return [self.within(item) for item in value]
            case int() | float() if self.masked(str(value)) == MASK:
                return MASK
            case _:
                return value

    def undecided(self, text: str) -> int:
        """How many characters at the end of `text`, not masked yet, may be the beginning of a known value.

        What stands before them can be masked by itself: no known value is cut in two, nor taken for one that it
        begins with.
        """
        waiting = self._beginning(text)
        for found in self._pattern.finditer(text) if self._pattern is not None and waiting else ():
            if found.start() >= len(text) - waiting:
                break
            if found.end() > len(text) - waiting:  # what seems to begin is the end of this one
                waiting = self._beginning(text[found.end() :])
        return waiting

    def _beginning(self, text: str) -> int:
        longest = 0
        for value in self._values:
            for length in range(min(len(value) - 1, len(text)), longest, -1):
                if text.endswith(value[:length]):
                    longest = length
                    break
        return longest


def _forms(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="", errors="replace")


NO_SECRETS = Secrets()


def known(environment: Mapping[str, str], *more: str | None) -> Secrets:
    """The values of variables that are named like keys, and `more`. A mere word in such a variable is no secret."""
    values = [value for name, value in environment.items() if _NAMES.search(name) and not value.isalpha()]
    return Secrets([*values, *(value for value in more if value)])
