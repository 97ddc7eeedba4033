"""A session as a notebook: whole documents, their validity, and what another program makes of them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from interpreter import events as e
from interpreter.notebooks.document import NotebookKernel, document
from interpreter.notebooks.draft import draft
from interpreter.notebooks.file import encoded
from interpreter.notebooks.kernels import notebook_kernel
from interpreter.notebooks.opening import kernelspec
from interpreter.notebooks.source import find
from interpreter.recorders.journal import Journal
from interpreter.recorders.store import Store
from tests.notebooks.stories import STARTED, cell, png, printed, raised, step, turn


def valid(events: list[e.Event], kernel: NotebookKernel | None = None) -> Any:
    """The notebook of `events` as Jupyter reads it from a file, after it was validated."""
    made = document(events, kernel) if kernel else document(events)
    nbformat.validate(made, version=4, version_minor=5)
    read: Any = nbformat.reads(encoded(made).decode(), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(read)
    assert json.loads(json.dumps(read)) == made
    return read


def code_cells(notebook: Any) -> list[Any]:
    return [it for it in notebook.cells if it.cell_type == "code"]


def test_a_turn_becomes_its_words_and_its_code_with_all_that_is_known_of_it() -> None:
    folded = draft([STARTED])
    for event in turn(
        "how many?\n\n# really",
        [
            e.StepStarted(step=1, model="acme/large", protocol="tools"),
            e.UsageReported(tokens_in=10, tokens_out=5, cost=0.25),
            e.Text(text="I count."),
        ],
        cell("c1", "print(1)\n2", printed("c1", "1\n"), e.Output(cell="c1", kind="result", data={"text/plain": "2"})),
    ):
        folded.add(event, "2026-10-01T12:00:00.000Z")

    made = document(folded, NotebookKernel(python="/usr/bin/python3"))

    assert made["cells"] == [
        {
            "cell_type": "markdown",
            "id": "prompt-1",
            "metadata": {"local_interpreter": {"role": "prompt", "turn": 1}},
            "source": "> how many?  \n>\n> # really",
        },
        {
            "cell_type": "markdown",
            "id": "reply-1",
            "metadata": {
                "local_interpreter": {
                    "role": "reply",
                    "turn": 1,
                    "reply": 1,
                    "model": "acme/large",
                    "usage": {"tokens_in": 10, "tokens_out": 5, "tokens_cached": 0, "cost": 0.25},
                }
            },
            "source": "I count.",
        },
        {
            "cell_type": "code",
            "id": "c1",
            "metadata": {
                "local_interpreter": {
                    "role": "code",
                    "turn": 1,
                    "reply": 1,
                    "language": "python",
                    "by": "model",
                    "model": "acme/large",
                    "decision": "run",
                    "approved": "always",
                    "status": "ok",
                    "seconds": 0.5,
                    "started": "2026-10-01T12:00:00.000Z",
                }
            },
            "source": "print(1)\n2",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": "1\n"},
                {
                    "output_type": "execute_result",
                    "data": {"text/plain": "2"},
                    "metadata": {},
                    "execution_count": 1,
                },
            ],
            "execution_count": 1,
        },
    ]
    ours = made["metadata"].pop("local_interpreter")
    assert ours.pop("program").startswith("local-interpreter ")
    assert ours == {
        "session": "261001-120000",
        "model": "acme/large",
        "python": "/usr/bin/python3",
        "tokens_in": 10,
        "tokens_out": 5,
        "cost": 0.25,
        "requests": 1,
    }
    assert made["metadata"]["kernelspec"] == {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }


def test_pieces_of_a_stream_are_merged_and_values_keep_their_types() -> None:
    picture = png((255, 0, 0))
    outputs = (
        printed("c1", "a"),
        printed("c1", "b\n"),
        printed("c1", "warning\n", "stderr"),
        printed("c1", "c\n"),
        e.Output(cell="c1", kind="display", data={"image/png": picture, "text/plain": "<Figure>"}),
        e.Output(cell="c1", kind="display", data={"application/vnd.x+json": {"a": [1]}, "text/x-odd": {"b": 2}}),
    )
    (made,) = code_cells(valid(turn("go", step(1, "", cell("c1", "go()", *outputs)))))
    assert made.outputs == [
        {"output_type": "stream", "name": "stdout", "text": "ab\n"},
        {"output_type": "stream", "name": "stderr", "text": "warning\n"},
        {"output_type": "stream", "name": "stdout", "text": "c\n"},
        {"output_type": "display_data", "data": {"image/png": picture, "text/plain": "<Figure>"}, "metadata": {}},
        {
            "output_type": "display_data",
            "data": {"application/vnd.x+json": {"a": [1]}, "text/x-odd": '{"b": 2}'},
            "metadata": {},
        },
    ]


def test_a_picture_that_is_kept_as_a_file_alone_is_embedded_while_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "c1-1.png"
    file.write_bytes(base64.b64decode(png((1, 2, 3))))
    large = e.Output(cell="c1", kind="display", data={"text/plain": "<Figure>"}, file=str(file))
    events = turn("go", step(1, "", cell("c1", "go()", large)))
    assert code_cells(valid(events))[0].outputs[0].data == {"text/plain": "<Figure>", "image/png": png((1, 2, 3))}
    file.unlink()
    assert code_cells(valid(events))[0].outputs[0].data == {"text/plain": "<Figure>"}


def test_a_display_is_updated_in_its_place_and_a_cleared_output_is_gone() -> None:
    def bar(text: str) -> e.Output:
        return e.Output(cell="c1", kind="display", data={"text/plain": text}, display_id="bar")

    events = turn(
        "go",
        step(1, "", cell("c1", "go()", bar("10 %"), printed("c1", "x\n"), bar("100 %"))),
        step(2, "", cell("c2", "go()", printed("c2", "gone"), e.OutputCleared(cell="c2"), printed("c2", "stays"))),
    )
    first, second = code_cells(valid(events))
    assert [it.get("text") or it.data["text/plain"] for it in first.outputs] == ["100 %", "x\n"]
    assert [it.text for it in second.outputs] == ["stays"]


def test_a_failed_attempt_that_was_corrected_in_its_turn_is_superseded_and_one_that_was_not_is_not() -> None:
    events = [
        *turn(
            "go",
            step(1, "", cell("c1", "boom", raised("c1", "NameError", "boom"), status="error")),
            step(2, "", cell("c2", "boom = 1")),
        ),
        *turn("again", step(1, "", cell("c3", "bang", raised("c3", "NameError", "bang"), status="error"))),
        *cell("c4", "bang = 1", by="user"),
    ]
    cells = code_cells(valid(events))
    assert [it.metadata.get("tags", []) for it in cells] == [
        ["superseded", "raises-exception"],
        [],
        ["raises-exception"],
        [],
    ]
    assert cells[0].outputs == [
        {
            "output_type": "error",
            "ename": "NameError",
            "evalue": "boom",
            "traceback": ["Traceback (most recent call last)", "NameError: boom"],
        }
    ]


def test_what_was_declined_or_skipped_is_no_code_that_a_front_end_could_run() -> None:
    dangerous = 'rm -rf / # """ ```'
    events = turn(
        "go",
        step(
            1,
            "Both:",
            [
                e.CodeProposed(cell="c1", language="shell", code=dangerous),
                e.CodeProposed(cell="c2", language="python", code="2"),
                e.CodeDecided(cell="c1", decision="declined", code=dangerous, note="never"),
                e.CodeDecided(cell="c2", decision="skipped", code="2", note="Cell c1 before it was declined."),
            ],
        ),
        reason="declined",
    )
    made = valid(events)
    assert [(it.cell_type, it.metadata.get("tags", []), it.source) for it in made.cells[2:]] == [
        ("markdown", ["not-run"], f"**Declined.** never\n\n````shell\n{dangerous}\n````"),
        ("markdown", ["not-run"], "**Not run.** Cell c1 before it was declined.\n\n```python\n2\n```"),
        ("markdown", [], "*The code was declined.*"),
    ]


@pytest.mark.parametrize("status", ["interrupted", "died", "timeout"])
def test_a_cell_that_did_not_end_by_itself_is_tagged_so_that_other_tools_do_not_run_it(status: e.CellStatus) -> None:
    (made,) = code_cells(valid(turn("go", step(1, "", cell("c1", "while True: pass", status=status)))))
    assert made.metadata.tags == ["skip-execution"]


def test_cells_of_other_languages_run_in_a_python_notebook_and_are_words_in_any_other() -> None:
    events = turn("go", step(1, "", cell("c1", "ls | wc", printed("c1", "1\n"), language="shell")))
    (made,) = code_cells(valid(events))
    assert (made.source, made.metadata.local_interpreter.language) == ("%%bash\nls | wc", "shell")
    (made,) = code_cells(valid(turn("go", step(1, "", cell("c1", "1;", printed("c1", "1\n"), language="javascript")))))
    assert (made.source, len(made.outputs)) == ("%%script node\n1;", 1)
    ruby = valid(events, NotebookKernel(name="ruby", display_name="Ruby", language="ruby"))
    assert [it.source for it in ruby.cells[1:]] == ["```shell\nls | wc\n```"]
    assert ruby.metadata.language_info == {"name": "ruby"}


def test_execution_counts_begin_again_with_the_kernel() -> None:
    events = [
        *turn("go", step(1, "", cell("c1", "1"))),
        e.KernelRestarted(language="python", reason="it died"),
        *cell("c2", "2", by="user"),
    ]
    made = valid(events)
    assert [it.execution_count for it in code_cells(made)] == [1, 1]
    assert made.cells[2].source == "*The python session was restarted (it died): its state is gone.*"


def test_a_turn_that_was_taken_back_is_tagged_and_stays_since_its_code_did_run() -> None:
    events = [
        *turn("one", step(1, "", cell("c1", "1"))),
        *turn("two", step(1, "Two.", cell("c2", "2"))),
        e.HistoryUndone(turns=1),
        *turn("three", step(1, "", cell("c3", "3"))),
        e.HistoryUndone(turns=1),
    ]
    made = valid(events)
    assert [it.id for it in made.cells if "undone" in it.metadata.get("tags", [])] == [
        "prompt-2",
        "reply-2",
        "c2",
        "prompt-3",
        "c3",
    ]


def test_a_turn_without_a_good_end_says_why() -> None:
    events = [
        e.TurnStarted(prompt="go"),
        e.TurnFinished(reason="failed", error="The key is missing."),
        *turn("on", reason="interrupted"),
        *turn("and on", reason="step_limit"),
    ]
    notes = [it for it in valid(events).cells if it.id.startswith("note")]
    assert [(it.source, it.metadata.local_interpreter.ended) for it in notes] == [
        ("*The key is missing.*", "failed"),
        ("*Interrupted.*", "interrupted"),
        ("*The turn was stopped (step limit).*", "step_limit"),
    ]


def test_text_that_no_encoding_takes_is_written_and_read_again() -> None:
    events = turn("go", step(1, "", cell("c1", "print(x)", printed("c1", "a\ud800b\u2028c\x1b[31m\x00"))))
    read = json.loads(encoded(document(events)))
    assert "".join(read["cells"][1]["outputs"][0]["text"]) == "a\ud800b\u2028c\x1b[31m\x00"


def test_the_kernel_of_a_session_is_its_python_or_what_its_kernelspec_says(tmp_path: Path) -> None:
    spec = tmp_path / "kernels" / "ir"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text('{"argv": [], "display_name": "R", "language": "R"}', encoding="utf-8")
    folders = (tmp_path / "missing", tmp_path)
    assert notebook_kernel(None, "/usr/bin/python3", folders) == NotebookKernel(python="/usr/bin/python3")
    assert notebook_kernel("ir", "", folders) == NotebookKernel(name="ir", display_name="R", language="r")
    (folders[1] / "kernels" / "ir").rename(folders[1] / "kernels" / "IR")
    assert notebook_kernel("ir", "", folders) == NotebookKernel(name="ir", display_name="R", language="r")
    assert notebook_kernel("gone", "", folders) == NotebookKernel(name="gone", display_name="gone")


@pytest.mark.parametrize(
    ("languages", "kernel", "written"),
    [
        (("r", "r"), "ir", ["x <- 1", "x <- 1"]),
        (("r", "python"), "python3", ["%%script Rscript -\nx <- 1", "x <- 1"]),
        (("ruby", "ruby"), "python3", ["%%script ruby\nx <- 1"] * 2),
        (("python", "python"), "python3", ["x <- 1", "x <- 1"]),
        ((), "python3", []),
    ],
)
def test_a_session_in_one_other_language_becomes_a_notebook_of_that_where_a_kernel_runs_it(
    tmp_path: Path, languages: tuple[str, ...], kernel: str, written: list[str]
) -> None:
    for name, language in (("aaa-other", "python"), ("ir", "R")):
        spec = tmp_path / "jupyter" / "kernels" / name
        spec.mkdir(parents=True)
        told = f'{{"argv": ["{name}"], "display_name": "{name}", "language": "{language}"}}'
        (spec / "kernel.json").write_text(told, encoding="utf-8")
    folder = Store(tmp_path / "sessions").create()
    journal = Journal(folder)
    cells = [cell(f"c{number}", "x <- 1", language=language) for number, language in enumerate(languages)]
    for event in (STARTED, *turn("go", step(1, "", *cells))):
        journal(event)
    journal.close()
    made = find(folder.id, tmp_path / "sessions", (tmp_path / "jupyter",)).document
    sources = [it["source"] for it in made["cells"] if it["cell_type"] == "code"]
    assert (kernelspec(made)["name"], sources) == (kernel, written)
