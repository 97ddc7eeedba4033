"""How much output of one cell is passed on: all of it up to a limit, then nothing. Tells nobody; interrupts nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from interpreter.seams import Produced

_PICTURES = ("image/", "audio/", "video/", "application/pdf")
"""Kinds whose data are written in base64, which takes four characters for three bytes."""


class Allowance:
    """What a cell may still print, show and be worth, together. `flooded`: more than `limit` bytes came."""

    def __init__(self, limit: int) -> None:
        self.flooded = asyncio.Event()
        self.limit = limit
        self._left = limit

    def admit(self, shown: Produced) -> Produced | None:
        """What of `shown` is passed on. Text is cut; anything else is whole or left out."""
        if self.flooded.is_set():
            return None
        left, self._left = self._left, self._left - sum(_size(kind, value) for kind, value in shown.data.items())
        if self._left >= 0:
            return shown
        self.flooded.set()
        text = shown.data.get("text/plain")
        if left == 0 or not isinstance(text, str) or len(shown.data) > 1:
            return None
        return replace(shown, data={"text/plain": text[:left]})


def _size(kind: str, value: object) -> int:
    if not isinstance(value, str):
        return len(json.dumps(value))
    return len(value) * 3 // 4 if kind.startswith(_PICTURES) and "svg" not in kind else len(value)
