"""The notebook that follows a session: when it is written, what is in it, and what a failure does."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

from interpreter import events as e
from interpreter.notebooks.document import document
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.journal import Journal
from interpreter.recorders.notebook import NotebookRecorder
from interpreter.secrets import Secrets
from tests.notebooks.stories import STARTED, cell, printed, step, turn

TURN = turn("go", step(1, "I go.", cell("c1", "go()", printed("c1", "went\n"))))


def folder_in(path: Path) -> SessionFolder:
    made = path / "261001-120000"
    made.mkdir()
    return SessionFolder(path=made)


def sources(folder: SessionFolder) -> list[str]:
    notebook: Any = json.loads(folder.notebook.read_bytes())
    nbformat.validate(notebook)
    return ["".join(it["source"]) for it in notebook["cells"]]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what a thread brings about."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - a thread sets no event of this loop
            await asyncio.sleep(0.005)


def followed(
    folder: SessionFolder,
    events: Sequence[e.Event],
    *,
    secrets: Secrets | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> None:
    """A session's consumers see `events` and are closed."""

    async def session() -> None:
        journal = Journal(folder, secrets=secrets or Secrets())
        recorder = NotebookRecorder(folder, warn=warn)
        for event in events:
            journal(event)
            recorder(event)
        await recorder.close()
        journal.close()

    asyncio.run(session())


def test_the_notebook_is_the_fold_of_the_session_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    followed(folder, [STARTED, *TURN])
    written = json.loads(folder.notebook.read_bytes())
    assert sources(folder) == [made["source"] for made in document([STARTED, *TURN])["cells"]]
    assert written["metadata"]["local_interpreter"]["session"] == "261001-120000"
    assert written["cells"][2]["metadata"]["local_interpreter"]["started"].endswith("Z")
    if sys.platform != "win32":
        assert stat.S_IMODE(folder.notebook.stat().st_mode) == 0o600
    assert sorted(it.name for it in folder.path.iterdir()) == ["events.jsonl", "lock", "session.ipynb"]


def test_it_is_written_at_the_end_of_each_turn_without_waiting_for_more(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)

    async def session() -> None:
        journal, recorder = Journal(folder), NotebookRecorder(folder)
        for event in [STARTED, *TURN]:
            journal(event)
            recorder(event)
        await until(folder.notebook.exists)
        assert sources(folder) == ["> go", "I go.", "go()"]
        await recorder.close()
        journal.close()

    asyncio.run(session())


def test_a_turn_that_goes_on_is_written_too(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)

    async def session() -> None:
        journal, recorder = Journal(folder), NotebookRecorder(folder)
        for event in TURN[:-2]:  # the cell still runs
            journal(event)
            recorder(event)
        assert not folder.notebook.exists()
        await until(folder.notebook.exists)
        status = json.loads(folder.notebook.read_bytes())["cells"][2]["metadata"]["local_interpreter"]["status"]
        assert status == "open"
        await recorder.close()
        journal.close()

    asyncio.run(session())


def test_a_session_that_goes_on_keeps_what_was_before(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    followed(folder, [STARTED, *TURN])
    followed(folder, [e.SessionResumed(session=folder.id), *turn("more", step(1, "More."))])
    assert sources(folder) == ["> go", "I go.", "go()", "> more", "More."]


def test_a_key_that_was_typed_is_not_in_the_notebook(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    followed(folder, turn("use sk-verysecret"), secrets=Secrets(["sk-verysecret"]))
    assert sources(folder) == ["> use [masked]"]


def test_a_notebook_that_cannot_be_written_is_one_warning_and_is_written_once_it_can_be(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    folder.notebook.mkdir()
    warnings: list[str] = []

    async def session() -> None:
        journal, recorder = Journal(folder), NotebookRecorder(folder, warn=warnings.append)

        async def told(events: Sequence[e.Event], expected: Callable[[], bool]) -> None:
            for event in events:
                journal(event)
                recorder(event)
            await until(expected)

        await told(TURN, lambda: bool(warnings))
        await told(turn("again"), lambda: True)
        folder.notebook.rmdir()
        await told(turn("now"), lambda: True)
        await recorder.close()
        journal.close()

    asyncio.run(session())
    assert [warning.partition(":")[0] for warning in warnings] == [f"The notebook {folder.notebook} cannot be written"]
    assert sources(folder) == ["> go", "I go.", "go()", "> again", "> now"]


def test_events_outside_an_event_loop_are_written_by_what_follows_inside_one(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    journal, recorder = Journal(folder), NotebookRecorder(folder)
    for event in TURN:
        journal(event)
        recorder(event)
    assert not folder.notebook.exists()
    asyncio.run(recorder.close())
    journal.close()
    assert sources(folder) == ["> go", "I go.", "go()"]


@pytest.mark.parametrize("damage", [b'{"seq":1,"time":"","type":"output"}\n', b'{"seq":1,"ti', b"no json\n"])
def test_a_damaged_line_of_the_journal_costs_that_line_alone(tmp_path: Path, damage: bytes) -> None:
    folder = folder_in(tmp_path)
    followed(folder, TURN)
    folder.journal.write_bytes(folder.journal.read_bytes() + damage)
    followed(folder, turn("more"))
    assert sources(folder) == ["> go", "I go.", "go()", "> more"]
