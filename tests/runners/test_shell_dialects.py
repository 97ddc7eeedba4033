"""The kinds of shells that are installed here keep the same promises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from interpreter.errors import RunnerError
from interpreter.runners.shell_dialects import DIALECTS, environment_for, find
from interpreter.seams import Asked, Ended, Produced, Restarted
from tests.runners.bench import status, text
from tests.runners.shells import ShellBench, shell

OK = Ended(status="ok")
HERE = [dialect.name for dialect in DIALECTS if shutil.which(dialect.name)]


@pytest.fixture(scope="module", params=HERE)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShellBench]:
    """A shell of each kind with a person before it."""
    with shell(tmp_path_factory.mktemp(request.param), interactive=True, program=request.param) as bench:
        yield bench


def printed(words: str) -> Produced:
    """What a command prints."""
    return Produced(kind="stdout", data={"text/plain": words})


def test_state_status_and_characters(made: ShellBench) -> None:
    assert made.run('x=漢🙂; f() { echo "got $x"; }; (exit 7)') == [printed("[exit code 7]\n"), Ended(status="error")]
    assert made.run('echo "$?"; f') == [printed("7\ngot 漢🙂\n"), OK]


def test_options_prompts_and_hooks_of_a_cell_do_not_spoil_the_next(made: ShellBench) -> None:
    made.run("set -exv; PS0='zero'; PS1='unwanted> '; PROMPT_COMMAND='echo hook'; precmd() { echo hook; }")
    assert made.run("false; echo clean") == [printed("clean\n"), OK]
    assert made.run("printf clean") == [printed("clean"), OK]


@pytest.mark.parametrize("kind", [kind for kind in HERE if kind != "sh"])
def test_a_trap_of_a_cell_says_nothing_of_the_commands_that_are_ours(tmp_path: Path, kind: str) -> None:
    with shell(tmp_path, program=kind) as made:
        assert made.run("trap 'echo failed' ERR; false; (exit 0)") == [printed("failed\n"), OK]
        made.run("trap 'echo failed' ERR; trap 'echo next' DEBUG; (exit 3)")
        assert made.run("echo $?; false; echo clean") == [printed("3\nclean\n"), OK]


@pytest.mark.skipif("zsh" not in HERE, reason="there is no zsh here")
def test_what_a_start_up_file_of_zsh_sets_does_not_spoil_the_next_cells(tmp_path: Path) -> None:
    with shell(tmp_path, program="zsh") as made:
        made.run("hook() { echo hook; }; precmd_functions=(hook); preexec_functions=(hook); preexec() { hook; }")
        assert made.run("setopt prompt_sp prompt_cr; printf bare") == [printed("bare"), OK]
        assert made.run("setopt err_return; false; echo no") == [printed("[exit code 1]\n"), Ended(status="error")]
        assert made.run("echo $?; false; echo on") == [printed("1\non\n"), OK]
        assert made.run("emulate sh; printf bare") == [printed("bare"), OK]
        made.run("sleep 0.3")
    assert made.late == []


def test_questions_are_asked(made: ShellBench) -> None:
    assert made.run("printf 'name? '; read x; echo \"hello $x\"", lines=["you"]) == [
        Asked(prompt="name? "),
        printed("hello you\n"),
        OK,
    ]


def test_a_syntax_error_and_an_interrupt_leave_the_shell_as_it_was(made: ShellBench) -> None:
    made.run("kept=3")
    assert status(made.run('echo "never closed')) == "error"
    for _ in range(3):
        assert made.run("echo begun; sleep 60; echo after", stop_at="begun")[-1] == Ended(status="interrupted")
    assert made.run("echo $kept") == [printed("3\n"), OK]


def test_its_background_jobs_are_listed_with_the_whole_of_their_pipes(made: ShellBench) -> None:
    made.run("sleep 600 & sleep 601 | cat | cat &")
    assert [job.command for job in made.runner.jobs()] == ["sleep 600", "sleep 601 | cat | cat"]
    made.run(f"kill {' '.join(f'%{job.id}' for job in made.runner.jobs())}; wait", timeout=60)


def test_its_end_is_told_and_a_new_one_starts(made: ShellBench) -> None:
    lost = Restarted(reason="it ended with exit code 4, and goes on in the same folder")
    assert made.run("exit 4") == [lost, Ended(status="died")]
    assert made.run("echo new") == [printed("new\n"), OK]


@pytest.mark.parametrize("kind", HERE)
def test_the_persons_own_history_is_neither_read_nor_written(tmp_path: Path, kind: str) -> None:
    history = tmp_path / ".bash_history"
    history.write_text("ssh private\n")
    with shell(tmp_path, program=kind, more={"HOME": str(tmp_path), "HISTFILE": str(history)}) as made:
        assert "private" not in text(made.run("history; fc -l"))
        assert made.run('echo "[${HISTFILE-}]"') == [printed("[]\n"), OK]
        made.run("exit")
    assert [file.name for file in tmp_path.iterdir()] == [".bash_history"]
    assert history.read_text() == "ssh private\n"


def test_the_best_shell_on_the_path_is_taken_and_none_is_an_error(tmp_path: Path) -> None:
    for name in ("sh", "zsh"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert [found.name for found, _ in (find(None, str(tmp_path)), find("sh", str(tmp_path)))] == ["zsh", "sh"]
    with pytest.raises(RunnerError) as raised:
        find(None, str(tmp_path / "nothing"))
    assert str(raised.value) == "No shell was found: bash or zsh or sh must be on PATH."


def test_what_would_run_start_up_files_is_kept_from_the_shell() -> None:
    given = {"HOME": "/home/me", "BASH_ENV": "x", "ENV": "x", "SHELLOPTS": "x", "TERM": "dumb"}
    kept = {"HOME": "/home/me", "TERM": "xterm-256color", "HISTFILE": "/dev/null"}
    assert environment_for(given, interactive=True) == kept
