"""Events on a terminal: words as they are written, code, output, results. Asks nothing and reads no key."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from typing import TextIO, TypeAlias, assert_never

from interpreter import events as e
from interpreter.renderers import words
from interpreter.renderers.terminal.abilities import abilities
from interpreter.renderers.terminal.canvas import Canvas
from interpreter.renderers.terminal.cells import CodeView
from interpreter.renderers.terminal.frame import Frame
from interpreter.renderers.terminal.markdown import MarkdownStream
from interpreter.renderers.terminal.outputs import Outputs
from interpreter.renderers.terminal.page import Page
from interpreter.renderers.terminal.proposals import Proposals
from interpreter.renderers.terminal.results import Results
from interpreter.renderers.terminal.spent import Spent
from interpreter.renderers.terminal.status import Status
from interpreter.renderers.terminal.theme import THEMES, Theme
from interpreter.renderers.terminal.thinking import Thinking
from interpreter.renderers.writer import Writer
from interpreter.settings import ImageChoice, Notify, ThemeChoice

_LONG_TURN = 10.0
"""Seconds of a turn whose end is worth a bell."""

CellEvent: TypeAlias = (
    e.CodeDecided | e.Output | e.OutputCleared | e.InputRequested | e.InputGiven | e.CodeDetached | e.CodeFinished
)
ReplyEvent: TypeAlias = (
    e.StepStarted | e.ReasoningDelta | e.Reasoning | e.TextDelta | e.Text | e.CodeDelta | e.CodeProposed
)


class TerminalRenderer:
    """A consumer that draws on `file`.

    `environment` tells what the terminal can do and whether colours are wanted. `plain` is for screen readers: nothing
    is redrawn and nothing coloured. `theme` is a name in `THEMES`. `keys` says what ends a cell that takes long.
    `size` gives columns and rows. Everything is written with `file.write` and `file.flush`, whole updates at a time.
    With a running event loop what is new is drawn in time; without one, at the next event or `settle`. When the
    terminal has gone, `broken` is true.
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
        keys: str = "",
        size: Callable[[], tuple[int, int]] = shutil.get_terminal_size,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._can = abilities(environment, file, plain=plain, images=images)
        self._writer = Writer(file)
        self._clock = clock
        frame = Frame(self._writer.write, redraws=self._can.redraw)
        dash = "──" if self._can.unicode else "--"
        self._canvas = Canvas(frame, Status(clock), size=size, clock=clock, dash=dash)
        self._page = Page(Theme(), unicode=self._can.unicode)
        self._proposals = Proposals(self._canvas, Theme())
        self._outputs = Outputs(self._canvas, Results(Theme(), self._can), colour=self._can.colour, keys=keys)
        self._spent = Spent(clock)
        self._notify = notify if self._can.redraw else "off"
        self._spoken = False  # the words of this reply were drawn as they came
        self._unsaid = ""  # spaces that began them, and are drawn with the first word
        self._own = ""  # a cell of the user's
        self._waiting: list[e.Output | e.CodeFinished] = []  # of cells nobody waits for: not within a sentence
        self._closed = False
        self.recolour(theme)

    # ---- for whoever shares the terminal

    @property
    def broken(self) -> bool:
        """Whether the terminal has gone."""
        return self._writer.broken

    def recolour(self, theme: ThemeChoice) -> None:
        """From the next part on draw in another theme, as far as the terminal and the user's wishes let it."""
        self._theme = THEMES["none" if not self._can.styles else theme if self._can.colour else "mono"]
        self._canvas.quiet = self._theme.quiet
        self._page = Page(self._theme, unicode=self._can.unicode)
        self._proposals.theme = self._theme
        self._outputs.results = Results(self._theme, self._can)

    def settle(self) -> None:
        """Finish what is open: the cursor is at the start of a fresh line; nothing is drawn until the next event."""
        self._canvas.end(keep=True)
        self._tell_waiting()
        self._canvas.settle()

    def close(self) -> None:
        """Settle for good: what comes later is not drawn."""
        self._canvas.end(keep=True)
        self._outputs.end_later()
        self.settle()
        self._closed = True

    def show(self, cell: str, language: str, code: str) -> None:
        """Draw the whole of a cell's code, as it will run, unless it stands last on the screen; then settle."""
        self._proposals.show(cell, language, code)
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
                | e.CodeDetached()
                | e.CodeFinished()
            ):
                self._cell(event)
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
        self._tell_waiting()
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
                    self._canvas.end()
            case e.CodeDelta():
                self._proposals.write(event)
            case e.CodeProposed():
                if event.by == "model":
                    self._proposals.propose(event)
                else:
                    self._begin_own(event.cell)
            case _:
                assert_never(event)

    def _cell(self, event: CellEvent) -> None:
        match event:
            case e.CodeDecided():
                self._proposals.decide(event)
                if event.decision in ("run", "edited"):
                    self._outputs.start(event.cell, own=event.cell == self._own)
                else:
                    self._proposals.go_on()
            case e.Output():
                self._unless_speaking(event)
            case e.OutputCleared():
                self._outputs.clear(event.cell)
            case e.InputRequested():
                if event.cell == self._outputs.running:
                    self._outputs.ask(event.prompt)
            case e.InputGiven():
                if event.cell == self._outputs.running:
                    self._outputs.wait()
            case e.CodeDetached():
                self._outputs.detach(event)
                self._proposals.go_on()
            case e.CodeFinished():
                self._unless_speaking(event)
            case _:
                assert_never(event)

    def _unless_speaking(self, event: e.Output | e.CodeFinished) -> None:
        """Draw it now; what comes of a cell that nobody waits for does not tear a sentence apart."""
        waited_for = event.cell == self._outputs.running
        if not waited_for and isinstance(self._canvas.part, MarkdownStream | CodeView | Thinking):
            self._waiting.append(event)
        elif isinstance(event, e.Output):
            self._outputs.add(event)
        else:
            self._outputs.finish(event)
            if waited_for:
                self._proposals.go_on()

    def _tell_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self._unless_speaking(event)

    # ---- the reply

    def _forget(self) -> None:
        """A reply begins, perhaps anew: nothing of it is drawn yet."""
        self._canvas.end()
        self._spoken, self._unsaid = False, ""
        self._proposals.forget()

    def _begin_own(self, cell: str) -> None:
        """A cell of the user's: its code stands in what was typed."""
        self._canvas.end()
        self._canvas.gap(False)
        self._own = cell

    def _think(self, text: str) -> None:
        part = self._canvas.part
        if not isinstance(part, Thinking):
            part = Thinking(self._theme.quiet, width=self._canvas.width, clock=self._clock)
            self._canvas.open(part)
        part.feed(text)

    def _speak(self, text: str) -> None:
        part = self._canvas.part
        if not isinstance(part, MarkdownStream):
            text = (self._unsaid + text).lstrip("\n")
            self._unsaid = "" if text.strip() else text
            if not text.strip():
                return
            part = MarkdownStream(self._page, self._canvas.width)
            self._canvas.open(part)
            self._canvas.gap()
        part.feed(text)

    def _finish_turn(self, event: e.TurnFinished) -> None:
        self._forget()
        self._tell_waiting()
        self._outputs.end_later()
        if told := words.turn(event):
            self._say(told, self._theme.bad if event.reason == "failed" else self._theme.warning)
        if usage := self._spent.told():
            self._canvas.gap()
            self._say(usage)
        self._canvas.gap()
        self._canvas.settle()
        if self._spent.seconds() >= _LONG_TURN and self._notify != "off":
            self._writer.write("\x1b]9;The answer is there\x07" if self._notify == "desktop" else "\x07")

    def _say(self, text: str, style: str = "") -> None:
        """A sentence between the parts."""
        self._canvas.end()
        self._canvas.say(text, style)
