"""The one place that writes to the terminal: finished text for good, and a few rows below it that are drawn anew.

What is finished goes to the scrollback once. The rows below it are erased row by row before anything else is written:
"erase below" from the top-left corner would make tmux keep the screen in its history. After a resize no more rows are
touched than were drawn: a fragment that stays is better than a line that is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # one synchronised update: the terminal shows it whole or not yet


class Frame:
    """Draws through `write`, one call an update; `redraws` False means that nothing is ever taken back."""

    def __init__(self, write: Callable[[str], None], *, redraws: bool) -> None:
        self._write = write
        self.redraws = redraws
        self._drawn: tuple[str, ...] = ()

    def draw(self, finished: str, live: Sequence[str] = ()) -> None:
        """Write `finished`, whole lines, above the `live` rows, each of which fits the width."""
        rows = tuple(live) if self.redraws else ()
        if not finished and rows == self._drawn:
            return
        kept = 0 if finished else _common(self._drawn, rows)
        stale = len(self._drawn) - kept
        erase = "\r\x1b[2K" + "\x1b[1A\x1b[2K" * (stale - 1) if stale else ""
        below = "\n".join(rows[kept:])
        if kept and not stale:
            below = f"\n{below}"
        elif kept and len(rows) == kept:
            below = f"\x1b[1A\r{rows[-1]}"  # one row fewer: the cursor goes to the end of the last
        update = f"{erase}{finished}{below}"
        if self._drawn or len(rows) > 1:
            update = f"{_BEGIN}{update}{_END}"
        self._drawn = rows
        self._write(update)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many rows from the top are the same."""
    pairs = zip(old, new, strict=False)
    return next((at for at, (before, after) in enumerate(pairs) if before != after), min(len(old), len(new)))
