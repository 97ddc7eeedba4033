"""What another program makes of our notebooks: nbclient runs them, in Jupyter's own kernel, to the same outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest

from interpreter.notebooks.document import document
from interpreter.notebooks.file import encoded
from interpreter.notebooks.source import find
from interpreter.replay.comparison import Comparison, compare
from tests.notebooks.stories import cell, raised, step, turn
from tests.replay.recording import context_in, record


def executed(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The notebook after nbclient ran it, in a Jupyter that knows nothing of this user."""
    from nbclient import NotebookClient

    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(folder / name.lower()))
    reads: Any = nbformat.reads
    client: Any = NotebookClient
    notebook = reads(text, as_version=4)
    client(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the client's own libraries
@pytest.mark.skipif(os.name == "nt", reason="%%bash needs bash")
def test_nbclient_runs_a_session_to_the_same_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = record(
        tmp_path,
        "from IPython.display import HTML, Image\nx = 6\nprint('one'); print('two')",
        "x * 7",
        "HTML('<b>bold</b>')",
        f"Image(data={PIXEL!r}, format='png')",
        "!echo from the shell",
        "1 / 0",
        "import sys; print('after', file=sys.stderr)",
    )
    ours = find(session, context_in(tmp_path).places.sessions).document

    theirs = executed(encoded(ours).decode(), tmp_path, monkeypatch)

    pairs = [(a, b) for a, b in zip(ours["cells"], theirs.cells, strict=True) if a["cell_type"] == "code"]
    assert [compare(a["outputs"], b.outputs) for a, b in pairs] == [Comparison()] * 7
    assert [b.execution_count for _, b in pairs] == [a["execution_count"] for a, _ in pairs]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nbclient_passes_over_what_failed_or_was_not_to_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = turn(
        "go",
        step(1, "", cell("c1", "boom", raised("c1", "NameError", "name 'boom' is not defined"), status="error")),
        step(2, "", cell("c2", "raise SystemExit", status="interrupted")),
        step(3, "", cell("c3", "40 + 2")),
    )
    theirs = executed(encoded(document(events)).decode(), tmp_path, monkeypatch)
    assert [len(it.outputs) for it in theirs.cells if it.cell_type == "code"] == [1, 0, 1]


PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"
    b"\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"
)
"""One black pixel."""
