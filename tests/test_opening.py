"""`interpreter FILE.ipynb`: a session that begins with what a notebook holds, in its kernel."""

from __future__ import annotations

import json
from pathlib import Path

from interpreter.opening import Beginning, beginning
from interpreter.recorders.resume import load
from interpreter.recorders.store import Store
from interpreter.settings import Settings
from tests.providers.server import say, serve
from tests.test_cli import program


def notebook(folder: Path, kernel: str = "python3") -> Path:
    """A small notebook of somebody else's."""
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "What is six times seven?"},
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "source": "6 * 7",
            "execution_count": 1,
            "outputs": [
                {"output_type": "execute_result", "execution_count": 1, "data": {"text/plain": "42"}, "metadata": {}}
            ],
        },
    ]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
    path = folder / "given.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_a_session_goes_on_from_a_notebook_and_the_model_is_sent_what_is_in_it(tmp_path: Path) -> None:
    path = notebook(tmp_path)
    with serve(say("It was 42.")) as endpoint:
        argv = ("--model", "scripted", "--api-base", endpoint.base(), str(path))
        done = program(tmp_path, *argv, stdin="What came out?")
    assert (done.returncode, done.stdout) == (0, "It was 42.\n")
    messages = endpoint.bodies[0]["messages"]
    assert isinstance(messages, list)
    assert messages[-1]["content"] == (
        "What is six times seven?\n\nI ran this python code myself:\n```python\n6 * 7\n```\n42\n\n"
        f"[The session began with what stands in {path}. Its code has not run here, and missing is "
        "the state of python (variables, imports, functions)]\n\nWhat came out?"
    )
    session = Store(tmp_path / "data" / "sessions").latest()
    assert load(session).history.turns == 2
    told = "Its code has not run here: at the prompt, /rebuild runs its cells."
    assert done.stderr.startswith(f"New session {session.id}, from {path}. {told}\n")
    with serve(say("Yes.")) as endpoint:
        again = program(tmp_path, "--model", "scripted", "--api-base", endpoint.base(), "--resume", stdin="Sure?")
    assert again.stderr.startswith(f"Session {session.id} goes on. Lost: the state of python (")


def test_a_kernel_that_is_not_installed_is_named_and_pythons_own_runs_instead(tmp_path: Path) -> None:
    settings = Settings(notebook=str(notebook(tmp_path, kernel="of-a-colleague")))
    warned: list[str] = []
    begun = beginning(settings, {"HOME": str(tmp_path)}, warned.append)
    assert begun.settings == settings
    assert warned == ["The notebook's kernel of-a-colleague is not installed here. Name another: --kernel NAME."]


def test_an_installed_kernel_of_the_notebook_is_the_sessions(tmp_path: Path) -> None:
    spec = tmp_path / "jupyter" / "kernels" / "lab" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["python", "{connection_file}"], "display_name": "Lab", "language": "python"}))
    settings = Settings(notebook=str(notebook(tmp_path, kernel="lab")))
    begun = beginning(settings, {"HOME": str(tmp_path), "JUPYTER_PATH": str(tmp_path / "jupyter")}, lambda _: None)
    assert begun.settings.kernel == "lab"


def test_without_a_notebook_nothing_changes() -> None:
    assert beginning(Settings(), {}, lambda _: None) == Beginning(settings=Settings())
