"""What is being waited for, and since when: one quiet row below everything. Draws nothing itself."""

from __future__ import annotations

from collections.abc import Callable

from interpreter.renderers.terminal.styled import cut

_PATIENCE = 1.0
"""Seconds before it is worth saying that something is being waited for."""
_LONG = 10.0
"""Seconds before it is worth saying what can be done about it."""


class Status:
    """The row."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._what = self._keys = ""
        self._since = 0.0

    @property
    def waiting(self) -> bool:
        """Whether something is being waited for."""
        return bool(self._what)

    def start(self, what: str, keys: str = "") -> None:
        """From now on `what` is waited for; `keys` says what ends that, for when it takes long."""
        self._what, self._keys, self._since = what, keys, self._clock()

    def stop(self) -> None:
        """Nothing is waited for."""
        self._what = ""

    def row(self, width: int) -> str:
        """The row, or nothing."""
        waited = self._clock() - self._since
        if not self._what or waited < _PATIENCE:
            return ""
        keys = f" · {self._keys}" if self._keys and waited >= _LONG else ""
        return cut(f"{self._what}, {waited:.0f} s{keys}", width - 1)[0]
