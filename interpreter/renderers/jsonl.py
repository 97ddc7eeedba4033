"""Events as JSON lines for other programs: one event a line, each numbered and with its time. Draws nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TextIO

from interpreter import events as e
from interpreter.renderers.writer import Writer
from interpreter.secrets import NO_SECRETS, Secrets
from interpreter.wire import now, to_object


class JsonRenderer:
    """`JsonRenderer(file)` is a consumer that writes each event to `file` at once.

    A line is the event's own fields after `seq`, its number from 1, and `time`, as a journal has them: without
    `secrets`, and in ASCII, so no terminal obeys it. When the reader of a pipe has gone, nothing more is written and
    `broken` is true: whoever runs the turn looks and interrupts.
    """

    def __init__(self, file: TextIO, *, secrets: Secrets = NO_SECRETS, clock: Callable[[], str] = now) -> None:
        self._writer = Writer(file)
        self._secrets = secrets
        self._clock = clock
        self._seq = 0

    @property
    def broken(self) -> bool:
        """Whether nobody reads any more."""
        return self._writer.broken

    def __call__(self, event: e.Event) -> None:
        """Write one line."""
        self._seq += 1
        line = {"seq": self._seq, "time": self._clock(), **to_object(event)}
        self._writer.write(json.dumps(self._secrets.within(line), separators=(",", ":")) + "\n")

    def settle(self) -> None:
        """Nothing is ever open."""

    def show(self, cell: str, language: str, code: str) -> None:
        """Nothing is drawn; whoever asks about the code shows it."""

    def close(self) -> None:
        """Nothing is ever open."""
