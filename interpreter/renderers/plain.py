"""Events as text that is only ever added to: for pipes, simple terminals, screen readers. No colour, no redrawing."""

from __future__ import annotations

import json
from typing import TextIO

from interpreter import events as e
from interpreter.renderers import html, words
from interpreter.renderers.rewriting import Rewriting
from interpreter.renderers.sanitize import Sanitizer, clean, clean_line, visible
from interpreter.renderers.writer import Writer


class PlainRenderer:
    """`PlainRenderer(answer, other)` is a consumer: the model's words go to `answer`, everything else to `other`.

    The words are the model's own Markdown, as they come, without what a terminal would obey. When the reader of
    `answer` has gone, `broken` is true and nothing more is written there: whoever runs the turn looks and interrupts.
    """

    def __init__(self, answer: TextIO, other: TextIO) -> None:
        self._answer = Writer(answer)
        self._other = Writer(other)
        self._words = Sanitizer()
        self._spoken = False  # whether the reply that is open was shown as it came
        self._answered = False
        self._streams: dict[tuple[str, str], tuple[Sanitizer, Rewriting]] = {}

    @property
    def broken(self) -> bool:
        """Whether nobody reads the answer any more."""
        return self._answer.broken

    def __call__(self, event: e.Event) -> None:
        """Write what is new."""
        match event:
            case e.TextDelta():
                self._say(event.text)
            case e.Text():
                self._say("" if self._spoken else event.text)
                self._said()
            case e.CodeProposed():
                self._proposed(event)
            case e.CodeDecided():
                self._decided(event)
            case e.Output():
                self._output(event)
            case e.InputRequested():
                self._end_streams()  # whoever is asked is shown the prompt by the host
            case e.CodeFinished():
                self._end_streams()
                self._tell(f"[{words.finished(event)}]")
            case e.CodeDetached():
                self._end_streams()
                self._tell(f"[{words.notice(event)}]")
            case e.TurnFinished():
                self._said()
                self._tell(words.turn(event))
            case e.SessionStarted() | e.TurnStarted() | e.StepStarted() | e.UsageReported():
                pass
            case e.ReasoningDelta() | e.Reasoning() | e.CodeDelta() | e.InputGiven() | e.OutputCleared():
                pass  # the whole code follows; thinking is not the answer; what was shown stays
            case _:
                if isinstance(event, e.Retrying):
                    self._said()  # what comes next is the reply from its beginning
                self._tell(words.notice(event))

    def settle(self) -> None:
        """End what is open, so that somebody else may write at the start of a line."""
        self._end_streams()
        self._said()

    def show(self, cell: str, language: str, code: str) -> None:
        """Write the whole of a cell's code, as it will run."""
        self._tell(f"[{cell} {clean(language)}]\n{visible(code).rstrip()}")

    def close(self) -> None:
        """As `settle`, for good."""
        self.settle()

    def _say(self, text: str) -> None:
        text = self._words.feed(text)
        if not text:
            return
        if not self._spoken and self._answered:
            text = "\n" + text  # an empty line between the replies of one turn
        self._spoken = self._answered = True
        self._answer.write(text)

    def _said(self) -> None:
        self._words.close()
        if not self._answer.at_line_start:
            self._answer.write("\n")
        self._spoken = False

    def _proposed(self, event: e.CodeProposed) -> None:
        if event.by == "model":
            self._tell(f"[{clean_line(event.language)} {clean_line(event.cell)}]\n{visible(event.code).rstrip()}")

    def _decided(self, event: e.CodeDecided) -> None:
        told = words.decided(event)
        self._tell(f"[{told}]" if told else "")
        if event.decision == "edited":
            self._tell(visible(event.code).rstrip())

    def _output(self, event: e.Output) -> None:
        if event.kind in ("stdout", "stderr"):
            key = (event.cell, event.kind)
            sanitizer, lines = self._streams.setdefault(key, (Sanitizer(rewriting=True), Rewriting()))
            for line in lines.feed(sanitizer.feed(as_text(event.data))):
                self._tell(line, empty=True)
        else:
            self._end_streams()
            self._tell(clean(as_text(event.data)).rstrip())
        if kept := words.kept(event):
            self._end_streams()
            self._tell(f"[{kept}]")

    def _end_streams(self) -> None:
        for _, lines in self._streams.values():
            for line in lines.close():
                self._tell(line)
        self._streams.clear()

    def _tell(self, text: str, *, empty: bool = False) -> None:
        if not text and not empty:
            return
        if not self._answer.at_line_start and self._answer.is_terminal() and self._other.is_terminal():
            self._other.write("\n")  # both are one screen, and a sentence is open on it
        self._other.line(text)


def as_text(data: e.MimeBundle) -> str:
    """A value as text, in the best form it has; a picture is named by its kind."""
    plain = str(data.get("text/plain", ""))
    if plain and not (plain.startswith("<") and plain.rstrip().endswith(">")):
        return plain
    for kind in ("text/markdown", "text/latex"):
        if kind in data:
            return str(data[kind])
    if "application/json" in data:
        return json.dumps(data["application/json"], indent=2, ensure_ascii=False, default=str)
    if "text/html" in data and (found := html.text(str(data["text/html"]))):
        return found
    return plain or (f"[{', '.join(data)}]" if data else "")
