"""What the embedded model is told: names in the folder, packages, and how the files begin that a prompt names."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter.events import Attachment
from interpreter.nearby import CUT, look, mentioned, names, packages
from interpreter.protocols.ladder import FixedProtocol
from interpreter.session import Session
from interpreter.testing import FakeRunners, MemoryKeeper, ScriptedHost, ScriptedModel, words
from tests.conversations import BRIEF


def test_a_file_that_the_prompt_names_travels_with_its_first_lines(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("product,amount\n" + "tea,1\n" * 500, encoding="utf-8")
    (tmp_path / "notes").write_text("no ending, so perhaps only a word", encoding="utf-8")
    (sales,) = mentioned("What is the total in 'sales.csv'? See notes and missing.txt, e.g. sales.csv.", tmp_path)
    assert (sales.path, sales.media_type) == (str(tmp_path / "sales.csv"), "text/csv")
    assert sales.head == f"product,amount\ntea,1\ntea,1\n{CUT}"


@pytest.mark.parametrize("prompt", ["Read ../secret.txt", "Read {outside}", "Read link.txt", "Read folder.d", "Hi."])
def test_nothing_outside_the_folder_is_read(tmp_path: Path, prompt: str) -> None:
    outside, folder = tmp_path / "secret.txt", tmp_path / "work"
    outside.write_text("secret", encoding="utf-8")
    (folder / "folder.d").mkdir(parents=True)
    (folder / "link.txt").symlink_to(outside)
    assert mentioned(prompt.format(outside=outside), folder) == ()


def test_at_most_three_files_travel_and_binary_ones_without_their_beginning(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.bin").write_bytes(b"\0\1")
    files = mentioned("Compare a.bin b.bin c.bin d.bin", tmp_path)
    kind = "application/octet-stream"
    expected = [Attachment(path=str(tmp_path / f"{name}.bin"), media_type=kind, size=2) for name in "abc"]
    assert list(files) == expected


def test_names_are_sorted_without_hidden_and_odd_ones(tmp_path: Path) -> None:
    (tmp_path / "zoo").mkdir()
    for name in ("b.txt", "a.txt", ".hidden", "odd\nname"):
        (tmp_path / name).touch()
    assert names(tmp_path) == ("a.txt", "b.txt", "zoo/")
    for number in range(30):
        (tmp_path / f"{number:02}").touch()
    assert len(names(tmp_path)) == 20
    assert names(tmp_path / "not there") == ()


def test_packages_are_found_by_their_folders_and_unknown_where_there_are_none(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.12" / "site-packages"
    (site / "pandas").mkdir(parents=True)
    installed, lacking = packages(tmp_path / "bin" / "python")
    assert installed == ("pandas",)
    assert "numpy" in lacking
    assert packages(tmp_path / "elsewhere" / "bin" / "python") == ((), ())
    assert look(tmp_path, None).lacking == ()
    assert set(look(tmp_path, Path(sys.executable)).installed).isdisjoint(look(tmp_path, Path(sys.executable)).lacking)


def test_files_that_a_prompt_names_travel_with_it_once_and_only_while_the_model_may_see_them() -> None:
    named = e.Attachment(path="/work/a.csv", media_type="text/csv", size=3, head="x\n1")
    model, ladder = ScriptedModel(words("One."), words("Two.")), FixedProtocol("text", BRIEF)
    made = Session(
        model=model,
        ladder=ladder,
        runners=FakeRunners(),
        host=ScriptedHost(),
        keeper=MemoryKeeper(),
        attach=lambda _: (named,),
    )

    async def converse() -> list[e.Event]:
        async with aclosing(made.run("Sum a.csv", (named,))) as events:
            seen = [event async for event in events]
        made.switch(model, ladder)
        async with aclosing(made.run("Sum a.csv")) as events:
            return seen + [event async for event in events]

    started = [event for event in asyncio.run(converse()) if isinstance(event, e.TurnStarted)]
    assert [event.attachments for event in started] == [(named,), ()]
    assert "Attached file: /work/a.csv" in str(model.requests[0].messages[-1]["content"])
    assert model.requests[1].messages[-1]["content"] == "Sum a.csv"
