"""One conversation with every kind of event, and what each consumer makes of it, in `golden/`. Asserts nothing.

After a wanted change `python -m tests.renderers.golden` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from interpreter import events as e
from interpreter.renderers.jsonl import JsonRenderer
from interpreter.renderers.plain import PlainRenderer
from tests.renderers.screens import Screen, renderer

FOLDER = Path(__file__).parent / "golden"

_CODE = "import pandas as pd\n\ndf = pd.read_csv('data.csv')  # \u202ehidden\ndf.describe()\n"
_HTML = (
    "<table><thead><tr><th></th><th>name</th><th>x</th></tr></thead><tbody>"
    "<tr><th>0</th><td>alpha</td><td>1.5</td></tr><tr><th>1</th><td>beta</td><td>22.25</td></tr></tbody></table>"
)
_TRACE = "\x1b[31mValueError\x1b[0m: no \x1b]0;title\x07such column"
_ANSWER = "The mean of **x** is `11.9`:\n\n| name | x |\n|---|--:|\n| alpha | 1.5 |\n\nDone\x1b[2J."


def text(cell: str, kind: e.OutputKind, words: str, file: str | None = None) -> e.Output:
    """Plain output."""
    return e.Output(cell=cell, kind=kind, data={"text/plain": words}, file=file)


def shown(cell: str, data: Mapping[str, object], display: str | None = None, file: str | None = None) -> e.Output:
    """A value."""
    return e.Output(cell=cell, kind="display", data=data, display_id=display, file=file)


EVENTS: tuple[e.Event, ...] = (
    e.SessionStarted(session="s1", model="m/one"),
    e.TurnStarted(prompt="describe data.csv"),
    e.StepStarted(step=1, model="m/one", protocol="tools"),
    e.Retrying(attempt=1, wait=2.0, reason="The endpoint is overloaded."),
    e.ProtocolChanged(from_="tools", to="text", reason="no tools here"),
    e.StepStarted(step=1, model="m/one", protocol="text"),
    e.ReasoningDelta(text="I should read"),
    e.ReasoningDelta(text=" the file."),
    e.TextDelta(text="I will **lo"),
    e.TextDelta(text="ad** the file."),
    e.CodeDelta(cell="c1", language="python", text=_CODE[:30]),
    e.CodeDelta(cell="c1", language="python", text=_CODE[30:]),
    e.UsageReported(tokens_in=1200, tokens_out=40, tokens_cached=1000, cost=0.0011),
    e.Reasoning(text="I should read the file."),
    e.Text(text="I will **load** the file."),
    e.CodeProposed(cell="c1", language="python", code=_CODE),
    e.CodeProposed(cell="c2", language="shell", code="rm data.csv\n"),
    e.CodeRejected(cell="c3", raw="{", reason="The arguments are not valid JSON."),
    e.CodeDecided(cell="c1", decision="run", code=_CODE),
    text("c1", "stdout", "reading\n"),
    text("c1", "stderr", "\r 10%"),
    text("c1", "stderr", "\r100%\n"),
    text("c1", "stdout", "name? "),
    e.InputRequested(cell="c1", prompt="column: "),
    e.InputGiven(cell="c1", text="x"),
    shown("c1", {"text/plain": "step 1"}, "d1"),
    shown("c1", {"text/plain": "step 2"}, "d1"),
    e.Output(cell="c1", kind="result", data={"text/plain": "   name  x", "text/html": _HTML}),
    shown("c1", {"text/plain": "<Figure>", "image/png": "iVBORw0KGgo="}, file="/data/images/c1-1.png"),
    shown("c1", {"text/markdown": "a **bold** word", "text/plain": "<Markdown>"}),
    shown("c1", {"text/latex": r"$\frac{\alpha}{2} \leq x^{2}$", "text/plain": "<Math>"}),
    shown("c1", {"application/json": {"rows": [1, None]}, "text/plain": "<JSON>"}),
    text("c1", "stdout", "the last words", "/data/outputs/c1-stdout.txt"),
    text("c1", "error", _TRACE),
    e.CodeFinished(cell="c1", status="error", seconds=2.25),
    e.CodeDecided(cell="c2", decision="skipped", code="rm data.csv\n", note="Cell c1 before it failed."),
    e.StepStarted(step=2, model="m/one", protocol="text"),
    e.CodeProposed(cell="c4", language="shell", code="ls"),
    e.CodeDecided(cell="c4", decision="edited", code="ls -l", note="The user changed the code before it ran."),
    e.OutputCleared(cell="c4"),
    text("c4", "stdout", "data.csv\n"),
    e.CodeFinished(cell="c4", status="ok", seconds=0.04),
    e.StepStarted(step=3, model="m/one", protocol="text"),
    e.CodeProposed(cell="c7", language="shell", code="sleep 9"),
    e.CodeDecided(cell="c7", decision="run", code="sleep 9", by="auto"),
    e.CodeDetached(cell="c7", seconds=2.0),
    e.CodeProposed(cell="c5", language="python", code="exit()"),
    e.CodeDecided(cell="c5", decision="declined", code="exit()", note="not now"),
    e.StepStarted(step=4, model="m/one", protocol="text"),
    e.TextDelta(text=_ANSWER[:20]),
    text("c4", "stdout", "a thread speaks\n"),
    e.TextDelta(text=_ANSWER[20:]),
    e.Text(text=_ANSWER),
    e.UsageReported(tokens_in=2200, tokens_out=60, cost=0.0009),
    e.TurnFinished(reason="done"),
    e.CodeProposed(cell="c6", language="python", code="df.shape", by="user"),
    e.CodeDecided(cell="c6", decision="run", code="df.shape"),
    e.Output(cell="c6", kind="result", data={"text/plain": "(2, 2)"}),
    e.CodeFinished(cell="c6", status="ok", seconds=0.01),
    e.KernelRestarted(language="python", reason="the user asked for it"),
    e.ModelChanged(model="m/two"),
    e.HistoryUndone(turns=2),
    e.HistoryTrimmed(reason="The 3 oldest turns are no longer sent.", dropped=3),
    e.SessionResumed(session="s1", lost=("python variables", "the shell's")),
    e.StateRebuilt(cells=2, stopped="c3"),
    e.Warned(text="The disk is nearly full."),
    e.TurnStarted(prompt="again"),
    e.StepStarted(step=1, model="m/two", protocol="tools"),
    e.TurnFinished(reason="failed", error="The key was refused. Check it."),
)
"""Every kind of event there is, at least once."""


def drawn() -> dict[str, str]:
    """What each consumer makes of the conversation, by the name of its file."""
    answer, other, json_lines = io.StringIO(), io.StringIO(), io.StringIO()
    terminal, narrow = Screen(80, 24), Screen(20, 12)
    consumers = (
        PlainRenderer(answer, other),
        JsonRenderer(json_lines, clock=lambda: "2026-01-01T00:00:00.000Z"),
        renderer(terminal),
        renderer(narrow),
    )
    for event in EVENTS:
        for consume in consumers:
            consume(event)
    for consumer in consumers:
        consumer.close()
    return {
        "answer.txt": answer.getvalue(),
        "other.txt": other.getvalue(),
        "events.jsonl": json_lines.getvalue(),
        "terminal.txt": terminal.text() + "\n",
        "narrow.txt": narrow.text() + "\n",
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, words in drawn().items():
        (FOLDER / name).write_text(words, encoding="utf-8")
