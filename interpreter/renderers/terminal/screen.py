"""Events on a terminal: words as they are written, code, output, results. Asks nothing and reads no key."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from typing import TextIO, TypeAlias, assert_never

from interpreter import events as e
from interpreter.renderers import words
from interpreter.renderers.sanitize import clean_line
from interpreter.renderers.terminal.abilities import abilities
from interpreter.renderers.terminal.canvas import Canvas
from interpreter.renderers.terminal.cells import CodeView, OutputView
from interpreter.renderers.terminal.frame import Frame
from interpreter.renderers.terminal.markdown import MarkdownStream
from interpreter.renderers.terminal.page import Page
from interpreter.renderers.terminal.results import Results
from interpreter.renderers.terminal.spent import Spent
from interpreter.renderers.terminal.status import Status
from interpreter.renderers.terminal.styled import paint, wrap
from interpreter.renderers.terminal.theme import THEMES
from interpreter.renderers.terminal.thinking import Thinking
from interpreter.renderers.writer import Writer
from interpreter.settings import ImageChoice, Notify, ThemeChoice

_LONG_TURN = 10.0
"""Seconds of a turn whose end is worth a bell."""

CellEvent: TypeAlias = e.CodeDecided | e.Output | e.OutputCleared | e.InputRequested | e.InputGiven | e.CodeFinished
ReplyEvent: TypeAlias = (
    e.StepStarted | e.ReasoningDelta | e.Reasoning | e.TextDelta | e.Text | e.CodeDelta | e.CodeProposed
)


class TerminalRenderer:
    """A consumer that draws on `file`.

    `environment` tells what the terminal can do and whether colours are wanted. `plain` is for screen readers: nothing
    is redrawn and nothing coloured. `theme` is a name in `THEMES`. `size` gives columns and rows. Everything is written
    with `file.write` and `file.flush`, whole updates at a time. With a running event loop what is new is drawn in time;
    without one, at the next event or `settle`. When the terminal has gone, `broken` is true.
    """

    def __init__(
        self,
        file: TextIO,
        *,
        environment: Mapping[str, str],
        plain: bool = False,
        theme: ThemeChoice = "auto",
        images: ImageChoice = "auto",
        notify: Notify = "off",
        size: Callable[[], tuple[int, int]] = shutil.get_terminal_size,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._can = abilities(environment, file, plain=plain, images=images)
        self._writer = Writer(file)
        self._clock = clock
        frame = Frame(self._writer.write, redraws=self._can.redraw)
        self._canvas = Canvas(frame, Status(clock), size=size, clock=clock)
        self.recolour(theme)
        self._spent = Spent(clock)
        self._notify = notify if self._can.redraw else "off"
        self._last = ""  # what stands last on the screen: code or output, and of which cell
        self._code: dict[str, str] = {}  # as drawn, of cells that are not decided
        self._languages: dict[str, str] = {}  # of the same cells
        self._next: dict[str, e.CodeProposed] = {}  # cells to be drawn when those before them are done
        self._running = ""  # the cell that runs
        self._own = False  # it is the user's
        self._spoken = False  # the words of this reply were drawn as they came
        self._later: dict[str, OutputView] = {}  # output of cells that nobody waits for
        self._waiting: list[e.Output | e.CodeFinished] = []  # of such cells, kept out of the middle of a sentence
        self._closed = False

    # ---- for whoever shares the terminal

    @property
    def broken(self) -> bool:
        """Whether the terminal has gone."""
        return self._writer.broken

    def recolour(self, theme: ThemeChoice) -> None:
        """From the next part on draw in another theme, as far as the terminal and the user's wishes let it."""
        self._theme = THEMES["none" if not self._can.styles else theme if self._can.colour else "mono"]
        self._page = Page(self._theme, unicode=self._can.unicode)
        self._results = Results(self._theme, self._can)
        self._canvas.status.style = self._theme.quiet

    def settle(self) -> None:
        """Finish what is open: the cursor is at the start of a fresh line; nothing is drawn until the next event."""
        self._end(keep=True)
        self._canvas.settle()

    def close(self) -> None:
        """Settle for good: what comes later is not drawn."""
        for cell in list(self._later):
            self._end_later(cell)
        self.settle()
        self._closed = True

    def show(self, cell: str, language: str, code: str) -> None:
        """Draw the whole of a cell's code, as it will run, unless it stands last on the screen; then settle."""
        if self._last != f"code {cell}" or self._code.get(cell) != code:
            self._draw_code(cell, language, code)
        self._end(keep=True)
        self._canvas.settle()

    # ---- events

    def __call__(self, event: e.Event) -> None:
        """Draw what is new."""
        if self._closed:
            return
        match event:
            case (
                e.StepStarted()
                | e.ReasoningDelta()
                | e.Reasoning()
                | e.TextDelta()
                | e.Text()
                | e.CodeDelta()
                | e.CodeProposed()
            ):
                self._reply(event)
            case (
                e.CodeDecided()
                | e.Output()
                | e.OutputCleared()
                | e.InputRequested()
                | e.InputGiven()
                | e.CodeFinished()
            ):
                self._cell(event)
            case e.CodeDetached():
                self._detach(event)
            case e.SessionStarted():
                pass
            case e.TurnStarted():
                self._spent.start()
                self._canvas.gap()
            case e.UsageReported():
                self._spent.add(event)
            case e.TurnFinished():
                self._finish_turn(event)
            case _:
                if isinstance(event, e.Retrying):
                    self._forget()
                self._say(words.notice(event), self._theme.warning if isinstance(event, e.Warned) else "")
        self._canvas.soon()

    def _reply(self, event: ReplyEvent) -> None:
        match event:
            case e.StepStarted():
                self._forget()
                self._canvas.status.start("waiting for the model")
            case e.ReasoningDelta():
                self._think(event.text)
            case e.Reasoning():
                pass
            case e.TextDelta():
                self._spoken = True
                self._speak(event.text)
            case e.Text():
                if not self._spoken:
                    self._speak(event.text)
                if isinstance(self._canvas.part, MarkdownStream):
                    self._end()
            case e.CodeDelta():
                self._write_code(event)
            case e.CodeProposed():
                self._propose(event)
            case _:
                assert_never(event)

    def _cell(self, event: CellEvent) -> None:
        match event:
            case e.CodeDecided():
                self._decide(event)
            case e.Output():
                self._output(event)
            case e.OutputCleared():
                if event.cell == self._running:
                    self._output_of(event.cell).clear()
                elif event.cell in self._later:
                    self._later[event.cell].clear()
            case e.InputRequested():
                if event.cell == self._running:
                    self._end(keep=True)
                    self._canvas.settle()
            case e.InputGiven():
                if event.cell == self._running:
                    self._canvas.status.start("running")
            case e.CodeFinished():
                self._finish(event)
            case _:
                assert_never(event)

    # ---- the reply

    def _forget(self) -> None:
        """A reply begins, perhaps anew: nothing of it is drawn yet."""
        self._end()
        self._spoken = False
        self._code.clear()
        self._languages.clear()
        self._next.clear()

    def _think(self, text: str) -> None:
        if not isinstance(self._canvas.part, Thinking):
            thinking = Thinking(self._theme.quiet, width=self._canvas.width, clock=self._clock)
            self._end()
            self._canvas.open(thinking)
        if isinstance(self._canvas.part, Thinking):
            self._canvas.part.feed(text)

    def _speak(self, text: str) -> None:
        if not isinstance(self._canvas.part, MarkdownStream):
            text = text.lstrip("\n")
            if not text.strip():
                return
            self._end()
            self._canvas.gap()
            self._canvas.open(MarkdownStream(self._page, self._canvas.width))
        if isinstance(self._canvas.part, MarkdownStream):
            self._canvas.part.feed(text)

    def _write_code(self, event: e.CodeDelta) -> None:
        if event.cell not in self._code and not self._code:
            self._begin_code(event.cell, event.language)
        if self._last == f"code {event.cell}" and isinstance(self._canvas.part, CodeView):
            self._canvas.part.feed(event.text)
            self._code[event.cell] += event.text

    def _propose(self, event: e.CodeProposed) -> None:
        """The whole code; what was drawn as it came is completed, or, if it was not that, drawn anew."""
        if event.by == "user":
            self._end()
            self._own = True
            self._canvas.gap(False)
            return
        if self._code and event.cell not in self._code:
            self._next[event.cell] = event
            return
        drawn = self._code.get(event.cell)
        part = self._canvas.part
        if self._last == f"code {event.cell}" and isinstance(part, CodeView) and event.code.startswith(drawn or ""):
            part.feed(event.code[len(drawn or "") :])
        elif drawn is None or drawn.rstrip() != event.code.rstrip():
            self._draw_code(event.cell, event.language, event.code)
        self._code[event.cell] = event.code
        self._end(keep=True)

    def _draw_next(self) -> None:
        """Draw the cell whose turn it is, so that its code stands right above what is asked and what comes of it."""
        if self._next:
            event = self._next.pop(next(iter(self._next)))
            self._draw_code(event.cell, event.language, event.code)
            self._end(keep=True)

    def _draw_code(self, cell: str, language: str, code: str) -> None:
        self._begin_code(cell, language)
        if isinstance(self._canvas.part, CodeView):
            self._canvas.part.feed(code)
        self._code[cell] = code

    def _begin_code(self, cell: str, language: str) -> None:
        self._end()
        self._canvas.gap()
        self._rule(f"{clean_line(language)} {clean_line(cell)}")
        self._canvas.open(CodeView(language, self._theme, self._canvas.width))
        self._last, self._code[cell], self._languages[cell] = f"code {cell}", "", language

    # ---- cells

    def _decide(self, event: e.CodeDecided) -> None:
        self._end(keep=True)
        if event.decision in ("declined", "skipped"):
            self._rule(words.decided(event), self._theme.warning)
        elif event.decision == "edited" and self._code.get(event.cell) != event.code:
            self._rule(words.decided(event))
            view = CodeView(self._languages.get(event.cell, ""), self._theme, self._canvas.width)
            view.feed(event.code)
            view.close()
            self._canvas.write(*view.take())
        if event.decision in ("run", "edited"):
            self._running = event.cell
            self._canvas.status.start("running")
        else:
            self._canvas.gap()
        self._code.pop(event.cell, None)
        self._languages.pop(event.cell, None)
        if event.decision in ("declined", "skipped"):
            self._draw_next()

    def _output(self, event: e.Output) -> None:
        if event.cell == self._running:
            self._output_of(event.cell).add(event)
        elif isinstance(self._canvas.part, MarkdownStream | CodeView | Thinking):
            self._waiting.append(event)
        else:
            view = self._later.setdefault(event.cell, self._view())
            view.add(event)
            self._write_later(event.cell, view)

    def _output_of(self, cell: str) -> OutputView:
        """What draws the output of the running cell: the part that is open, or a new one under a line of its own."""
        known, below = self._last == f"output {cell}", self._last == f"code {cell}"
        if known and isinstance(self._canvas.part, OutputView):
            return self._canvas.part
        self._end()
        if not known and not self._own:
            self._canvas.gap(not below)
            self._rule("output" if below else f"output of {clean_line(cell)}")
        view = self._view()
        self._canvas.open(view)
        self._last = f"output {cell}"
        return view

    def _write_later(self, cell: str, view: OutputView) -> None:
        """The finished lines of a cell that nobody waits for; half a line waits for its end."""
        if not (lines := view.take()):
            return
        if self._last != f"output {cell}":
            self._end()
            self._canvas.gap()
            self._rule(f"later output of {clean_line(cell)}")
            self._last = f"output {cell}"
        self._canvas.write(*lines)

    def _end_later(self, cell: str) -> None:
        """All of a cell's later output is finished now."""
        if (view := self._later.pop(cell, None)) is not None:
            view.close()
            self._write_later(cell, view)

    def _view(self) -> OutputView:
        return OutputView(self._results, colour=self._can.colour, width=self._canvas.width)

    def _detach(self, event: e.CodeDetached) -> None:
        self._end()
        self._rule(words.notice(event))
        self._running, self._own = "", False
        self._canvas.gap()
        self._draw_next()

    def _finish(self, event: e.CodeFinished) -> None:
        background = event.cell != self._running
        if background and isinstance(self._canvas.part, MarkdownStream | CodeView | Thinking):
            self._waiting.append(event)
            return
        self._end_later(event.cell)
        self._end()
        style = {"ok": self._theme.good, "interrupted": self._theme.warning}.get(event.status, self._theme.bad)
        if background or not self._own or event.status != "ok":
            self._rule(words.finished(event), style)
        self._canvas.gap()
        if not background:
            self._running, self._own = "", False
            self._draw_next()

    def _finish_turn(self, event: e.TurnFinished) -> None:
        self._forget()
        for cell in list(self._later):
            self._end_later(cell)
        if told := words.turn(event):
            self._say(told, self._theme.bad if event.reason == "failed" else self._theme.warning)
        if usage := self._spent.told():
            self._canvas.gap()
            self._say(usage)
        self._canvas.gap()
        self._canvas.settle()
        if self._spent.seconds() >= _LONG_TURN and self._notify != "off":
            self._writer.write("\x1b]9;The answer is there\x07" if self._notify == "desktop" else "\x07")

    # ---- lines of our own

    def _say(self, text: str, style: str = "") -> None:
        """A sentence between the parts."""
        self._end()
        for line in text.split("\n"):
            rows = wrap([("", line)], self._canvas.width())
            self._canvas.write(*(paint(style or self._theme.quiet, "".join(word for _, word in row)) for row in rows))

    def _rule(self, text: str, style: str = "") -> None:
        """A line that begins or ends something; short, so that a narrower screen does not break it."""
        rule = "── " if self._can.unicode else "-- "
        self._canvas.write(paint(self._theme.quiet, rule) + paint(style or self._theme.quiet, text))

    def _end(self, *, keep: bool = False) -> None:
        """Finish what is open. `keep`: it stands last on the screen, and more may be added to it."""
        self._canvas.end()
        self._last = self._last if keep else ""
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self._cell(event)
