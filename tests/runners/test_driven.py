"""Interpreters that stay: what their cells are given and leave, and what ends them."""

from __future__ import annotations

import signal
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from interpreter.errors import RunnerError
from interpreter.runners import processes
from interpreter.runners.driven import DrivenRunner
from interpreter.seams import Ended, Happening, Produced, Restarted
from interpreter.stop import Stop
from tests.runners.bench import text
from tests.runners.interpreters import (
    DIED,
    ENDED_BY_INTERRUPT,
    ERROR,
    INTERRUPTED,
    OK,
    driven,
    driven_by,
    each,
    here,
    stderr,
    stdout,
    value,
)

# ---- what a cell is given and leaves


@each(
    javascript="require('child_process').execSync('cat', {stdio: 'inherit'}); console.log(`[${fs.readFileSync(0)}]`)",
    ruby="puts \"[#{gets}]\"; system('cat'); nil",
    r='cat(sprintf("[%s]\\n", paste(readLines("stdin"), readLines(stdin()), collapse = ""))); invisible(system("cat"))',
)
def test_the_input_of_code_and_of_its_children_is_at_its_end(tmp_path: Path, language: str, code: str) -> None:
    with driven(tmp_path, language) as bench:
        if language == "javascript":
            bench.run("const fs = require('fs')")
        assert bench.run(code) == [stdout("[]\n"), OK]
        assert bench.run(code) == [stdout("[]\n"), OK]


@each(
    javascript="process.env.INTERPRETER_CONTROL",
    ruby="ENV['INTERPRETER_CONTROL']",
    r='Sys.getenv("INTERPRETER_CONTROL", NA)',
)
def test_the_key_of_the_interpreter_is_not_in_the_environment_of_the_code(
    tmp_path: Path, language: str, code: str
) -> None:
    with driven(tmp_path, language) as bench:
        assert bench.run(code) == ([value("[1] NA"), OK] if language == "r" else [OK])


@each(
    javascript="console.log('out'); console.error('err'); [1, 'two']",
    ruby="puts 'out'; warn 'err'; [1, 'two']",
    r='cat("out\\n"); message("err"); list(1, "two")[[2]]',
)
def test_streams_come_apart_and_the_value_behind_them(tmp_path: Path, language: str, code: str) -> None:
    worth = {"javascript": "[ 1, 'two' ]", "ruby": '[1, "two"]', "r": '[1] "two"'}[language]
    with driven(tmp_path, language) as bench:
        assert bench.run(code) in (
            [stdout("out\n"), stderr("err\n"), value(worth), OK],
            [stderr("err\n"), stdout("out\n"), value(worth), OK],
        )


@each(javascript="let kept = [7]", ruby="kept = [7]", r="kept <- c(7)")
def test_what_is_assigned_is_not_shown(tmp_path: Path, language: str, code: str) -> None:
    with driven(tmp_path, language) as bench:
        assert bench.run(code) == [OK]


@each(
    javascript="process.stdout.write(Buffer.from([0x61, 0xff, 0xe6, 0xbc]))",
    ruby='print "a\\xff\\xe6\\xbc"',
    r='cat("a\\xff\\xe6\\xbc")',
)
def test_bytes_that_are_no_text_are_replaced_and_harm_nothing_behind_them(
    tmp_path: Path, language: str, code: str
) -> None:
    with driven(tmp_path, language) as bench:
        assert text(bench.run(code), "stdout") == "a\ufffd\ufffd"
        assert text(bench.run(code), "stdout") == "a\ufffd\ufffd"


@each(
    javascript="console.log('x'.repeat(4e6)); console.error('y'.repeat(4e6))",
    ruby="puts 'x' * 4_000_000; warn 'y' * 4_000_000",
    r='cat(strrep("x", 4e6), "\\n", sep = ""); cat(strrep("y", 4e6), "\\n", sep = "", file = stderr())',
)
def test_output_larger_than_any_buffer_is_whole(tmp_path: Path, language: str, code: str) -> None:
    with driven(tmp_path, language) as bench:
        happened = bench.run(code)
        assert text(happened, "stdout") == "x" * 4_000_000 + "\n"
        assert text(happened, "stderr") == "y" * 4_000_000 + "\n"
        assert happened[-1] == OK


@each(
    javascript="function f() { throw new Error('wrong') }\nf()",
    ruby="def f = raise('wrong')\nf",
    r='f <- function() stop("wrong")\nf()',
)
def test_an_error_is_told_without_what_is_ours(tmp_path: Path, language: str, code: str) -> None:
    place = tmp_path / "cell.rb"
    words = {
        "javascript": "Uncaught Error: wrong\n    at f (cell.js:1:22)\n    at cell.js:2:1\n",
        "ruby": f"{place}:1:in `f': wrong (RuntimeError)\n\tfrom {place}:2:in `<main>'\n",
        "r": "Error in f(): wrong\n",
    }[language]
    with driven(tmp_path, language) as bench:
        told = text(bench.run(code)).replace("'Object#f'", "`f'").replace("'<main>'", "`<main>'")  # as Ruby 3.4 quotes
        assert told == words


@each(javascript="let x = ;", ruby="x = = 1", r="x <- <- 1")
def test_what_cannot_be_read_is_an_error_that_names_the_line(tmp_path: Path, language: str, code: str) -> None:
    with driven(tmp_path, language) as bench:
        happened = bench.run(f"\n{code}")
        assert happened[-1] == ERROR
        assert ":2" in text(happened, "stderr")
        assert "drivers" not in text(happened)


# ---- ends

KEEPS = {"javascript": "const kept = 7", "ruby": "kept = 7", "r": "kept <- 7"}


@each(
    javascript="for (;;) console.log('x'.repeat(10_000))",
    ruby="loop { puts 'x' * 10_000 }",
    r='repeat cat(strrep("x", 10000), "\\n")',
)
def test_a_cell_that_prints_more_than_the_limit_is_interrupted_and_the_state_is_left(
    tmp_path: Path, language: str, code: str
) -> None:
    with driven(tmp_path, language) as bench:
        bench.run(KEEPS[language])
        happened = bench.run(code)
        assert happened[1:] == [
            Produced(kind="error", data={"text/plain": "The cell was interrupted: it printed more than 10 MB."}),
            ERROR,
        ]
        assert 10_000_000 < len(text(happened, "stdout")) < 10_200_000
        assert text(bench.run("kept")).split()[-1] == "7"


@each(javascript="process.exit(3)", ruby="exit 3", r='quit("no", 3)')
def test_code_that_ends_its_interpreter_is_told_and_the_next_cell_has_a_new_one(
    tmp_path: Path, language: str, code: str
) -> None:
    with driven(tmp_path, language) as bench:
        assert bench.run(code) == [Restarted(reason="it ended with exit code 3"), DIED]
        assert bench.run(code.replace("3", "0")) == [Restarted(reason="it ended with exit code 0"), OK]
        assert bench.run("1")[-1] == OK


@here("javascript")
def test_a_restart_in_the_middle_of_a_cell_ends_the_cell_and_not_the_new_interpreter(tmp_path: Path) -> None:
    async def restarted(runner: DrivenRunner) -> list[Happening]:
        seen = []
        async for happening in runner.run("console.log('begun'); for (;;) {}", Stop()):
            seen.append(happening)
            if happening == stdout("begun\n"):
                await runner.restart()
        return seen

    with driven(tmp_path, "javascript") as bench:
        killed = Restarted(reason="it was killed by signal 9")
        assert bench.loop.run(restarted(bench.runner)) == [stdout("begun\n"), killed, DIED]
        assert bench.runner.state == "idle"


@here("javascript")
def test_an_end_between_two_cells_is_told_before_the_next(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        assert bench.run("setTimeout(() => { console.log('bye'); process.exit(5) }, 20); undefined") == [OK]
        bench.wait(lambda: bench.runner.state == "dead")
        assert bench.late == [stdout("bye\n")]
        assert bench.run("1") == [Restarted(reason="it ended with exit code 5"), value("1"), OK]


@each(javascript="for (;;) {}", ruby="loop {}", r="while (TRUE) {}")
def test_a_time_limit_interrupts_and_leaves_the_state(tmp_path: Path, language: str, code: str) -> None:
    with driven(tmp_path, language) as bench:
        bench.run(KEEPS[language])
        assert bench.run(code, timeout=0.5) == [Ended(status="timeout")]
        assert text(bench.run("kept")).split()[-1] == "7"


@here("ruby")
def test_code_that_rescues_every_interrupt_keeps_nobody_waiting_and_loses_the_state(tmp_path: Path) -> None:
    with driven(tmp_path, "ruby") as bench:
        code = "told = false\nbegin\n(told = true; puts 'begun') unless told\nsleep\nrescue Exception; retry; end"
        assert bench.run(code, stop_at="begun") == [stdout("begun\n"), INTERRUPTED]
        assert bench.run("1") == [ENDED_BY_INTERRUPT, value("1"), OK]


@each(
    javascript="for (;;) console.log('x'.repeat(100))",
    ruby="loop { puts 'x' * 100 }",
    r='repeat cat(strrep("x", 100), "\\n")',
)
def test_a_flood_that_nobody_reads_waits_and_can_be_left(tmp_path: Path, language: str, code: str) -> None:
    async def left(runner: DrivenRunner) -> None:
        async with aclosing(runner.run(code, Stop())) as happenings:
            async for _ in happenings:
                break

    with driven(tmp_path, language) as bench:
        bench.loop.run(left(bench.runner))
        assert bench.run("1")[-1] == OK


@each(
    javascript="console.log(require('child_process').spawn('sleep', ['600'], {stdio: 'ignore'}).pid); undefined",
    ruby="puts spawn('sleep 600', pgroup: true); $stdout.flush",
    r='cat(system("sleep 600 >&2 & echo $!", intern = TRUE))',
)
def test_nothing_that_a_cell_started_outlives_the_runner(tmp_path: Path, language: str, code: str) -> None:
    with driven(tmp_path, language) as bench:
        child = int(text(bench.run(code), "stdout"))
        assert processes.state(child) == "running"
    assert processes.state(child) == "gone"


@here("javascript")
def test_a_daemon_that_holds_the_streams_delays_no_end(tmp_path: Path) -> None:
    options = "{detached: true, stdio: 'inherit'}"
    code = f"console.log(require('child_process').spawn('sleep', ['600'], {options}).pid); process.exit(3)"
    with driven(tmp_path, "javascript") as bench:
        happened = bench.run(code)
        try:
            assert happened[1:] == [Restarted(reason="it ended with exit code 3"), DIED]
        finally:
            processes.send(signal.SIGKILL, [int(text(happened, "stdout"))])


FAKE = r"""
import os, socket
port, key = os.environ["INTERPRETER_CONTROL"].split()
stranger = socket.create_connection(("127.0.0.1", int(port)))
stranger.sendall(b"key\n")
assert stranger.recv(1) == b""
control = socket.create_connection(("127.0.0.1", int(port)))
control.sendall(f"{key}\n".encode())
for line in control.makefile():
    token = line.split()[0]
    control.sendall(f"{token} ok\n".encode())
    os.write(2, f"before\n\x1b]133;C;{token}\aerr\n\x1b]133;D;{token}\aafter\n".encode())
    os.write(1, f"before\n\x1b]133;C;{token}\a".encode())
    for half in (b"\xe6\xbc", b"\xa2\n"):
        os.write(1, half)
    for letter in f"\x1b]133;D;{token}\aafter\n":
        os.write(1, letter.encode())
"""


def test_a_stranger_is_sent_away_and_a_word_that_overtakes_the_output_loses_none_of_it(tmp_path: Path) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(FAKE, encoding="utf-8")
    with driven_by(tmp_path, (sys.executable,), str(driver)) as bench:
        happened = bench.run("nothing")
        assert (text(happened, "stdout"), text(happened, "stderr"), happened[-1]) == ("漢\n", "err\n", OK)
        bench.wait(lambda: text(bench.late).count("after") == 2)
        assert (text(bench.late, "stdout"), text(bench.late, "stderr")) == ("before\nafter\n", "before\nafter\n")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("false",), "false ended at its start (exit code 1)."),
        (("sh", "-c", "echo no such library >&2; exit 4"), "sh ended at its start (exit code 4): no such library"),
    ],
)
def test_an_interpreter_that_does_not_begin_is_one_clear_line(
    tmp_path: Path, command: tuple[str, ...], words: str
) -> None:
    with driven_by(tmp_path, command) as bench:
        with pytest.raises(RunnerError) as raised:
            bench.run("1")
        assert str(raised.value) == words
        assert bench.runner.state == "absent"
