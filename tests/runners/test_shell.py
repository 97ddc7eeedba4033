"""Cells in a real shell: state, ends, interrupts, deaths, and what programs print."""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from interpreter.errors import RunnerError
from interpreter.events import CellStatus
from interpreter.seams import Ended, Happening, Produced, Restarted
from interpreter.stop import Stop
from tests.runners.bench import happenings_of, status, text
from tests.runners.shells import ShellBench, shell

OK = Ended(status="ok")


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShellBench]:
    """One shell without a person, for cells that leave it as it was."""
    with shell(tmp_path_factory.mktemp("work")) as made:
        yield made


def printed(words: str) -> Produced:
    """What a command prints."""
    return Produced(kind="stdout", data={"text/plain": words})


# ---- state and ends


def test_folder_variables_and_functions_live_from_cell_to_cell(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with shell(tmp_path) as made:
        assert made.run('cd inner; export NAME=é漢🙂; greet() { echo "hello $NAME"; }') == [OK]
        assert made.run("greet; basename $PWD") == [printed("hello é漢🙂\ninner\n"), OK]


def test_who_writes_to_a_pipe_that_nobody_reads_ends_without_a_word(bash: ShellBench) -> None:
    assert bash.run('yes | head -n 1; echo "${PIPESTATUS[0]}"') == [printed("y\n141\n"), OK]


def test_what_the_shell_complains_of_is_the_cell_and_no_file_of_ours(bash: ShellBench) -> None:
    complaint = text(bash.run("if true; then"))
    assert complaint.startswith("bash: cell: line 2: syntax error")


def test_nothing_runs_before_the_first_cell_and_no_start_up_file_is_read(tmp_path: Path) -> None:
    for name in (".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv"):
        (tmp_path / name).write_text(f"touch {tmp_path}/read; echo unwanted\n")
    unwanted = {"HOME": str(tmp_path), "BASH_ENV": f"{tmp_path}/.bashrc", "ENV": f"{tmp_path}/.profile"}
    with shell(tmp_path, more={**unwanted, "PROMPT_COMMAND": "echo unwanted", "PS1": "unwanted"}) as made:
        states = [made.runner.state]
        assert made.run("ls; echo ${ENV-}${BASH_ENV-}") == [printed("\n"), OK]
        states.append(made.runner.state)
    assert states == ["absent", "idle"]


def test_the_exit_code_is_told_when_it_is_not_zero(bash: ShellBench) -> None:
    assert bash.run("echo before; (exit 7)") == [printed("before\n[exit code 7]\n"), Ended(status="error")]
    assert bash.run("echo $?") == [printed("7\n"), OK]
    assert bash.run("printf half; false") == [printed("half\n[exit code 1]\n"), Ended(status="error")]
    assert bash.run("return 3") == [printed("[exit code 3]\n"), Ended(status="error")]


def test_both_streams_come_in_the_order_in_which_they_were_written(bash: ShellBench) -> None:
    assert (
        text(bash.run("for i in 1 2 3; do echo out$i; echo err$i >&2; done")) == "out1\nerr1\nout2\nerr2\nout3\nerr3\n"
    )


def test_output_without_a_last_newline_is_whole_and_the_next_cell_is_clean(bash: ShellBench) -> None:
    assert bash.run("printf unfinished") == [printed("unfinished"), OK]
    assert bash.run("echo next") == [printed("next\n"), OK]


def test_set_e_and_set_x_do_not_outlive_their_cell(bash: ShellBench) -> None:
    assert text(bash.run("set -ex; true")) == "++ true\n"
    assert bash.run("false; echo goes on") == [printed("goes on\n"), OK]


def test_a_prompt_from_a_start_up_file_read_in_a_cell_spoils_nothing(bash: ShellBench) -> None:
    assert bash.run("PS1='\\u> '; PROMPT_COMMAND='echo hook'") == [OK]
    assert bash.run("echo clean") == [printed("clean\n"), OK]


def test_output_sent_elsewhere_by_exec_does_not_hide_the_end_of_the_cell(tmp_path: Path) -> None:
    with shell(tmp_path) as made:
        assert made.run(f"exec >{tmp_path}/log 2>&1; echo kept") == [OK]
        assert made.run("echo too") == [OK]
        assert (tmp_path / "log").read_text() == "kept\ntoo\n"


# ---- scripts and bytes


def test_unbalanced_quotes_are_an_error_of_the_cell(bash: ShellBench) -> None:
    happened = bash.run('echo "never closed')
    assert "unexpected EOF" in text(happened)
    assert text(happened).endswith("\n[exit code 2]\n")
    assert status(happened) == "error"
    assert bash.run("echo alive") == [printed("alive\n"), OK]


def test_heredocs_and_a_script_of_100_kilobytes_run_as_they_are(bash: ShellBench) -> None:
    line = "word " * 20
    script = f"cat <<'END' | wc -c\n{f'{line}' * 1000}\nEND\n"
    assert len(script) > 100_000
    assert text(bash.run(script)).strip() == str(1000 * len(line) + 1)


def test_undecodable_bytes_become_replacements_and_null_bytes_pass(bash: ShellBench) -> None:
    assert text(bash.run(r"printf 'a\xff\xc3b\0c\n'")) == "a\ufffd\ufffdb\0c\n"
    assert text(bash.run("echo a\0b \udcff | wc -c")).strip().endswith("5")


def test_characters_cut_between_two_reads_are_whole(bash: ShellBench) -> None:
    assert text(bash.run("for i in $(seq 3000); do printf '漢字🙂é'; done; echo")) == "漢字🙂é" * 3000 + "\n"


def test_a_huge_line_arrives_whole(bash: ShellBench) -> None:
    assert text(bash.run("head -c 3000000 /dev/zero | tr '\\0' x")) == "x" * 3_000_000


def test_a_million_lines_arrive_in_order_in_few_pieces(bash: ShellBench) -> None:
    happened = bash.loop.run(happenings_of(bash.runner, "seq 1000000"))
    assert text(happened) == "".join(f"{number}\n" for number in range(1, 1_000_001))
    assert len(happened) < 300


def test_lines_end_in_a_newline_alone_and_carriage_returns_stay(bash: ShellBench) -> None:
    assert text(bash.run(r"printf 'one\r\ntwo\n'; stty sane </dev/tty; echo three; printf '10%%\r20%%\r\n'")) == (
        "one\ntwo\nthree\n10%\r20%\n"
    )


# ---- interrupts


@pytest.mark.parametrize(
    "work",
    [
        "sleep 60",
        "while :; do :; done",
        "python3 -c 'import time; time.sleep(60)'",
        "sh -c 'trap \"exit 0\" INT; while :; do sleep 0.1; done'",
        "for i in 1 2 3; do sh -c 'trap \"exit 0\" INT; while :; do sleep 0.1; done'; done",
    ],
)
def test_an_interrupt_ends_the_cell_and_nothing_after_it_runs(bash: ShellBench, work: str) -> None:
    assert bash.run("kept=1") == [OK]
    assert bash.run(f"echo begun; {work}; echo after", stop_at="begun") == [
        printed("begun\n"),
        Ended(status="interrupted"),
    ]
    assert bash.run("echo $kept") == [printed("1\n"), OK]


def test_a_program_that_resists_is_ended_behind_its_cell_and_the_shell_lives(bash: ShellBench) -> None:
    assert bash.run("kept=2") == [OK]
    resists = "sh -c 'trap \"\" INT TERM; echo begun; while :; do sleep 0.1; done'; echo after"
    assert bash.run(resists, stop_at="begun")[-1] == Ended(status="interrupted")
    assert bash.runner.state == "busy"
    assert bash.run("echo $kept") == [printed("2\n"), OK]


def test_a_shell_that_resists_is_killed_and_the_next_cell_says_so(tmp_path: Path) -> None:
    with shell(tmp_path) as made:
        assert made.run("trap '' INT; echo begun; while :; do :; done", stop_at="begun")[-1] == Ended(
            status="interrupted"
        )
        lost = Restarted(reason="it was killed by signal 9, and goes on in the same folder")
        assert made.run("echo new") == [lost, printed("new\n"), OK]


@pytest.mark.parametrize("leave", ["stop", "cancel"])
def test_who_gives_up_waiting_for_a_shell_that_resists_leaves_at_once_and_the_ladder_goes_on(
    tmp_path: Path, leave: str
) -> None:
    async def left(made: ShellBench) -> None:
        stop = Stop()
        waiting = asyncio.create_task(anext(made.runner.run("echo never", stop)))
        await asyncio.sleep(0)
        if leave == "stop":
            stop.set()
            assert await waiting == Ended(status="interrupted")
        else:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        assert made.runner.state == "busy"

    with shell(tmp_path) as made:
        made.run("trap '' INT; echo begun; while :; do :; done", stop_at="begun")
        made.loop.run(left(made))
        lost = Restarted(reason="it was killed by signal 9, and goes on in the same folder")
        assert made.run("echo new", timeout=30) == [lost, printed("new\n"), OK]


def test_an_interrupt_does_not_wait_for_a_shell_that_is_slow_to_start(tmp_path: Path) -> None:
    (tmp_path / "bash").write_text(
        f"#!/bin/sh\necho $$ > {tmp_path}/written; mv {tmp_path}/written {tmp_path}/pid\nexec sleep 600\n"
    )
    (tmp_path / "bash").chmod(0o755)

    async def stopped(made: ShellBench) -> Happening:
        stop = Stop()
        async with asyncio.timeout(10):
            running = asyncio.create_task(anext(made.runner.run("echo never", stop)))
            while not (tmp_path / "pid").exists():  # noqa: ASYNC110 - a process does not set our events
                await asyncio.sleep(0.01)
            stop.set()
            return await running

    with shell(tmp_path, program=str(tmp_path / "bash")) as made:
        assert made.loop.run(stopped(made)) == Ended(status="interrupted")
        assert made.runner.state == "absent"
        assert not _lives(int((tmp_path / "pid").read_text()))


def test_the_time_limit_ends_a_cell_with_what_it_printed(bash: ShellBench) -> None:
    assert bash.run("echo begun; sleep 60", timeout=0.5) == [printed("begun\n"), Ended(status="timeout")]


def test_a_stop_set_before_the_start_runs_nothing(bash: ShellBench, tmp_path: Path) -> None:
    async def stopped() -> list[object]:
        stop = Stop()
        stop.set()
        return [happening async for happening in bash.runner.run(f"touch {tmp_path}/ran", stop)]

    assert bash.loop.run(stopped()) == [Ended(status="interrupted")]
    assert not (tmp_path / "ran").exists()


def test_leaving_early_interrupts_the_cell(bash: ShellBench, tmp_path: Path) -> None:
    async def left() -> None:
        async with aclosing(bash.runner.run(f"echo begun; sleep 60; touch {tmp_path}/after", Stop())) as happenings:
            await anext(happenings)

    bash.loop.run(left())
    assert bash.run("echo free") == [printed("free\n"), OK]
    assert not (tmp_path / "after").exists()


def test_a_signal_in_the_middle_of_what_the_shell_tells_of_a_cell_spoils_no_later_cell(bash: ShellBench) -> None:
    interrupted = "__interpreter_jobs() { __interpreter_jobs() { jobs -l; }; kill -INT $$; }"
    assert text(bash.run(interrupted, timeout=10)).strip() == "[exit code 130]"
    assert bash.run("(exit 3)", timeout=10) == [printed("[exit code 3]\n"), Ended(status="error")]
    assert bash.run("echo free", timeout=10) == [printed("free\n"), OK]


def test_a_flood_that_resists_is_left_behind_its_cell_too(tmp_path: Path) -> None:
    with shell(tmp_path, output_limit=1) as made:
        happened = made.run("trap '' INT TERM; while :; do echo flood; done", timeout=60)
        words = "[The cell was interrupted: it printed more than 1 MB.]\n"
        assert (text(happened).endswith(words), status(happened)) == (True, "error")
        assert made.runner.state == "busy"
        assert made.run("echo free")[1:] == [printed("free\n"), OK]


def test_a_flood_that_ends_before_its_interrupt_is_an_error_all_the_same(tmp_path: Path) -> None:
    with shell(tmp_path, output_limit=1) as made:
        happened = made.run("head -c 1500000 /dev/zero | tr '\\0' x", timeout=60)
        words = "\n[The cell was interrupted: it printed more than 1 MB.]\n"
        assert (text(happened).endswith(words), status(happened)) == (True, "error")
        assert made.run("echo free")[-1] == OK


def test_cells_interrupted_at_random_moments_mix_nothing_up(tmp_path: Path) -> None:
    chance = random.Random(7)
    work = ("sleep 60", "while :; do :; done", "seq 100000", "sh -c 'exit 0'", "true")

    async def one(runner: ShellBench, number: int) -> str:
        stop = Stop()
        timer = asyncio.get_running_loop().call_later(chance.choice((0, 0.001, 0.003, 0.01, 0.05)), stop.set)
        code = f"echo cell{number}; {chance.choice(work)}; echo cell{number}"
        happened = [happening async for happening in runner.runner.run(code, stop, timeout=30)]
        timer.cancel()
        assert isinstance(happened[-1], Ended)
        return text(happened)

    with shell(tmp_path) as made:
        for number in range(60):
            assert set(re.findall(r"cell(\d+)", made.loop.run(one(made, number)))) <= {str(number)}
        assert made.run("echo still the same") == [printed("still the same\n"), OK]


# ---- death


@pytest.mark.parametrize(
    ("code", "how", "ended"),
    [
        ("exit 3", "ended with exit code 3", "died"),
        ("set -e; false; echo never", "ended with exit code 1", "died"),
        ("exec true", "ended with exit code 0", "ok"),
        ("kill -9 $$", "was killed by signal 9", "died"),
    ],
)
def test_the_end_of_the_shell_is_told_and_a_new_one_starts_in_its_folder(
    tmp_path: Path, code: str, how: str, ended: CellStatus
) -> None:
    (tmp_path / "inner").mkdir()
    with shell(tmp_path) as made:
        made.run("cd inner; x=5")
        assert made.run(f"echo last words; {code}") == [
            printed("last words\n"),
            Restarted(reason=f"it {how}, and goes on in the same folder"),
            Ended(status=ended),
        ]
        assert made.run('basename $PWD; echo "x=$x"') == [printed("inner\nx=\n"), OK]


def test_a_shell_ignores_a_polite_signal_to_itself(bash: ShellBench) -> None:
    assert bash.run("kill $$; echo still here") == [printed("still here\n"), OK]


def test_a_shell_whose_folder_is_gone_starts_in_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with shell(tmp_path) as made:
        made.run("cd inner")
        made.run(f"rm -r {tmp_path}/inner; exit")
        assert made.run("basename $PWD") == [printed(f"{tmp_path.name}\n"), OK]


def test_a_restart_throws_the_state_away_and_keeps_the_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with shell(tmp_path) as made:
        made.run("cd inner; x=5")
        made.loop.run(made.runner.restart())
        assert made.run('basename $PWD; echo "x=$x"') == [printed("inner\nx=\n"), OK]


def test_a_restart_in_the_middle_of_a_cell_ends_the_cell_and_not_the_new_shell(tmp_path: Path) -> None:
    async def restarted(made: ShellBench) -> list[Happening]:
        seen = []
        async for happening in made.runner.run("echo begun; sleep 600", Stop()):
            seen.append(happening)
            if happening == printed("begun\n"):
                await made.runner.restart()
        return seen

    with shell(tmp_path) as made:
        killed = Restarted(reason="it was killed by signal 9, and goes on in the same folder")
        assert made.loop.run(restarted(made)) == [printed("begun\n"), killed, Ended(status="died")]
        assert made.runner.state == "idle"


def test_closing_leaves_nothing_running(tmp_path: Path) -> None:
    with shell(tmp_path) as made:
        pids = text(made.run("sleep 600 & echo $!; nohup sleep 600 >/dev/null 2>&1 & echo $! $$")).split()
        made.loop.run(made.runner.close())
        assert len(pids) == 3
        made.wait(lambda: not any(_lives(int(pid)) for pid in pids))


def test_a_shell_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with shell(tmp_path, program="no-such-shell") as made, pytest.raises(RunnerError) as raised:
        made.run("echo")
    assert str(raised.value) == "No shell was found: no-such-shell must be on PATH."


def _lives(pid: int) -> bool:
    """Whether the process is there; one that waits to be reaped is not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()
