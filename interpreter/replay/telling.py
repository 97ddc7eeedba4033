"""Verdicts and results as lines of text for a person. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from interpreter import events as e
from interpreter.renderers.plain import as_text
from interpreter.renderers.sanitize import Sanitizer, clean, clean_line
from interpreter.replay.verdicts import Verdict, reproducible

_FINDINGS = {
    "same": "reproduced",
    "apart": "reproduced, apart from",
    "differs": "NOT REPRODUCIBLE",
    "not compared": "not compared",
}


def verdict(it: Verdict) -> Iterator[str]:
    """The lines on one cell."""
    why = "; ".join(clean_line(reason) for reason in it.why)
    joint = " " if it.finding == "apart" else ": "
    yield f"{clean_line(it.cell):12} {_FINDINGS[it.finding]}{joint + why if why else ''}"
    for difference in it.differences:
        yield f"{'':12}   {clean_line(difference.what)}"
        yield from _beginning("recorded", difference.recorded)
        yield from _beginning("now", difference.now)


def summary(verdicts: Sequence[Verdict]) -> str:
    """The last line."""
    compared = [it for it in verdicts if it.finding != "not compared"]
    good = sum(it.finding != "differs" for it in compared)
    rest = len(verdicts) - len(compared)
    words = f"{good} of {len(compared)} cells {'is' if good == 1 else 'are'} reproducible"
    others = f"; {rest} not compared" if rest else ""
    return f"{words}{others}." if not reproducible(verdicts) or rest else f"All {good} cells are reproducible."


def _beginning(name: str, text: str) -> Iterator[str]:
    lines = clean(text).split("\n")
    yield f"{'':12}     {name + ':':10} {lines[0]}".rstrip()
    for line in lines[1:]:
        yield f"{'':12}     {'':10} {line}".rstrip()


class Results:
    """A consumer that writes what cells print and show, and nothing of the code: values to `out`, stderr to `err`."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._streams = {"stdout": Sanitizer(), "stderr": Sanitizer()}

    def __call__(self, event: e.Event, /) -> None:
        """Write what is new."""
        match event:
            case e.Output(kind="stdout" | "stderr" as kind):
                file = self._out if kind == "stdout" else self._err
                file.write(self._streams[kind].feed(as_text(event.data)))
                file.flush()
            case e.Output():
                file = self._err if event.kind == "error" else self._out
                file.write(f"{clean(as_text(event.data)).rstrip()}\n")
                file.flush()
            case _:
                pass
