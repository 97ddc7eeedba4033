"""Interpreters that stay: what lasts between cells, what ends them, and what their cells must not reach."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

import pytest

from interpreter.errors import RunnerError
from interpreter.runners import processes
from interpreter.runners.driven import DrivenRunner
from interpreter.runners.environment import for_code
from interpreter.runners.languages import PROGRAMS
from interpreter.seams import Ended, Happening, Produced, Restarted
from interpreter.stop import Stop
from tests.runners.bench import happenings_of, text

ROWS = {row.name: row for row in PROGRAMS if row.driver and shutil.which(row.command[0])}
node = pytest.mark.skipif("javascript" not in ROWS, reason="node is not installed")
ruby = pytest.mark.skipif("ruby" not in ROWS, reason="ruby is not installed")
r = pytest.mark.skipif("r" not in ROWS, reason="R is not installed")
ENDED_BY_INTERRUPT = Restarted(reason="only its end could interrupt the code")


class DrivenBench:
    """A `DrivenRunner` with its loop; `late` holds what came between cells."""

    def __init__(self, loop: asyncio.Runner, folder: Path, language: str) -> None:
        self.late: list[Produced] = []
        self.loop = loop
        row = ROWS[language]
        self.runner = DrivenRunner(
            command=row.command,
            driver=row.driver,
            folder=str(folder),
            environment=for_code(os.environ),
            late=self.late.append,
        )

    def run(self, code: str, *, stop_at: str | None = None, timeout: float | None = None) -> list[Happening]:
        """What running `code` brings. The stop is set when `stop_at` was printed."""
        return self.loop.run(happenings_of(self.runner, code, stop_at=stop_at, timeout=timeout))

    def wait(self, said: Callable[[], bool]) -> None:
        """Return when `said` becomes true; a minute is too long."""

        async def waiting() -> None:
            async with asyncio.timeout(60):
                while not said():  # noqa: ASYNC110 - a process does not set our events
                    await asyncio.sleep(0.01)

        self.loop.run(waiting())


@contextmanager
def driven(folder: Path, language: str) -> Iterator[DrivenBench]:
    """A bench whose interpreter is ended afterwards, whatever happened."""
    with asyncio.Runner() as loop:
        made = DrivenBench(loop, folder, language)
        try:
            yield made
        finally:
            loop.run(made.runner.close())


def each(**codes: str) -> pytest.MarkDecorator:
    """Run a test with the piece of code of each language that is here."""
    return pytest.mark.parametrize(("language", "code"), [pair for pair in codes.items() if pair[0] in ROWS])


def stdout(text: str) -> Produced:
    """Text on this stream."""
    return Produced(kind="stdout", data={"text/plain": text})


def stderr(text: str) -> Produced:
    """Text on this stream."""
    return Produced(kind="stderr", data={"text/plain": text})


def value(text: str) -> Produced:
    """What the cell is worth."""
    return Produced(kind="result", data={"text/plain": text})


OK, ERROR, DIED, INTERRUPTED = (Ended(status=word) for word in ("ok", "error", "died", "interrupted"))


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


# ---- JavaScript


@node
def test_a_constant_may_be_declared_again_and_await_stands_at_top_level(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        assert bench.run("const a = 1; class B { c = a }; a") == [value("1"), OK]
        assert bench.run("const a = await Promise.resolve(2); new B()") == [value("B { c: 2 }"), OK]


@node
def test_modules_are_found_from_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "one.mjs").write_text("export const one = 1")
    (tmp_path / "two.js").write_text("exports.two = 2")
    with driven(tmp_path, "javascript") as bench:
        code = "const { one } = await import('./one.mjs'); [one, require('./two').two, 'await import(it)']"
        assert bench.run(code) == [value("[ 1, 2, 'await import(it)' ]"), OK]
        assert bench.run("if (require.main === module) console.log('main')") == [stdout("main\n"), OK]


@node
def test_a_cell_ends_with_the_promise_it_is_worth(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        code = (
            "async function main() { await new Promise((done) => setTimeout(done, 20)); console.log('done'); return 3 }"
        )
        assert bench.run(f"{code}\nmain()") == [stdout("done\n"), value("3"), OK]
        failed = bench.run("(async () => { await null; throw new Error('wrong') })()")
        assert (text(failed).splitlines()[0], failed[-1]) == ("Uncaught Error: wrong", ERROR)


@node
def test_a_rejection_that_nobody_handles_fails_its_cell_and_ends_nothing(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        assert bench.run("const kept = 7; Promise.reject(new Error('nobody')); undefined") == [
            stderr("Uncaught Error: nobody\n    at cell.js:1:32\n"),
            ERROR,
        ]
        assert bench.run("kept") == [value("7"), OK]


@node
def test_what_a_callback_prints_or_throws_after_its_cell_is_late(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        code = "setTimeout(() => { console.log('late'); throw new Error('thrown') }, 20); undefined"
        assert bench.run(code) == [OK]
        bench.wait(lambda: "thrown" in text(bench.late))
        assert (text(bench.late, "stdout"), text(bench.late, "stderr").splitlines()[0]) == (
            "late\n",
            "Uncaught Error: thrown",
        )
        assert bench.run("1") == [value("1"), OK]


@node
def test_background_output_is_bounded(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        assert bench.run("setTimeout(() => console.log('x'.repeat(5e6)), 20); undefined") == [OK]
        bench.wait(lambda: "left out" in text(bench.late))
        assert len(text(bench.late)) < 3_000_000
        assert bench.run("1") == [value("1"), OK]


@node
def test_an_interrupt_of_what_is_awaited_ends_the_interpreter_which_is_told(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        bench.run("const kept = 7")
        code = "await null; console.log('begun'); await new Promise((done) => setTimeout(done, 600_000))"
        assert bench.run(code, stop_at="begun") == [stdout("begun\n"), ENDED_BY_INTERRUPT, INTERRUPTED]
        assert bench.run("typeof kept") == [value("'undefined'"), OK]


# ---- Ruby and R


@ruby
def test_ruby_finds_its_files_from_the_working_folder_and_takes_itself_for_the_main_program(tmp_path: Path) -> None:
    (tmp_path / "one.rb").write_text("ONE = 1")
    with driven(tmp_path, "ruby") as bench:
        assert bench.run("require_relative 'one'; puts ONE if __FILE__ == $0") == [stdout("1\n"), OK]


@ruby
def test_a_fork_that_goes_on_behind_its_cell_does_not_answer_for_it(tmp_path: Path) -> None:
    with driven(tmp_path, "ruby") as bench:
        assert bench.run("child = fork\nchild ? Process.wait(child) : print('child ')\nputs child ? 'parent' : ''") == [
            stdout("child \nparent\n"),
            OK,
        ]
        assert bench.run("child.nil?") == [value("false"), OK]


@ruby
def test_output_that_is_sent_elsewhere_hides_no_end(tmp_path: Path) -> None:
    with driven(tmp_path, "ruby") as bench:
        assert bench.run("$stdout.reopen('out.txt'); puts 'there'") == [OK]
        assert bench.run("1") == [value("1"), OK]
        assert (tmp_path / "out.txt").read_text() == "there\n"


@r
def test_every_visible_value_is_shown_and_a_warning_at_once(tmp_path: Path) -> None:
    with driven(tmp_path, "r") as bench:
        assert bench.run("1\ninvisible(2)\n3") == [stdout("[1] 1\n"), value("[1] 3"), OK]
        assert bench.run('x <- as.integer("a")') == [stderr("Warning: NAs introduced by coercion\n"), OK]


@r
def test_a_sink_ends_with_its_cell_and_a_plot_without_a_device_is_a_picture(tmp_path: Path) -> None:
    with driven(tmp_path, "r") as bench:
        assert bench.run('sink("out.txt"); cat("there\\n"); plot(1); plot(2)')[-1] == OK
        happened = bench.run("plot(1); plot(2); cat('here')")
        assert [min(one.data) for one in happened if isinstance(one, Produced)] == [
            "text/plain",
            "image/png",
            "image/png",
        ]
        assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]


# ---- ends


@each(javascript="process.exit(3)", ruby="exit 3", r='quit("no", 3)')
def test_code_that_ends_its_interpreter_is_told_and_the_next_cell_has_a_new_one(
    tmp_path: Path, language: str, code: str
) -> None:
    with driven(tmp_path, language) as bench:
        assert bench.run(code) == [Restarted(reason="it ended with exit code 3"), DIED]
        assert bench.run(code.replace("3", "0")) == [Restarted(reason="it ended with exit code 0"), OK]
        assert bench.run("1")[-1] == OK


@node
def test_an_end_between_two_cells_is_told_before_the_next(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        assert bench.run("setTimeout(() => { console.log('bye'); process.exit(5) }, 20); undefined") == [OK]
        bench.wait(lambda: bench.runner.state == "dead")
        assert bench.late == [stdout("bye\n")]
        assert bench.run("1") == [Restarted(reason="it ended with exit code 5"), value("1"), OK]


@each(javascript="for (;;) {}", ruby="loop {}", r="while (TRUE) {}")
def test_a_time_limit_interrupts_and_leaves_the_state(tmp_path: Path, language: str, code: str) -> None:
    with driven(tmp_path, language) as bench:
        bench.run({"javascript": "const kept = 7", "ruby": "kept = 7", "r": "kept <- 7"}[language])
        assert bench.run(code, timeout=0.5) == [Ended(status="timeout")]
        assert text(bench.run("kept")).split()[-1] == "7"


@ruby
def test_code_that_rescues_every_interrupt_keeps_nobody_waiting_and_loses_the_state(tmp_path: Path) -> None:
    with driven(tmp_path, "ruby") as bench:
        code = "puts 'begun'\nbegin; sleep; rescue Exception; retry; end"
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


@node
def test_a_daemon_that_holds_the_streams_delays_no_end(tmp_path: Path) -> None:
    options = "{detached: true, stdio: 'inherit'}"
    code = f"console.log(require('child_process').spawn('sleep', ['600'], {options}).pid); process.exit(3)"
    with driven(tmp_path, "javascript") as bench:
        happened = bench.run(code)
        try:
            assert happened[1:] == [Restarted(reason="it ended with exit code 3"), DIED]
        finally:
            processes.send(signal.SIGKILL, [int(text(happened, "stdout"))])


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
    async def begun() -> None:
        runner = DrivenRunner(
            command=command, driver="node.js", folder=str(tmp_path), environment=os.environ, late=lambda _: None
        )
        with pytest.raises(RunnerError) as raised:
            await happenings_of(runner, "1")
        assert str(raised.value) == words
        assert runner.state == "absent"

    asyncio.run(begun())
