"""Sessions kept as commands: what becomes a parameter, how values are read, and runs in a real kernel."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from interpreter.errors import UsageError
from interpreter.history import History, fold
from interpreter.notebooks.file import load
from interpreter.saved.command import find, save_as
from interpreter.saved.parameters import Parameter
from tests.notebooks.stories import cell, printed, raised, step, turn
from tests.replay.recording import command, context_in

REPORT = fold(
    turn(
        "Report of the month,\nplease",
        step(1, "I try.", cell("c1", "boom", raised("c1", "NameError", "boom"), status="error")),
        step(
            2,
            "",
            cell(
                "c2",
                'import math\nmonth = "2026-09"  # which one\nlimit = 3\nparts = month.split("-")\nratio = 0.5',
                printed("c2", ""),
            ),
            cell("c3", "deep = True\nprint(month, limit * 2, ratio, deep, math.pi > 3)", printed("c3", "…\n")),
        ),
    )
)


def folder_of(home: Path) -> Path:
    return home / "data" / "commands"


def saved(home: Path, *chosen: str, history: History = REPORT, name: str = "report") -> Path:
    return save_as(history, name, folder_of(home), chosen=chosen)


def test_the_plain_values_of_the_first_cell_that_has_any_become_parameters(tmp_path: Path) -> None:
    made = load(saved(tmp_path))
    assert [(it["metadata"].get("tags", []), it["source"]) for it in made["cells"] if it["cell_type"] == "code"] == [
        (["parameters"], 'month = "2026-09"  # which one\nlimit = 3\nratio = 0.5'),
        ([], 'import math\nparts = month.split("-")'),
        ([], "deep = True\nprint(month, limit * 2, ratio, deep, math.pi > 3)"),
    ]
    assert find("report", folder_of(tmp_path)).parameters == (
        Parameter(name="month", default="2026-09"),
        Parameter(name="limit", default=3),
        Parameter(name="ratio", default=0.5),
    )


def test_the_user_can_choose_the_parameters_wherever_they_are_set(tmp_path: Path) -> None:
    saved(tmp_path, "deep", "month")
    found = find("report", folder_of(tmp_path))
    assert [it.name for it in found.parameters] == ["month", "deep"]
    with pytest.raises(UsageError, match=r"^No cell sets 'parts' to a plain value on a line of its own\.$"):
        saved(tmp_path, "parts", name="other")


def test_a_command_runs_in_a_fresh_kernel_with_the_values_that_are_given(tmp_path: Path) -> None:
    saved(tmp_path, "month", "limit", "ratio", "deep")
    assert command("run", tmp_path, "report").out == "2026-09 6 0.5 True True\n"
    done = command("run", tmp_path, "report", "--month", "2026-10", "--limit=5", "--ratio", "2", "--deep", "no")
    assert (done.out, done.err, done.code) == ("2026-10 10 2.0 False True\n", "", 0)


def test_commands_are_listed_and_tell_what_they_take(tmp_path: Path) -> None:
    assert command("run", tmp_path).err == "No command is kept yet: /save-as NAME keeps a session as one.\n"
    saved(tmp_path)
    told = "report [--month '2026-09'] [--limit 3] [--ratio 0.5]\n    Report of the month, please\n"
    assert command("run", tmp_path).out == told
    assert command("run", tmp_path, "report", "--help").out == told


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nothing"], "There is no command 'nothing'. There are report."),
        (["../report"], "There is no command '../report'. There are report."),
        (["report", "--year", "1"], "report has no parameter --year. It has --month, --limit, --ratio. "
         "Options of the program stand before the command's name."),
        (["report", "1"], "report takes its parameters as --NAME VALUE, not '1'. It has --month, --limit, --ratio."),
        (["report", "--limit"], "--limit takes a value, such as 3."),
        (["report", "--limit", "many"], "--limit must be like 3 (int), not 'many'."),
        (["report", "--ratio", "True"], "--ratio must be like 0.5 (float), not 'True'."),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line(tmp_path: Path, argv: list[str], said: str) -> None:
    saved(tmp_path)
    with pytest.raises(UsageError, match=f"^{re.escape(said)}$"):
        command("run", tmp_path, *argv)


def test_names_that_cannot_be_commands_or_are_taken_and_sessions_without_code_are_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(UsageError, match=r"^There is a command 'report' already\."):
        saved(tmp_path)
    save_as(REPORT, "report", folder_of(tmp_path), replace_old=True)
    with pytest.raises(UsageError, match=r"cannot be a command's name"):
        saved(tmp_path, name="../x")
    with pytest.raises(UsageError, match=r"^No code has worked in this session yet"):
        saved(tmp_path, history=fold(turn("hi", step(1, "Hi."))), name="empty")


def test_a_cell_that_fails_ends_the_run_with_3(tmp_path: Path) -> None:
    history = fold([*cell("c1", "n = 1", by="user"), *cell("c2", "print(1 / n)", by="user"), *cell("c3", "print('x')")])
    saved(tmp_path, history=history, name="divide")
    done = command("run", tmp_path, "divide", "--n", "0")
    assert (done.code, done.out) == (3, "")
    assert done.err.rstrip().endswith("ZeroDivisionError: division by zero")


def test_a_known_key_is_masked_in_what_programs_are_told(tmp_path: Path) -> None:
    key = "sk-very-secret-key"
    (tmp_path / "read.txt").write_text(key, encoding="utf-8")
    saved(
        tmp_path, history=fold(cell("c1", f"print(open({str(tmp_path / 'read.txt')!r}).read())", by="user")), name="x"
    )
    done = command("run", tmp_path, "x", json=True, api_key=key)
    outputs = [event["data"] for event in map(json.loads, done.out.splitlines()) if event["type"] == "output"]
    assert outputs == [{"text/plain": "[masked]\n"}]


def test_what_is_kept_is_listed_for_programs_a_command_a_line(tmp_path: Path) -> None:
    saved(tmp_path, "month")
    done = command("run", tmp_path, json=True)
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {"name": "report", "usage": "report [--month '2026-09']", "title": "Report of the month, please"}
    ]


def test_the_programs_own_options_stand_before_the_name(tmp_path: Path) -> None:
    saved(tmp_path, "month")
    argv = ["run", "--json", "report", "--month", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "interpreter", *argv],
        env=dict(context_in(tmp_path).environment),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [event["code"] for event in events if event["type"] == "code.proposed"][
        1
    ] == "# Parameters\nmonth = '--json'"
