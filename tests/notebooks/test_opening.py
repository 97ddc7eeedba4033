"""Notebooks as sessions: ours come back as they were, any other one as the user's own words and code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter import history as h
from interpreter.errors import UsageError
from interpreter.notebooks.document import Json, document
from interpreter.notebooks.file import save
from interpreter.notebooks.opening import open_notebook
from interpreter.notebooks.outputs import RAISED
from interpreter.protocols.tools import ToolsProtocol
from tests.conversations import BRIEF
from tests.notebooks.stories import STARTED, cell, png, printed, raised, step, turn


def foreign(path: Path, *cells: Json, minor: int = 5, **metadata: object) -> Path:
    """A notebook that Jupyter wrote."""
    path.write_text(
        json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}), encoding="utf-8"
    )
    return path


def test_our_own_notebook_is_the_same_history_again(tmp_path: Path) -> None:
    attachment = e.Attachment(path="/data/x.csv", media_type="text/csv", size=7)
    events = [
        STARTED,
        e.TurnStarted(prompt="look  \n\n  \n> at it\nend ", attachments=(attachment,)),
        *step(1, "First.", cell("c1", "boom", raised("c1", "NameError", "boom"), status="error")),
        *step(
            2,
            "",
            cell("c2", "ls\npwd", printed("c2", "a\n"), language="shell"),
            [
                e.CodeProposed(cell="c3", language="python", code="one"),
                e.CodeDecided(cell="c3", decision="edited", code="two", note="two, please"),
                e.Output(cell="c3", kind="result", data={"text/plain": "2", "image/png": png((0, 0, 0))}),
                e.CodeFinished(cell="c3", status="ok", seconds=1.5),
            ],
        ),
        *step(
            3,
            "Third.",
            [
                e.CodeProposed(cell="c4", language="python", code="three"),
                e.CodeDecided(cell="c4", decision="declined", code="three"),
            ],
        ),
        e.TurnFinished(reason="declined"),
        *cell("c5", "puts 1", printed("c5", "1\n"), language="ruby", by="user"),
        *cell("c6", "mine", printed("c6", "x", "stderr"), by="user", status="interrupted"),
        *turn("and?", step(1, "Done.")),
    ]
    path = tmp_path / "session.ipynb"
    save(path, document(events))

    opened = open_notebook(path)

    assert opened.history == h.fold(events)
    assert h.fold(opened.events) == opened.history
    assert (opened.kernel, opened.language) == ("python3", "python")


def test_any_other_notebook_is_the_users_words_and_code(tmp_path: Path) -> None:
    path = foreign(
        tmp_path / "plain.ipynb",
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "words"]},
        {
            "cell_type": "code",
            "metadata": {},
            "source": ["1 / 0"],
            "execution_count": 3,
            "outputs": [
                {"output_type": "stream", "name": "stderr", "text": ["a\n", "b\n"]},
                {"output_type": "display_data", "data": {"text/html": ["<b>", "x</b>"]}, "metadata": {}},
                {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE\x1b[0m: v"]},
            ],
        },
        {"cell_type": "raw", "metadata": {}, "source": "raw"},
        {"cell_type": "code", "metadata": {}, "source": "later()", "execution_count": None, "outputs": []},
        {"cell_type": "code", "metadata": {}, "source": "", "execution_count": None, "outputs": []},
        minor=2,
        kernelspec={"name": "ir", "display_name": "R", "language": "R"},
    )
    opened = open_notebook(path)
    assert (opened.kernel, opened.language) == ("ir", "r")
    assert opened.history.entries == (
        h.Prompt(text="# Title\nwords"),
        h.UserCell(
            cell=h.Cell(
                id="c1",
                language="r",
                proposed="1 / 0",
                code="1 / 0",
                by="user",
                decision="run",
                outputs=(
                    printed("c1", "a\nb\n", "stderr"),
                    e.Output(cell="c1", kind="display", data={"text/html": "<b>x</b>"}),
                    e.Output(
                        cell="c1",
                        kind="error",
                        data={"text/plain": "E: v", RAISED: {"ename": "E", "evalue": "v"}},
                    ),
                ),
                status="error",
            )
        ),
        h.UserCell(
            cell=h.Cell(
                id="c2",
                language="r",
                proposed="later()",
                code="later()",
                by="user",
                decision="skipped",
                note="It was not run in the notebook.",
                status="skipped",
            )
        ),
    )


def test_the_model_is_sent_what_a_foreign_notebook_holds(tmp_path: Path) -> None:
    out = [{"output_type": "stream", "name": "stdout", "text": "42\n"}]
    path = foreign(
        tmp_path / "plain.ipynb",
        {"cell_type": "markdown", "metadata": {}, "source": "Sales."},
        {"cell_type": "code", "metadata": {}, "source": "print(42)", "execution_count": 1, "outputs": out},
    )
    request = ToolsProtocol(BRIEF).request(open_notebook(path).history)
    content = "Sales.\n\nI ran this python code myself:\n```python\nprint(42)\n```\n42"
    assert request.messages[1:] == ({"role": "user", "content": content},)


def test_a_notebook_of_version_3_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.ipynb"
    cells = [
        {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Old"]},
        {
            "cell_type": "code",
            "collapsed": False,
            "input": ["6 * 7"],
            "language": "python",
            "metadata": {},
            "outputs": [{"output_type": "pyout", "prompt_number": 1, "metadata": {}, "text": ["42"]}],
            "prompt_number": 1,
        },
    ]
    old = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]}
    path.write_text(json.dumps(old), encoding="utf-8")
    prompt, ran = open_notebook(path).history.entries
    assert prompt == h.Prompt(text="## Old")
    assert isinstance(ran, h.UserCell)
    assert (ran.cell.code, ran.cell.outputs) == (
        "6 * 7",
        (e.Output(cell="c1", kind="result", data={"text/plain": "42"}),),
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "Cannot read the notebook {path}: No such file or directory."),
        ("{", "{path} is not a Jupyter notebook that can be read: "),
        ("[]", "{path} is not a Jupyter notebook that can be read: "),
        ("[" * 100_000, "{path} is not a Jupyter notebook that can be read: "),
        ('{"nbformat": true, "cells": [], "metadata": {}}', "{path} is not a Jupyter notebook that can be read: "),
        ('{"nbformat": 4}', "{path} is not a Jupyter notebook that can be read: "),
        ('{"nbformat": 4, "nbformat_minor": null, "metadata": {}, "cells": []}',
         "{path} is not a Jupyter notebook that can be read: it is damaged"),
        ('{"nbformat": 9, "cells": [], "metadata": {}}', "{path} is not a Jupyter notebook that can be read: "),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "odd"}]}',
         "{path} is not a Jupyter notebook that can be read: "),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_one_line(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        open_notebook(path)
    assert str(caught.value).startswith(said.format(path=path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"approved": "nobody"},
        {"approved": ["asked"]},
        {"seconds": "long"},
        {"seconds": float("inf")},
        {"seconds": 10**400},
        {"status": ["ok"]},
        {"inputs": [5]},
        {"attachments": "all"},
        {"attachments": [{"size": "x"}]},
    ],
)
def test_a_cell_whose_notes_somebody_broke_is_the_users_own(tmp_path: Path, changed: dict[str, object]) -> None:
    made = document([STARTED, *turn("Count.", step(1, "", cell("c1", "print(1)", printed("c1", "1\n"))))])
    made["cells"][-1]["metadata"]["local_interpreter"].update(changed)
    save(tmp_path / "broken.ipynb", made)
    last = open_notebook(tmp_path / "broken.ipynb").history.entries[-1]
    assert isinstance(last, h.UserCell)
    assert (last.cell.code, last.cell.status, last.cell.by) == ("print(1)", "ok", "user")


def test_halves_of_characters_in_a_notebook_are_question_marks(tmp_path: Path) -> None:
    code = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": 1, "source": "'\ud800'"}
    opened = open_notebook(foreign(tmp_path / "half.ipynb", code))
    assert [event.code for event in opened.events if isinstance(event, e.CodeProposed)] == ["'?'"]
