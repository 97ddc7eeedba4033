"""What drawing an answer while it streams costs, beside drawing the same text once with rich.

Twenty characters at a time, sixteen times a second on a clock that does not wait, so the screen is drawn as often as it
would be. CPU time of this process; the terminal is 100 columns by 30 rows and only counts what it is sent.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.markdown import Markdown

from interpreter import events as e
from interpreter.renderers.terminal.screen import TerminalRenderer

SIZES = (10_000, 100_000, 200_000)
DELTA, PACE = 20, 1 / 16
GOAL = 4.0

_PROSE = """\
## Part {n}

The quick brown fox number {n} jumps over **the lazy dog**, and `code_{n}` stands in the middle of a sentence that is
long enough to be wrapped. *Another* sentence follows it, with a [link](https://example.org/{n}) for good measure.

> A thought that is quoted, number {n}.

"""
_CODE = "def function_{n}(value: int) -> str:\n    # a comment, number {n}\n    return f'{{value}} and {n}' * {n}\n\n"
_ITEM = "- item number {n} has **bold** words and `code`, and is as long as such things are when a model writes them\n"
_ROW = "| row {n} | {n}.5 | a value with *emphasis* | `code` |\n"


class Screen(io.StringIO):
    """A terminal that counts what it is sent."""

    written = 0

    def write(self, text: str) -> int:
        """Count."""
        self.written += len(text.encode())
        return len(text)

    def isatty(self) -> bool:
        """It is one."""
        return True


def repeated(pattern: str, size: int, before: str = "", after: str = "") -> str:
    """`pattern`, numbered, until the text has `size` characters."""
    pieces, length, number = [before], len(before), 0
    while length < size:
        number += 1
        pieces.append(pattern.format(n=number))
        length += len(pieces[-1])
    return "".join((*pieces, after))


def documents(size: int) -> Iterator[tuple[str, str]]:
    """Answers of each kind."""
    yield "prose", repeated(_PROSE, size)
    yield "fence", repeated(_CODE, size, "```python\n", "```\n")
    yield "list", repeated(_ITEM, size)
    yield "table", repeated(_ROW, size, "| name | number | text | code |\n|---|--:|---|---|\n")
    mixed = repeated(_PROSE, 1000) + repeated(_ITEM, 700) + repeated(_CODE, 1000, "\n```python\n", "```\n\n")
    mixed += repeated(_ROW, 600, "| name | number | text | code |\n|---|--:|---|---|\n", "\n")
    yield "mixed", mixed * (size // len(mixed) + 1)


def cpu(work: Callable[[], None]) -> float:
    """Seconds of CPU that `work` takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


def stream(text: str, screen: Screen) -> None:
    """Draw `text` as it comes."""
    now = 0.0
    renderer = TerminalRenderer(
        screen, environment={"TERM": "xterm-256color"}, size=lambda: (100, 30), clock=lambda: now
    )
    for start in range(0, len(text), DELTA):
        renderer(e.TextDelta(text=text[start : start + DELTA]))
        now += PACE
    renderer(e.Text(text=text))
    renderer.close()


def once(text: str) -> None:
    """Draw `text` with rich, whole."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system="standard")
    console.print(Markdown(text, code_theme="ansi_dark"))


def main() -> None:
    """Measure and print."""
    write = sys.stdout.write
    write(f"{'answer':16}{'KB':>5}{'rich once':>11}{'streamed':>10}{'times':>7}{'a delta':>10}{'sent KB':>9}\n")
    for size in SIZES:
        for kind, text in documents(size):
            screen = Screen()
            whole = cpu(lambda text=text: once(text))  # type: ignore[misc]
            streamed = cpu(lambda text=text, screen=screen: stream(text, screen))  # type: ignore[misc]
            deltas = len(text) / DELTA
            ratio = streamed / whole
            mark = "" if ratio <= GOAL else f"  above {GOAL:.0f}"
            write(
                f"{kind:16}{size // 1000:5}{whole:9.2f} s{streamed:8.2f} s{ratio:7.1f}"
                f"{streamed / deltas * 1e6:7.0f} µs{screen.written / 1000:9.0f}{mark}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    once("warm `up`\n\n```python\nx = 1\n```\n")
    stream("warm `up`\n\n```python\nx = 1\n```\n", Screen())
    main()
