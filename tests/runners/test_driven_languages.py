"""What is peculiar to an interpreter that stays: how JavaScript, Ruby and R take a cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from interpreter.seams import Produced, Restarted
from tests.runners.bench import text
from tests.runners.interpreters import (
    DIED,
    ENDED_BY_INTERRUPT,
    ERROR,
    INTERRUPTED,
    OK,
    driven,
    here,
    stderr,
    stdout,
    value,
)

# ---- JavaScript


@here("javascript")
def test_a_constant_may_be_declared_again_and_await_stands_at_top_level(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        assert bench.run("const a = 1; class B { c = a }; a") == [value("1"), OK]
        assert bench.run("const a = await Promise.resolve(2); new B()") == [value("B { c: 2 }"), OK]


@here("javascript")
def test_modules_are_found_from_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "one.mjs").write_text("export const one = 1")
    (tmp_path / "two.js").write_text("exports.two = 2")
    with driven(tmp_path, "javascript") as bench:
        code = "const { one } = await import('./one.mjs'); [one, require('./two').two, 'await import(it)']"
        assert bench.run(code) == [value("[ 1, 2, 'await import(it)' ]"), OK]
        assert bench.run("if (require.main === module) console.log('main')") == [stdout("main\n"), OK]


@here("javascript")
@pytest.mark.parametrize(
    ("code", "worth"),
    [
        ("'it is'.replace(/'/g, ''); typeof (await import('node:os')).EOL", "'string'"),
        ("[/[/'\"]/.test('`'), /`/u.test('`'), typeof (await import('node:os'))]", "[ false, true, 'object' ]"),
        ("const f = (n) => n / 2; [f(6) / 3, typeof (await import('node:os')), 'it/s']", "[ 1, 'object', 'it/s' ]"),
        ("`a ${typeof (await import('node:os'))} \\${import(it)} $5 ${`b ${{ c: '}' }.c}`} import(it)`",
         "'a object ${import(it)} $5 b } import(it)'"),
        ("`${[1].map((n) => { return `<${n}>` })}${typeof (await import('node:os'))}`", "'<1>object'"),
        ("let n = 5; [n++ / 2, typeof (await import('node:os')), 1 / 1]", "[ 2.5, 'object', 1 ]"),
        ("/* it's */ // import(it), it's\ntypeof (await import('node:os'))", "'object'"),
    ],
)  # fmt: skip
def test_an_import_is_found_beside_whatever_quotes(tmp_path: Path, code: str, worth: str) -> None:
    with driven(tmp_path, "javascript") as bench:
        assert bench.run(code) == [value(worth), OK]


@here("javascript")
def test_a_cell_ends_with_the_promise_it_is_worth(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        code = (
            "async function main() { await new Promise((done) => setTimeout(done, 20)); console.log('done'); return 3 }"
        )
        assert bench.run(f"{code}\nmain()") == [stdout("done\n"), value("3"), OK]
        failed = bench.run("(async () => { await null; throw new Error('wrong') })()")
        assert (text(failed).splitlines()[0], failed[-1]) == ("Uncaught Error: wrong", ERROR)


@here("javascript")
def test_a_rejection_that_nobody_handles_fails_its_cell_and_ends_nothing(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        assert bench.run("const kept = 7; Promise.reject(new Error('nobody')); undefined") == [
            stderr("Uncaught Error: nobody\n    at cell.js:1:32\n"),
            ERROR,
        ]
        assert bench.run("kept") == [value("7"), OK]


@here("javascript")
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


@here("javascript")
def test_background_output_is_bounded(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        assert bench.run("setTimeout(() => console.log('x'.repeat(5e6)), 20); undefined") == [OK]
        bench.wait(lambda: "left out" in text(bench.late))
        assert len(text(bench.late)) < 3_000_000
        assert bench.run("1") == [value("1"), OK]


@here("javascript")
def test_an_interrupt_of_what_is_awaited_ends_the_interpreter_which_is_told(tmp_path: Path) -> None:
    with driven(tmp_path, "javascript") as bench:
        bench.run("const kept = 7")
        code = "await null; console.log('begun'); await new Promise((done) => setTimeout(done, 600_000))"
        assert bench.run(code, stop_at="begun") == [stdout("begun\n"), ENDED_BY_INTERRUPT, INTERRUPTED]
        assert bench.run("typeof kept") == [value("'undefined'"), OK]


# ---- Ruby and R


@here("ruby")
def test_ruby_finds_its_files_from_the_working_folder_and_takes_itself_for_the_main_program(tmp_path: Path) -> None:
    (tmp_path / "one.rb").write_text("ONE = 1")
    with driven(tmp_path, "ruby") as bench:
        assert bench.run("require_relative 'one'; puts ONE if __FILE__ == $0") == [stdout("1\n"), OK]


@here("ruby")
def test_a_fork_that_goes_on_behind_its_cell_does_not_answer_for_it(tmp_path: Path) -> None:
    with driven(tmp_path, "ruby") as bench:
        assert bench.run("child = fork\nchild ? Process.wait(child) : print('child ')\nputs child ? 'parent' : ''") == [
            stdout("child \nparent\n"),
            OK,
        ]
        assert bench.run("child.nil?") == [value("false"), OK]


@here("ruby")
def test_output_that_is_sent_elsewhere_hides_no_end(tmp_path: Path) -> None:
    with driven(tmp_path, "ruby") as bench:
        assert bench.run("$stdout.reopen('out.txt'); puts 'there'") == [OK]
        assert bench.run("1") == [value("1"), OK]
        assert (tmp_path / "out.txt").read_text() == "there\n"


@here("r")
def test_every_visible_value_is_shown_and_a_warning_at_once(tmp_path: Path) -> None:
    with driven(tmp_path, "r") as bench:
        assert bench.run("1\ninvisible(2)\n3") == [stdout("[1] 1\n"), value("[1] 3"), OK]
        assert bench.run('x <- as.integer("a")') == [stderr("Warning: NAs introduced by coercion\n"), OK]


@here("r")
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


@here("r")
def test_an_r_that_let_go_of_its_connections_is_a_new_one_afterwards(tmp_path: Path) -> None:
    with driven(tmp_path, "r") as bench:
        assert bench.run("closeAllConnections()") == [Restarted(reason="it ended with exit code 1"), DIED]
        assert bench.run("1") == [value("[1] 1"), OK]
