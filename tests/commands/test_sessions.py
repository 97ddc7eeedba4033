"""`interpreter sessions`: what is listed, found and deleted, and that no foreign text reaches a terminal as it is."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter.commands import sessions
from interpreter.commands.context import Context
from interpreter.errors import UsageError
from interpreter.places import places
from interpreter.recorders.lines import written
from interpreter.recorders.store import Store
from interpreter.settings import Settings


def session(home: Path, name: str, prompt: str, said: str = "Done.", day: str = "2026-11-24") -> None:
    """A kept session of one turn, at noon of `day`."""
    folder = Store(places({"INTERPRETER_HOME": str(home)}).sessions).folder(name)
    folder.path.mkdir(parents=True)
    events: tuple[e.Event, ...] = (
        e.SessionStarted(session=name, model="scripted"),
        e.TurnStarted(prompt=prompt),
        e.Text(text=said),
        e.TurnFinished(reason="done"),
    )
    lines = [written(event, seq=seq, time=f"{day}T12:00:00.000Z") for seq, event in enumerate(events, 1)]
    folder.journal.write_text("".join(lines), encoding="utf-8")


class Tty(io.StringIO):
    """A terminal, as wide as the variable COLUMNS says."""

    def isatty(self) -> bool:
        return True


def listed(home: Path, *argv: str, json: bool = False, out: io.StringIO | None = None) -> tuple[str, str]:
    """What the command writes to stdout and to stderr."""
    parser = argparse.ArgumentParser()
    sessions.arguments(parser)
    environment = {"INTERPRETER_HOME": str(home)}
    out, err = out or io.StringIO(), io.StringIO()
    context = Context(
        settings=Settings(json=json),
        places=places(environment),
        environment=environment,
        out=out,
        err=err,
        interactive=False,
    )
    assert sessions.run(parser.parse_args(argv), context) == 0
    return out.getvalue(), err.getvalue()


def test_a_table_lists_the_sessions_the_last_used_first_in_aligned_columns(tmp_path: Path) -> None:
    session(tmp_path, "261120-120000", "数据有多少行?", day="2026-11-20")
    session(tmp_path, "261124-120000", "How many\nlines?")
    out, err = listed(tmp_path)
    rows = [line.split() for line in out.splitlines()]
    assert [row[0] for row in rows] == ["ID", "261124-120000", "261120-120000"]
    assert rows[1][3:] == ["1", rows[1][4], "B", "done", "scripted", "How", "many", "lines?"]
    assert len({line.index(word) for line, word in zip(out.splitlines(), ("TITLE", "How", "数"), strict=True)}) == 1
    assert err == ""


def test_titles_are_cut_to_the_width_and_hold_nothing_a_terminal_would_act_on(tmp_path: Path) -> None:
    session(tmp_path, "261124-120000", "\x1b[31mred\x1b]0;title\x07\u202eevil " + "x" * 300)
    row = listed(tmp_path)[0].splitlines()[1]
    assert row.endswith("…")
    assert len(row) == 120
    assert "red evil xxx" in row
    assert row.isprintable()


def test_in_a_narrow_terminal_titles_are_kept_and_other_columns_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session(tmp_path, "261124-120000", "How many lines has this file of mine?")
    for columns, headings in (
        (80, "ID LAST USED TURNS SIZE STATE TITLE"),
        (55, "ID LAST USED TITLE"),
        (40, "ID TITLE"),
    ):
        monkeypatch.setenv("COLUMNS", str(columns))
        heading, row = listed(tmp_path, out=Tty())[0].splitlines()
        assert heading.split() == headings.split()
        assert "How many lines" in row
        assert len(row) <= columns


def test_words_find_sessions_and_show_where_they_stand(tmp_path: Path) -> None:
    session(tmp_path, "261124-120000", "Count the lines", said="There are 42 of them.")
    session(tmp_path, "261124-130000", "Count the words")
    assert listed(tmp_path, "count", "42")[0].splitlines()[1].split("  ")[-1] == "Count the lines"
    out, _ = listed(tmp_path, "42")
    assert [line.split()[0] for line in out.splitlines()] == ["ID", "261124-120000"]
    assert out.splitlines()[1].endswith("Count the lines  There are 42 of them.")
    assert listed(tmp_path, "nowhere") == ("", "No session holds these words.\n")


def test_without_sessions_a_line_says_so(tmp_path: Path) -> None:
    assert listed(tmp_path) == ("", "There is no session yet.\n")
    assert listed(tmp_path, json=True) == ("", "")


def test_json_is_one_object_a_line(tmp_path: Path) -> None:
    session(tmp_path, "261124-120000", "Count", said="There are 42.")
    [line] = listed(tmp_path, "42", json=True)[0].splitlines()
    told = json.loads(line)
    assert told == {
        "session": "261124-120000",
        "title": "Count",
        "started": "2026-11-24T12:00:00.000Z",
        "updated": "2026-11-24T12:00:00.000Z",
        "model": "scripted",
        "turns": 1,
        "cells": 0,
        "state": "done",
        "size": told["size"],
        "attended": True,
        "path": str(places({"INTERPRETER_HOME": str(tmp_path)}).sessions / "261124-120000"),
        "line": "There are 42.",
    }


def test_a_limit_leaves_out_the_oldest_and_says_how_many(tmp_path: Path) -> None:
    for number in range(10, 15):
        session(tmp_path, f"2611{number}-120000", "Count", day=f"2026-11-{number}")
    out, err = listed(tmp_path, "--limit", "2")
    assert [line.split()[0] for line in out.splitlines()] == ["ID", "261114-120000", "261113-120000"]
    assert err == "3 older ones are not shown; --limit N shows more.\n"


@pytest.mark.parametrize("limit", ["0", "-1", "two", "٣"])
def test_a_limit_is_a_whole_number_from_1(tmp_path: Path, limit: str) -> None:
    with pytest.raises(SystemExit):
        listed(tmp_path, f"--limit={limit}")


def test_sessions_named_for_deletion_are_deleted_and_a_wrong_name_deletes_none(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        session(tmp_path, f"26112{number}-120000", "Count")
    with pytest.raises(UsageError, match="There is no session '27'"):
        listed(tmp_path, "--delete", "261121", "--delete", "27")
    with pytest.raises(UsageError, match="not both"):
        listed(tmp_path, "--delete", "261121", "words")
    out, _ = listed(tmp_path, "--delete", "261121", "--delete", "261122-120000")
    assert out == "Deleted session 261121-120000.\nDeleted session 261122-120000.\n"
    assert [line.split()[0] for line in listed(tmp_path)[0].splitlines()] == ["ID", "261123-120000"]
