"""Which languages there are: rows from the table, from the user's configuration, from installed kernelspecs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from interpreter.errors import RunnerError, SettingsError
from interpreter.runners.kernels import LocalKernels
from interpreter.runners.kernelspecs import Kernelspec, data_folders, installed
from interpreter.runners.languages import SHELL, Language, LocalRunners, Table, row_from_table, rows
from interpreter.seams import Happening
from interpreter.testing import FakeRunner
from tests.runners.bench import at, happenings_of, status, text

R = Kernelspec(name="ir", language="r")
DENO = Kernelspec(name="deno", language="typescript")


def programs(folder: Path, *names: str) -> dict[str, str]:
    """An environment whose PATH has these programs and no other."""
    place = folder / "bin"
    place.mkdir()
    for name in names:
        (place / name).write_text("#!/bin/sh\n")
        (place / name).chmod(0o755)
    return {"PATH": str(place), "HOME": str(folder)}


def spec(folder: Path, name: str, text: str) -> None:
    """A kernelspec's file in the data folder `folder`."""
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(text)


def names(found: tuple[Language, ...]) -> list[str]:
    """The canonical names."""
    return [row.name for row in found]


def test_python_and_the_shell_are_always_there_and_programs_where_their_command_is(tmp_path: Path) -> None:
    assert names(rows(programs(tmp_path, "node", "lua"), ())) == ["python", "shell", "javascript", "lua"]


def test_a_kernelspec_is_a_language_and_goes_before_a_program_of_the_same_language(tmp_path: Path) -> None:
    found = rows(programs(tmp_path, "Rscript", "node"), (DENO, R))
    assert [(row.name, row.kind, row.kernel) for row in found[2:]] == [
        ("typescript", "kernel", "deno"),
        ("r", "kernel", "ir"),
        ("javascript", "driven", None),
    ]


def test_a_name_stands_for_one_language_alone(tmp_path: Path) -> None:
    with_node = rows(programs(tmp_path, "node"), (DENO,))
    said = [word for row in with_node for word in (row.name, *row.aliases)]
    assert sorted(said) == sorted(set(said))
    assert "javascript" in next(row.aliases for row in rows({"PATH": ""}, (DENO,)) if row.name == "typescript")


def test_a_second_kernel_of_a_language_has_its_own_name_and_kernels_of_python_have_none() -> None:
    more = [R, Kernelspec(name="r-4.4", language="r"), Kernelspec(name="python3", language="python")]
    more.append(Kernelspec(name="bash", language="bash"))
    assert names(rows({"PATH": ""}, more)) == ["python", "shell", "r", "r-4.4"]


def test_a_kernel_of_another_language_makes_it_the_main_one_and_python_stays_python() -> None:
    other = Kernelspec(name="xr", language="r")
    found = rows({"PATH": ""}, (R, other), main=other)
    assert [(row.name, row.kind, row.kernel) for row in found] == [
        ("r", "kernel", "xr"),
        ("python", "python", None),
        ("shell", "shell", None),
        ("ir", "kernel", "ir"),
    ]
    assert found[0].aliases == ("rscript", "xr")
    bash = Kernelspec(name="mybash", language="bash")
    assert names(rows({"PATH": ""}, (bash,), main=bash)) == ["bash", "python", "shell"]


@pytest.mark.parametrize(("kernel", "first"), [("IR", "r"), ("other", "python"), ("gone", "python"), (None, "python")])
def test_the_kernel_that_is_asked_for_says_which_language_is_the_first(
    tmp_path: Path, kernel: str | None, first: str
) -> None:
    spec(tmp_path, "ir", json.dumps({"argv": ["R"], "language": "R"}))
    spec(tmp_path, "other", json.dumps({"argv": ["python"], "language": "python"}))
    place = at(tmp_path, environment={"PATH": "", "JUPYTER_DATA_DIR": str(tmp_path)})
    runners = LocalRunners(place=place, interactive=False, kernel=kernel)
    assert (runners.languages[0], "python" in runners.languages) == (first, True)


@pytest.mark.parametrize(("language", "first"), [("r", "r"), ("python", "python"), ("unknown", "python")])
def test_the_language_of_a_kernel_that_was_there_before_is_the_first(tmp_path: Path, language: str, first: str) -> None:
    spec(tmp_path, "ir", json.dumps({"argv": ["R"], "language": "R"}))
    place = at(tmp_path, environment={"PATH": "", "JUPYTER_DATA_DIR": str(tmp_path)})
    given = {language: LocalKernels(workplace=place)}
    runners = LocalRunners(place=place, interactive=False, given=given)
    assert (runners.languages[0], {"python", "r", language} <= set(runners.languages)) == (first, True)


def test_a_row_of_the_user_goes_before_ours(tmp_path: Path) -> None:
    bun = row_from_table("javascript", {"command": ["bun", "run"], "aliases": ["js"], "suffix": ".js"})
    zsh = row_from_table("shell", {"command": "zsh"})
    found = {row.name: row for row in rows(programs(tmp_path, "node", "bun", "zsh"), (), (bun, zsh))}
    assert found["javascript"].command == ("bun", "run")
    assert (found["shell"].command, found["shell"].aliases) == (("zsh",), SHELL.aliases)


def test_a_row_of_the_user_that_lacks_something_is_left_out_with_the_reason(tmp_path: Path) -> None:
    spec(tmp_path, "ir", json.dumps({"argv": ["R"], "language": "r"}))
    tables = {"zap": {"command": "zap -q"}, "s": {"kernel": "S-4"}, "stats": {"kernel": "IR"}}
    own = [row_from_table(name, table) for name, table in tables.items()]
    place = at(tmp_path, environment={"PATH": "", "JUPYTER_DATA_DIR": str(tmp_path)})
    runners = LocalRunners(place=place, interactive=False, own=own)
    assert [name for name in tables if name in runners.languages] == ["stats"]
    assert runners.left_out.keys() == {"zap", "s"}
    assert runners.left_out["zap"] == "zap is not on PATH"
    assert runners.left_out["s"].startswith("there is no kernelspec S-4; there are ")


@pytest.mark.skipif(os.name != "posix", reason="the shell is another one there")
def test_the_limits_of_a_workplace_hold_in_the_shell_too(tmp_path: Path) -> None:
    async def limited() -> tuple[list[Happening], ...]:
        place = at(tmp_path, memory_limit=2000, output_limit=1)
        runners = LocalRunners(place=place, interactive=False)
        try:
            codes = ("kept=1", "yes", f"{sys.executable} -c 'bytearray(4_000_000_000)'", "echo $kept")
            return tuple([await happenings_of(runners.get("shell"), code, timeout=60) for code in codes])
        finally:
            await runners.close()

    _, flooded, greedy, after = asyncio.run(limited())
    assert text(after) == "1\n"
    told = text(flooded)
    assert told.endswith("[The cell was interrupted: it printed more than 1 MB.]\n")
    assert (status(flooded), 1_000_000 < len(told) < 4_000_000) == ("error", True)
    assert (status(greedy), "MemoryError" in text(greedy)) == ("error", True)


def test_a_table_becomes_a_row() -> None:
    assert row_from_table("Groovy", {"command": ["groovy"], "aliases": ["GVY"], "suffix": ".groovy"}) == Language(
        name="groovy", aliases=("gvy",), kind="program", command=("groovy",), suffix=".groovy"
    )
    assert row_from_table("awk", {"command": "awk -F ', ' -f"}).command == ("awk", "-F", ", ", "-f")
    assert row_from_table("stats", {"kernel": "ir"}) == Language(name="stats", kind="kernel", kernel="ir")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"comand": "x"}, "[language.x] has no key 'comand'. It takes command, kernel, aliases and suffix."),
        ({}, "[language.x] needs either a command or a kernel."),
        ({"command": "x", "kernel": "y"}, "[language.x] needs either a command or a kernel."),
        ({"command": "zap 'x"}, "[language.x] command cannot be read: no closing quotation."),
        ({"command": [1]}, "[language.x] command is a word or a list of words."),
        ({"command": "x", "aliases": 3}, "[language.x] aliases is a word or a list of words."),
        ({"kernel": 3}, "[language.x] kernel and suffix are text."),
    ],
)
def test_a_table_that_cannot_be_a_row_is_one_clear_line(table: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError) as raised:
        row_from_table("x", table)
    assert str(raised.value) == words


def test_kernelspecs_are_read_from_their_folders_the_first_of_a_name_wins(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    spec(near, "IR", json.dumps({"argv": ["R"], "language": "R"}))
    spec(near, "broken", "{")
    spec(near, "odd", json.dumps({"argv": [], "language": "odd"}))
    spec(near, "gone", json.dumps({"argv": [str(tmp_path / "removed")], "language": "octave"}))
    spec(near, "list", "[]")
    spec(far, "ir", json.dumps({"argv": ["R"], "language": "other"}))
    spec(far, "julia-1.11", json.dumps({"argv": ["julia"], "language": "julia"}))
    assert installed((near, far, tmp_path / "nowhere")) == (R, Kernelspec(name="julia-1.11", language="julia"))


def test_folders_named_by_the_user_come_before_those_of_the_machine(tmp_path: Path) -> None:
    environment = {"JUPYTER_PATH": str(tmp_path), "JUPYTER_DATA_DIR": str(tmp_path / "mine"), "HOME": str(tmp_path)}
    folders = list(data_folders(environment))
    assert folders[0] == tmp_path
    assert tmp_path / "mine" in folders


def test_names_and_aliases_resolve_in_any_case_and_unknown_ones_do_not(tmp_path: Path) -> None:
    runners = LocalRunners(place=at(tmp_path), interactive=False)
    asked = ("Python", "PY", "bash", "SHELL", "klingon")
    assert [runners.resolve(name) for name in asked] == ["python", "python", "shell", "shell", None]
    assert runners.get("shell") is runners.get("shell")


def test_one_runner_that_cannot_be_closed_leaves_no_other_open() -> None:
    class Failing(FakeRunner):
        async def close(self) -> None:
            await super().close()
            raise RunnerError("It does not end.")

    made = {"a": FakeRunner(), "b": Failing(), "c": FakeRunner()}
    table = Table([Language(name=name, kind="program") for name in made], lambda row, _: made[row.name])
    assert [table.get(name) for name in made] == list(made.values())
    with pytest.raises(RunnerError, match=r"^It does not end\.$"):
        asyncio.run(table.close())
    assert [runner.closed for runner in made.values()] == [True, True, True]


def test_the_model_is_told_which_languages_keep_nothing(tmp_path: Path) -> None:
    own = (row_from_table("groovy", {"command": "groovy"}),)
    place = at(tmp_path, environment=programs(tmp_path, "groovy"))
    note = LocalRunners(place=place, interactive=False, own=own).note
    assert note == ("In groovy each call is a program of its own: nothing persists, only what is printed is shown.")


def test_listing_the_languages_imports_no_jupyter(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from interpreter.runners.environment import workplace\n"
        "from interpreter.runners.languages import LocalRunners\n"
        "place = workplace(folder='.', environment=os.environ, cache=Path(sys.argv[1]))\n"
        "LocalRunners(place=place, interactive=False).languages\n"
        "print(sorted({'jupyter_client', 'jupyter_core', 'zmq', 'ptyprocess'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
