"""What programs in a shell ask: put to a person, ended where there is none; programs that want the whole screen."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interpreter.seams import Asked, Ended, Happening, Produced
from interpreter.stop import Stop
from tests.runners.bench import status, text
from tests.runners.shells import ShellBench, shell

OK = Ended(status="ok")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process waits for")


@pytest.fixture(scope="module")
def attended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShellBench]:
    """A shell with a person before it."""
    with shell(tmp_path_factory.mktemp("work"), interactive=True) as made:
        yield made


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShellBench]:
    """A shell without a person."""
    with shell(tmp_path_factory.mktemp("work")) as made:
        yield made


def printed(words: str) -> Produced:
    """What a command prints."""
    return Produced(kind="stdout", data={"text/plain": words})


# ---- with a person


def test_a_question_is_put_to_the_person_and_neither_it_nor_the_answer_is_output(attended: ShellBench) -> None:
    code = 'echo first; read -p "Your name? " name; echo "hello $name"'
    assert attended.run(code, lines=["Zoë 漢"]) == [
        printed("first\n"),
        Asked(prompt="Your name? "),
        printed("hello Zoë 漢\n"),
        OK,
    ]


@on_linux
def test_a_question_after_long_work_is_not_told_as_output_first(attended: ShellBench) -> None:
    assert attended.run('sleep 1; read -p "Sure? " x; echo "[$x]"', lines=["y"]) == [
        Asked(prompt="Sure? "),
        printed("[y]\n"),
        OK,
    ]


def test_a_password_is_asked_for_in_secret(attended: ShellBench) -> None:
    code = 'read -s -p "Password: " word; echo; echo "${#word} characters"'
    assert attended.run(code, lines=["hunter2"]) == [
        Asked(prompt="Password: ", secret=True),
        printed("\n7 characters\n"),
        OK,
    ]


def test_who_forgets_to_hide_a_password_is_helped(attended: ShellBench) -> None:
    code = 'read -p "Passphrase: " word; echo "${#word} characters"'
    assert attended.run(code, lines=["hunter2"]) == [
        Asked(prompt="Passphrase: ", secret=True),
        printed("7 characters\n"),
        OK,
    ]


@on_linux
def test_a_password_is_not_seen_among_what_a_job_prints_meanwhile(attended: ShellBench) -> None:
    job = "(read x <gate; yes tick | head -c 500000; touch flowing; yes tick | head -c 2000000)"
    code = f'mkfifo gate; {job} & read -p "Password: " word; wait; echo "${{#word}} characters"'

    async def typed() -> list[Happening]:
        seen: list[Happening] = []
        async for happening in attended.runner.run(code, Stop(), timeout=60):
            seen.append(happening)
            if isinstance(happening, Asked):
                await asyncio.to_thread(_write, attended.folder / "gate")
                while not (attended.folder / "flowing").exists():  # noqa: ASYNC110 - a job does not set our events
                    await asyncio.sleep(0.01)
                await attended.runner.answer("hunter2")
        return seen

    happened = attended.loop.run(typed())
    words = text(happened).replace("\n", "")  # the end of the typed line comes wherever the job is just printing
    ticks = words.count("tick") - words.count("yes tick")  # bash tells of a job that is done
    assert (ticks, "7 characters" in words, status(happened)) == (500_000, True, "ok")
    assert "hunter" not in words


@on_linux
def test_after_a_hidden_answer_the_next_one_is_seen_again(attended: ShellBench) -> None:
    code = 'read -p "Password: " word; read -p "Name? " name; echo "${#word} $name"'
    assert attended.run(code, lines=["hunter2", "Zoë"]) == [
        Asked(prompt="Password: ", secret=True),
        Asked(prompt="Name? "),
        printed("7 Zoë\n"),
        OK,
    ]


@pytest.mark.parametrize(("prompt", "secret"), [("sql> ", False), ("API token: ", True)])
def test_a_program_that_draws_its_own_line_hides_only_what_sounds_secret(
    attended: ShellBench, prompt: str, secret: bool
) -> None:
    code = f"stty -echo -icanon; printf '{prompt}'; head -n 1 | sed 's/.*/[&]/'; stty echo icanon"
    assert attended.run(code, lines=["select 1"]) == [Asked(prompt=prompt, secret=secret), printed("[select 1]\n"), OK]


@on_linux
@pytest.mark.parametrize("silent", ["-s", ""])
def test_a_secret_of_a_few_characters_is_not_seen_and_leaves_the_terminal_as_it_was(
    attended: ShellBench, silent: str
) -> None:
    ask = f'read {silent} -n 4 -p "Password: " word; stty -a | tr " ;" "\\n" | grep -xE -e "-?(echo|icanon)"; read rest'
    secret = f"pass{'x' * 2000}"  # the longer it takes to type, the surer has the program gone on meanwhile
    happened = attended.run(f'for n in 1 2 3 4 5; do {ask}; done; echo "${{#word}} characters"', lines=[secret] * 5)
    words = text(happened)
    assert [happening for happening in happened if isinstance(happening, Asked)] == [
        Asked(prompt="Password: ", secret=True)
    ] * 5
    assert (words.split(), status(happened)) == (["icanon", "echo"] * 5 + ["4", "characters"], "ok")


@pytest.mark.parametrize("leaves", ["stty -echo", f"{sys.executable} -c 'import tty; tty.setraw(0)'"])
def test_the_modes_that_a_program_leaves_behind_do_not_hide_the_next_answer(attended: ShellBench, leaves: str) -> None:
    assert attended.run(leaves) == [OK]
    assert attended.run('read -p "Name? " x; echo "$x"', lines=["Zoë"]) == [
        Asked(prompt="Name? "),
        printed("Zoë\n"),
        OK,
    ]


def test_a_program_that_asks_twice_is_answered_twice(attended: ShellBench) -> None:
    code = f'{sys.executable} -c \'print(input("a> ") + input("b> "))\''
    assert attended.run(code, lines=["one", "two"]) == [
        Asked(prompt="a> "),
        Asked(prompt="b> "),
        printed("onetwo\n"),
        OK,
    ]


@on_linux
def test_a_question_of_which_the_begin_was_printed_is_printed_to_its_end_first(attended: ShellBench) -> None:
    happened = attended.run("printf 'Your '; sleep 0.5; read -rp 'name? ' x; echo \"$x\"", lines=["Ada"])
    before = happened.index(Asked(prompt="Your name? "))
    assert (text(happened[:before]), text(happened[before:])) == ("Your name? ", "\nAda\n")


@on_linux
def test_a_program_that_reads_without_a_word_is_asked_for_too(attended: ShellBench) -> None:
    assert attended.run("cat", lines=["echoed", None]) == [Asked(prompt=""), printed("echoed\n"), Asked(prompt=""), OK]


@on_linux
def test_without_an_answer_the_input_ends_and_who_asks_again_is_interrupted(attended: ShellBench) -> None:
    assert attended.run('read x; echo "got [$x]"') == [Asked(prompt=""), printed("got []\n"), OK]
    endless = attended.run("while :; do read x; done; echo never")
    assert [type(happening) for happening in endless] == [Asked, Asked, Produced, Ended]
    assert (text(endless), status(endless)) == ("[exit code 130]\n", "error")


def test_an_interrupt_while_a_question_stands_runs_nothing_after_it(attended: ShellBench) -> None:
    async def interrupted() -> list[Happening]:
        stop = Stop()
        seen: list[Happening] = []
        async for happening in attended.runner.run('read -p "sure? " x; echo after', stop):
            seen.append(happening)
            if isinstance(happening, Asked):
                stop.set()
                await attended.runner.answer(None)
        return seen

    assert attended.loop.run(interrupted()) == [Asked(prompt="sure? "), Ended(status="interrupted")]
    assert attended.run("echo free") == [printed("free\n"), OK]


def test_slow_output_that_ends_in_the_middle_of_a_line_is_no_question(attended: ShellBench) -> None:
    code = "printf 'working: '; sleep 1.2; echo done"
    assert attended.run(code) == [printed("working: done\n"), OK]


def test_programs_are_as_wide_as_the_persons_terminal_also_after_it_changed(attended: ShellBench) -> None:
    async def resized() -> str:
        said = ""
        code = """bash -c 'trap "stty size; exit" WINCH; stty size; while :; do sleep 0.1; done'"""
        async for happening in attended.runner.run(code, Stop(), timeout=60):
            said += text([happening])
            attended.size = (132, 50)
        return said

    attended.size = (70, 20)
    assert attended.loop.run(resized()) == "20 70\n50 132\n"


# ---- without one


def test_without_a_person_programs_are_told_of_a_common_width(alone: ShellBench) -> None:
    assert alone.run("stty size < /dev/tty") == [printed("40 120\n"), OK]


def test_nobody_there_means_that_the_input_is_at_its_end(alone: ShellBench) -> None:
    assert alone.run('cat; read x || echo "nothing to read"') == [printed("nothing to read\n"), OK]


def test_a_question_to_the_terminal_itself_is_told_and_ended(alone: ShellBench) -> None:
    happened = alone.run('read -p "Passphrase: " x </dev/tty; echo "got [$x]"')
    assert happened == [printed("Passphrase: \n[Nobody is there to answer this.]\ngot []\n"), OK]


def test_programs_are_told_not_to_ask(alone: ShellBench) -> None:
    assert text(alone.run("echo $GIT_TERMINAL_PROMPT $PIP_NO_INPUT $DEBIAN_FRONTEND")) == "0 1 noninteractive\n"


# ---- the whole screen


@pytest.mark.parametrize("sequence", [r"\033[?1049h", r"\033[?47h", r"\033[?1h\033="])
def test_a_program_that_takes_the_whole_screen_is_refused_with_the_reason(attended: ShellBench, sequence: str) -> None:
    code = f'printf before; sh -c \'trap "" INT; printf "{sequence}"; printf garbage; exec sleep 60\'; echo after'
    happened = attended.run(code)
    words = text(happened)
    assert words.startswith(("before\n[sh wants the whole screen", "before\n[sleep wants the whole screen"))
    assert (status(happened), "garbage" in words, "after" in words) == ("error", False, False)
    assert attended.run("echo free") == [printed("free\n"), OK]


# ---- background jobs


def test_background_jobs_are_listed_survive_an_interrupt_and_end_on_request(attended: ShellBench) -> None:
    assert attended.run("sleep 600 & sleep 601 | cat &") == [OK]
    assert [(job.id, job.command, job.state) for job in attended.runner.jobs()] == [
        (1, "sleep 600", "running"),
        (2, "sleep 601 | cat", "running"),
    ]
    attended.run("echo begun; sleep 60", stop_at="begun")
    assert len(attended.runner.jobs()) == 2
    attended.run("kill %1 %2; wait", timeout=60)
    assert attended.runner.jobs() == ()


@on_linux
def test_a_job_that_reads_the_terminal_is_listed_as_stopped(attended: ShellBench) -> None:
    attended.run("cat < /dev/tty &")
    attended.wait(lambda: [job.state for job in attended.runner.jobs()] == ["stopped"])
    attended.run("kill -9 $!")
    attended.wait(lambda: attended.runner.jobs() == ())


def test_what_a_job_prints_between_cells_is_told_late(alone: ShellBench) -> None:
    alone.late.clear()
    assert alone.run("mkfifo gate; (read x <gate; echo from behind) & true") == [OK]
    alone.loop.run(asyncio.to_thread(_write, alone.folder / "gate"))
    alone.wait(lambda: "\n" in text(alone.late))
    assert text(alone.late).startswith("from behind\n")  # bash's own word that the job is done may follow


def test_a_job_that_floods_between_cells_is_told_in_part_and_goes_on(alone: ShellBench) -> None:
    alone.late.clear()
    assert alone.run("yes flood & true")[-1] == OK
    alone.wait(lambda: bool(alone.late) and "left out" in text(alone.late))
    assert len(text(alone.late)) < 1_200_000
    alone.run("kill $!; wait", timeout=60)
    assert alone.run("echo free")[-1] == OK


def _write(gate: Path) -> None:
    gate.write_text("go\n")
