"""How big a request is before anybody counted it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from interpreter.protocols.exchange import Request

LETTERS = 4
"""Letters of a token, roughly."""
_PICTURE = 6000  # letters: what providers count for one, about


def letters(request: Request) -> int:
    """Letters of a request, a picture counted as providers do and not by its data."""
    return sum(map(_letters, (*request.messages, *request.tools, *request.functions)))


def _letters(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        if value.get("type") == "image_url":
            return _PICTURE
        return sum(len(str(key)) + _letters(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_letters, value))
    return 0
