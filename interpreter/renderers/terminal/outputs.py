"""The output of cells: of the one that runs, as it comes, and of those that nobody waits for any more, line by line."""

from __future__ import annotations

from interpreter import events as e
from interpreter.renderers import words
from interpreter.renderers.sanitize import clean, clean_line
from interpreter.renderers.terminal.canvas import Canvas
from interpreter.renderers.terminal.cells import OutputView
from interpreter.renderers.terminal.results import Results


class Outputs:
    """Draws on `canvas` with `results`; `colour`: whether a program's colours are wanted."""

    def __init__(self, canvas: Canvas, results: Results, *, colour: bool, keys: str) -> None:
        self.results = results
        self.running = ""
        """The cell that runs and is waited for."""
        self._canvas = canvas
        self._colour = colour
        self._keys = keys
        self._asked = False  # a line of the cell's was begun, and ended by whoever answered
        self._own = False  # the running cell is the user's, who sees it in what was typed
        self._later: dict[str, OutputView] = {}  # of threads, and of cells in the background

    def start(self, cell: str, *, own: bool) -> None:
        """`cell` runs, and is waited for."""
        self.running, self._own, self._asked = cell, own, False
        self.wait()

    def wait(self) -> None:
        """Begin to count how long the running cell takes."""
        self._canvas.status.start("running", self._keys)

    def add(self, output: e.Output) -> None:
        """Take one output. Half a line of a cell that is not waited for waits for its end."""
        if output.cell == self.running:
            asked, self._asked = self._asked, False
            if not (asked and output.data.get("text/plain") == "\n"):
                self._open().add(output)
        else:
            view = self._later.setdefault(output.cell, self._view())
            view.add(output)
            self._write_later(output.cell, view)

    def ask(self, prompt: str) -> None:
        """The running cell asks: the host is going to draw `prompt`, which the cell may have printed before."""
        part = self._canvas.part
        self._asked = isinstance(part, OutputView) and part.forget(clean(prompt))
        self._canvas.settle()

    def clear(self, cell: str) -> None:
        """The cell took back what it showed."""
        if cell == self.running:
            self._open().clear()
        elif cell in self._later:
            self._later[cell].clear()

    def detach(self, event: e.CodeDetached) -> None:
        """The running cell goes on in the background."""
        self._canvas.end()
        self._canvas.rule(words.notice(event))
        self._canvas.gap()
        self.running, self._own = "", False

    def finish(self, event: e.CodeFinished) -> None:
        """A cell has ended; of the user's own only trouble is told."""
        self.end_later(event.cell)
        self._canvas.end()
        theme = self.results.theme
        style = {"ok": theme.good, "interrupted": theme.warning}.get(event.status, theme.bad)
        waited_for = event.cell == self.running
        if not (waited_for and self._own) or event.status != "ok":
            self._canvas.rule(words.finished(event), style)
        self._canvas.gap()
        if waited_for:
            self.running, self._own = "", False

    def end_later(self, *cells: str) -> None:
        """What these cells, or all that are not waited for, have shown so far is finished now."""
        for cell in cells or tuple(self._later):
            if (view := self._later.pop(cell, None)) is not None:
                view.close()
                self._write_later(cell, view)

    def _open(self) -> OutputView:
        """What draws the output of the running cell: the part that is open, or a new one under a line of its own."""
        this = ("output", self.running)
        known, below = self._canvas.last == this, self._canvas.last == ("code", self.running)
        if known and isinstance(self._canvas.part, OutputView):
            return self._canvas.part
        self._canvas.end()
        if not known and not self._own:
            self._canvas.gap(not below)
            self._canvas.rule("output" if below else f"output of {clean_line(self.running)}")
        view = self._view()
        self._canvas.open(view, last=this)
        return view

    def _write_later(self, cell: str, view: OutputView) -> None:
        if not (lines := view.take()):
            return
        if self._canvas.last != ("output", cell):
            self._canvas.end()
            self._canvas.gap()
            self._canvas.rule(f"later output of {clean_line(cell)}")
            self._canvas.last = ("output", cell)
        self._canvas.write(*lines)

    def _view(self) -> OutputView:
        return OutputView(self.results, colour=self._colour, width=self._canvas.width)
