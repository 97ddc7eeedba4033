"""A cell on the terminal: its code as it is written, and its output as it comes. Writes nothing itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from interpreter import events as e
from interpreter.renderers.rewriting import Rewriting
from interpreter.renderers.sanitize import Sanitizer, clean, visible
from interpreter.renderers.terminal.highlight import Highlighter
from interpreter.renderers.terminal.results import Drawn, Results
from interpreter.renderers.terminal.styled import bare, last_rows, painted
from interpreter.renderers.terminal.theme import Theme

_HEAD, _TAIL = 200, 20
"""Lines of a cell's output that are drawn as they come, and of the rest those that are drawn when it has ended."""
_LINE = 4000
"""Characters of one line that are drawn."""


class CodeView:
    """Code in colours, with every character that hides something written out; whole lines are finished at once."""

    def __init__(self, language: str, theme: Theme, width: Callable[[], int]) -> None:
        self._width = width
        self._highlighter = Highlighter(language, theme)
        self._new: list[str] = []
        self._part = ""
        self._blank = 0  # empty lines that are drawn once something follows them
        self._finished: list[str] = []

    def feed(self, text: str) -> None:
        """Take more code, cut anywhere."""
        self._new.append(text)

    def take(self) -> list[str]:
        """The lines finished since the last call."""
        text = self._part + "".join(self._new)
        self._new.clear()
        *lines, self._part = text.split("\n")
        for line in lines:
            self._line(visible(line.removesuffix("\r")))
        finished, self._finished = self._finished, []
        return finished

    def tail(self, rows: int) -> list[str]:
        """The rows of the line that is being written."""
        width = self._width()
        seen = visible(self._part[-4 * width * rows :].removesuffix("\r"))
        return last_rows([painted(self._highlighter.peek(seen))], width, rows) if seen.strip() else []

    def close(self) -> None:
        """The code has ended."""
        self._new.append("\n")

    def _line(self, line: str) -> None:
        drawn = bare(painted(self._highlighter.line(line)))
        if not line.strip():
            self._blank += 1
            return
        self._finished += [""] * self._blank
        self._blank = 0
        self._finished.append(drawn)


class OutputView:
    """What one cell has shown: lines are finished as they end; what may still change is drawn below them.

    Values with a display id stay below until the cell ends, each in its last state. Once the cell has cleared its
    output (an animation), all it shows stays below until it clears again or ends.
    """

    def __init__(self, results: Results, *, colour: bool, width: Callable[[], int]) -> None:
        self._results = results
        self._colour = colour
        self._width = width
        self._streams: dict[str, tuple[Sanitizer, Rewriting]] = {}
        self._finished: list[str] = []
        self._room = _HEAD
        self._rest: deque[str] = deque(maxlen=_TAIL)
        self._left_out = 0
        self._displays: dict[str, Drawn] = {}
        self._scene: deque[Drawn] | None = None  # since the last clearing

    def add(self, output: e.Output) -> None:
        """Take one output."""
        if output.kind in ("stdout", "stderr"):
            self._stream(output)
            return
        drawn = self._results.draw(output, self._width())
        if output.display_id is not None:
            self._displays[output.display_id] = drawn
            return
        self._end_lines()
        self._show(drawn)

    def clear(self) -> None:
        """The cell took back what it showed; what the terminal has already scrolled stays."""
        self._streams.clear()
        self._displays.clear()
        self._scene = deque(maxlen=_HEAD)

    def forget(self, line: str) -> bool:
        """Do not draw `line` if it is the one that was begun: somebody else draws it."""
        for kind, (_, lines) in self._streams.items():
            if line and line == clean(lines.line):
                del self._streams[kind]
                return True
        return False

    def take(self) -> list[str]:
        """The lines finished since the last call."""
        finished, self._finished = self._finished, []
        return finished

    def tail(self, rows: int) -> list[str]:
        """The last rows of what may still change."""
        lines = [line for drawn in (*(self._scene or ()), *self._displays.values()) for line in drawn.lines]
        lines += [lines_.line[-_LINE:] for _, lines_ in self._streams.values() if lines_.line]
        if self._left_out:
            lines.append(self._results.quiet(f"… {self._left_out:,} more lines"))
        return last_rows(lines, self._width(), rows)

    def close(self) -> None:
        """The cell has ended, or somebody else is going to write: nothing changes any more."""
        self._end_lines()
        scene, self._scene = self._scene or (), None
        for drawn in (*scene, *self._displays.values()):
            self._show(drawn)
        self._displays.clear()
        if self._left_out:
            hidden = self._left_out - len(self._rest)
            if hidden > 0:
                self._finished.append(self._results.quiet(f"… {hidden:,} lines are not shown here"))
            self._finished += self._rest
        self._rest.clear()
        self._left_out = 0

    def _stream(self, output: e.Output) -> None:
        fresh = (Sanitizer(colour=self._colour, rewriting=True), Rewriting())
        sanitizer, lines = self._streams.setdefault(output.kind, fresh)
        text = output.data.get("text/plain", "")
        self._lines(lines.feed(sanitizer.feed(text if isinstance(text, str) else str(text))))
        if output.file is not None:
            self._end_lines()
            self._finished.append(self._results.quiet(f"the whole is in {self._results.link(output.file)}"))

    def _end_lines(self) -> None:
        for _, lines in self._streams.values():
            self._lines(lines.close())

    def _show(self, drawn: Drawn) -> None:
        if self._scene is not None:
            self._scene.append(drawn)
            return
        if drawn.picture:
            self._finished.append(drawn.picture)
        self._lines(drawn.lines)

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            short = line if len(line) <= _LINE else f"{line[:_LINE]}\x1b[0m … {len(line) - _LINE:,} more characters"
            if self._scene is not None:
                self._scene.append(Drawn(lines=(short,)))
            elif self._room:
                self._room -= 1
                self._finished.append(short)
            else:
                self._rest.append(short)
                self._left_out += 1
