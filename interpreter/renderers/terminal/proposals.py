"""The code of proposed cells: as it is written, whole before anybody is asked, and anew where it was changed.

Of several cells in one reply each is drawn when its turn comes, so that its code stands right above the question and
above what comes of it.
"""

from __future__ import annotations

from interpreter import events as e
from interpreter.renderers import words
from interpreter.renderers.sanitize import clean_line
from interpreter.renderers.terminal.canvas import Canvas
from interpreter.renderers.terminal.cells import CodeView
from interpreter.renderers.terminal.theme import Theme


class Proposals:
    """Draws on `canvas` in `theme`."""

    def __init__(self, canvas: Canvas, theme: Theme) -> None:
        self.theme = theme
        self._canvas = canvas
        self._drawn: dict[str, str] = {}  # code, of cells that are not decided
        self._languages: dict[str, str] = {}  # of the same cells
        self._next: dict[str, e.CodeProposed] = {}  # cells whose turn has not come

    def forget(self) -> None:
        """A reply begins, perhaps anew: nothing of it is drawn yet."""
        self._drawn.clear()
        self._languages.clear()
        self._next.clear()

    def write(self, delta: e.CodeDelta) -> None:
        """More of the first cell's code; that of further cells waits until it is whole."""
        if not self._drawn:
            self._begin(delta.cell, delta.language)
        part = self._canvas.part
        if self._canvas.last == ("code", delta.cell) and isinstance(part, CodeView):
            part.feed(delta.text)
            self._drawn[delta.cell] += delta.text

    def propose(self, event: e.CodeProposed) -> None:
        """The whole code; what was drawn as it came is completed, or, if it was not that, drawn anew."""
        if self._drawn and event.cell not in self._drawn:
            self._next[event.cell] = event
            return
        drawn, part = self._drawn.get(event.cell, ""), self._canvas.part
        open_ = self._canvas.last == ("code", event.cell) and isinstance(part, CodeView)
        if open_ and isinstance(part, CodeView) and event.code.startswith(drawn):
            part.feed(event.code[len(drawn) :])
            self._drawn[event.cell] = event.code
            self._canvas.end(keep=True)
        else:
            self._draw(event.cell, event.language, event.code)

    def show(self, cell: str, language: str, code: str) -> None:
        """The whole code as it will run, unless that stands last on the screen."""
        if self._canvas.last != ("code", cell) or self._drawn.get(cell) != code:
            self._draw(cell, language, code)

    def decide(self, event: e.CodeDecided) -> None:
        """What was decided, in words, and the code that was put in place of the proposed."""
        self._canvas.end(keep=True)
        if event.decision in ("declined", "skipped"):
            self._canvas.rule(words.decided(event), self.theme.warning)
            self._canvas.gap()
        elif event.decision == "edited" and self._drawn.get(event.cell) != event.code:
            self._canvas.rule(words.decided(event))
            view = CodeView(self._languages.get(event.cell, ""), self.theme, self._canvas.width)
            view.feed(event.code)
            view.close()
            self._canvas.write(*view.take())
        self._drawn.pop(event.cell, None)
        self._languages.pop(event.cell, None)

    def go_on(self) -> None:
        """Draw the cell whose turn it is, if there is one."""
        if self._next:
            event = self._next.pop(next(iter(self._next)))
            self._draw(event.cell, event.language, event.code)

    def _draw(self, cell: str, language: str, code: str) -> None:
        view = self._begin(cell, language)
        view.feed(code)
        self._drawn[cell] = code
        self._canvas.end(keep=True)

    def _begin(self, cell: str, language: str) -> CodeView:
        view = CodeView(language, self.theme, self._canvas.width)
        self._canvas.end()
        self._canvas.gap()
        self._canvas.rule(f"{clean_line(language)} {clean_line(cell)}")
        self._canvas.open(view, last=("code", cell))
        self._drawn[cell], self._languages[cell] = "", language
        return view
