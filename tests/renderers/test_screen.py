"""The terminal renderer, seen through a screen emulator: what a person reads, in the scrollback and on the screen."""

from __future__ import annotations

import asyncio
import re

import pytest

from interpreter import events as e
from interpreter.renderers.terminal.screen import TerminalRenderer
from interpreter.settings import Notify
from tests.renderers import golden
from tests.renderers.golden import shown, text
from tests.renderers.screens import XTERM, Clock, Screen, pieces, renderer
from tests.renderers.test_markdown import DOCUMENT, whole
from tests.renderers.test_results import PNG

ANSWER = "".join(
    f"## M{n}a\n\nSome M{n}b words that **wrap** at the M{n}c end of the line, as long text does, M{n}d.\n\n"
    f"- M{n}e item\n- M{n}f item\n\n```python\nM{n}g = 1\nM{n}h = 2\n```\n\n| M{n}i | b |\n|---|---|\n| M{n}j | c |\n\n"
    for n in range(15)
)
_STARTED = e.StepStarted(step=1, model="m", protocol="tools")


def decided(code: str = "x", cell: str = "c1") -> tuple[e.Event, ...]:
    """A cell that was proposed and runs."""
    proposed = e.CodeProposed(cell=cell, language="python", code=code)
    return proposed, e.CodeDecided(cell=cell, decision="run", code=code)


@pytest.mark.parametrize(("size", "columns", "rows"), [(1, 80, 24), (7, 40, 10), (20, 80, 24), (333, 20, 6)])
def test_every_word_is_in_the_scrollback_exactly_once(size: int, columns: int, rows: int) -> None:
    screen = Screen(columns, rows)
    draw = renderer(screen)
    for piece in pieces(ANSWER, size):
        draw(e.TextDelta(text=piece))
    draw(e.Text(text=ANSWER))
    draw.close()
    assert re.findall(r"M\d+[a-j]", screen.text()) == re.findall(r"M\d+[a-j]", ANSWER)
    assert not any("\x1b[J" in sent or "\x1b[0J" in sent for sent in screen.sent)


def test_the_answer_reads_as_it_would_drawn_at_once() -> None:
    screen = Screen(60, 200)
    draw = renderer(screen, NO_COLOR="1")
    for piece in pieces(DOCUMENT, 7):
        draw(e.TextDelta(text=piece))
    draw(e.Text(text=DOCUMENT))
    draw.close()
    assert screen.lines()[1:] == whole(DOCUMENT, 60)


def test_after_the_window_is_made_wider_or_smaller_no_word_is_lost() -> None:
    screen = Screen(80, 24)
    draw = renderer(screen)
    for at, piece in enumerate(pieces(ANSWER, 20)):
        screen.size = (80, 24) if at % 50 < 25 else (50, 12)
        draw(e.TextDelta(text=piece))
    draw.close()
    screen.size = (80, 24)
    assert set(re.findall(r"M\d+[a-j]", screen.text())) == set(re.findall(r"M\d+[a-j]", ANSWER))


@pytest.mark.parametrize("columns", [1, 3, 7])
def test_on_a_screen_of_a_few_columns_nothing_is_drawn_twice(columns: int) -> None:
    screen = Screen(columns, 500)
    draw = renderer(screen)
    for piece in pieces(ANSWER[:400], 5):
        draw(e.TextDelta(text=piece))
    draw(e.Text(text=ANSWER[:400]))
    draw.close()
    assert re.findall(r"M\d+[a-j]", "".join(screen.lines())) == re.findall(r"M\d+[a-j]", ANSWER[:400])


def test_spaces_that_come_alone_before_the_first_word_are_drawn_with_it() -> None:
    screen = Screen()
    draw = renderer(screen)
    for piece in ("\n", "    ", "x = 1\n    ", "y = 2"):
        draw(e.TextDelta(text=piece))
    draw.close()
    assert screen.lines() == ["", "    x = 1", "    y = 2"]


def test_it_draws_at_most_a_dozen_times_a_second() -> None:
    screen, clock = Screen(), Clock()
    draw = renderer(screen, clock)
    for piece in pieces(ANSWER[:2000], 2):
        draw(e.TextDelta(text=piece))
        clock.now += 0.002
    assert len(screen.sent) <= 12 * clock.now + 1


def test_what_is_not_due_yet_is_drawn_in_time_without_another_event() -> None:
    screen = Screen()

    async def talk() -> None:
        draw = renderer(screen, asyncio.get_running_loop().time)  # type: ignore[arg-type]
        draw(e.TextDelta(text="first"))
        draw(e.TextDelta(text=" second"))
        async with asyncio.timeout(10):
            while "second" not in screen.text():  # noqa: ASYNC110 - what is waited for is what a person sees
                await asyncio.sleep(0.01)
        draw.close()
        draw(e.TextDelta(text=" third"))

    asyncio.run(talk())
    assert screen.text() == "\nfirst second"


def test_code_is_seen_while_it_is_written_and_once_when_it_is_whole() -> None:
    screen = Screen()
    draw = renderer(screen)
    code = "def f(x):\n    return x\n\nprint(f(1))\n"
    for piece in pieces(code[:24], 3):
        draw(e.CodeDelta(cell="c1", language="python", text=piece))
    assert screen.lines() == ["", "── python c1", "def f(x):", "    return x"]
    draw(e.CodeProposed(cell="c1", language="python", code=code))
    draw.show("c1", "python", code)
    assert screen.lines() == ["", "── python c1", "def f(x):", "    return x", "", "print(f(1))"]


def test_a_line_of_code_without_end_takes_no_longer_than_its_length_demands() -> None:
    screen = Screen(20, 10)
    draw = renderer(screen)
    for _ in range(3000):  # minutes, if all of the line were looked at for each
        draw(e.CodeDelta(cell="c1", language="python", text="日本" * 8))
    draw(e.CodeDelta(cell="c1", language="python", text="end"))
    assert screen.sent[-1].count("日本") < 200
    assert screen.lines()[-1].endswith("日本end")


def test_code_that_is_not_what_was_written_is_shown_whole_before_it_is_decided() -> None:
    screen = Screen()
    draw = renderer(screen)
    draw(e.CodeDelta(cell="c1", language="python", text="harmless()"))
    draw(e.CodeProposed(cell="c1", language="python", code="harmful()\u202e"))
    draw.settle()
    assert screen.lines()[-2:] == ["── python c1", "harmful()<U+202E>"]


def test_each_of_several_cells_is_drawn_when_its_turn_comes() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (
        e.CodeDelta(cell="c1", language="python", text="one"),
        e.CodeDelta(cell="c2", language="python", text="two"),
        e.CodeProposed(cell="c1", language="python", code="one"),
        e.CodeProposed(cell="c2", language="python", code="two"),
        e.CodeProposed(cell="c3", language="python", code="three"),
        e.CodeDecided(cell="c1", decision="run", code="one"),
        text("c1", "stdout", "1\n"),
        e.CodeFinished(cell="c1", status="ok", seconds=0.1),
    ):
        draw(event)
    draw.show("c2", "python", "two")
    begun = ["", "── python c1", "one", "── output", "1", "── c1 ok, 0.1 s", "", "── python c2", "two"]
    assert screen.lines() == begun
    draw(e.CodeDecided(cell="c2", decision="declined", code="two"))
    draw(e.CodeDecided(cell="c3", decision="skipped", code="three", note="Cell c2 before it was declined."))
    draw.settle()
    assert screen.lines() == [
        *(*begun, "── c2 declined", "", "── python c3", "three"),
        "── c3 not run: Cell c2 before it was declined.",
    ]


def test_code_that_was_changed_is_shown_again_where_it_is_asked_about() -> None:
    screen = Screen()
    draw = renderer(screen)
    draw(e.CodeProposed(cell="c1", language="python", code="one"))
    draw.show("c1", "python", "two")
    draw(e.CodeDecided(cell="c1", decision="edited", code="two"))
    draw(text("c1", "stdout", "2\n"))
    draw.settle()
    assert screen.lines() == ["", "── python c1", "one", "", "── python c1", "two", "── output", "2"]


def test_a_progress_bar_is_one_line_that_ends_in_its_last_state() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in decided():
        draw(event)
    for percent in range(0, 101, 5):
        draw(text("c1", "stderr", f"\r{percent:3}%|{'#' * (percent // 10):<10}|"))
        assert screen.lines()[4:] == [f"{percent:3}%|{'#' * (percent // 10):<10}|"]
    draw(text("c1", "stderr", "\n"))
    draw(e.CodeFinished(cell="c1", status="ok", seconds=1.0))
    assert screen.lines()[3:] == ["── output", "100%|##########|", "── c1 ok, 1.0 s"]


def test_prints_go_above_a_bar_that_is_still_running() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (*decided(), text("c1", "stderr", " 10%"), text("c1", "stdout", "a line\n")):
        draw(event)
    assert screen.lines()[3:] == ["── output", "a line", " 10%"]


def test_a_display_that_is_updated_is_kept_in_its_last_state() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in decided():
        draw(event)
    for step in range(5):
        draw(shown("c1", {"text/plain": f"step {step}"}, "d1"))
        draw(text("c1", "stdout", f"line {step}\n"))
    assert screen.lines()[4:] == ["line 0", "line 1", "line 2", "line 3", "line 4", "step 4"]
    draw(e.CodeFinished(cell="c1", status="ok", seconds=1.0))
    assert screen.lines()[4:] == ["line 0", "line 1", "line 2", "line 3", "line 4", "step 4", "── c1 ok, 1.0 s"]


def test_an_animation_leaves_only_its_last_picture() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in decided():
        draw(event)
    for step in range(5):
        draw(e.OutputCleared(cell="c1"))
        draw(text("c1", "stdout", f"frame {step}\nof five\n"))
    draw(e.CodeFinished(cell="c1", status="ok", seconds=1.0))
    assert screen.lines()[3:] == ["── output", "frame 4", "of five", "── c1 ok, 1.0 s"]


def test_a_picture_is_sent_once_above_the_name_of_its_file() -> None:
    screen = Screen()
    draw = renderer(screen, TERM="xterm-kitty")
    for event in (*decided(), shown("c1", {"image/png": PNG}, file="/data/c1-1.png"), text("c1", "stdout", "after\n")):
        draw(event)
    draw.close()
    sent = "".join(screen.sent)
    assert sent.count("\x1b_Ga=T,") == 1
    assert 0 < sent.index("\x1b_Ga=T,") < sent.index("file:///data/c1-1.png") < sent.index("after")


def test_a_flood_is_drawn_from_its_beginning_and_its_end() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in decided():
        draw(event)
    draw(text("c1", "stdout", "".join(f"line {n}\n" for n in range(10_000)), "/data/c1.txt"))
    draw(text("c1", "stdout", "x" * 100_000))
    draw(e.CodeFinished(cell="c1", status="ok", seconds=1.0))
    lines = screen.lines()
    assert [line for line in lines if line.startswith("line ")][:200] == [f"line {n}" for n in range(200)]
    assert "the whole is in /data/c1.txt" in lines
    assert "… 9,781 lines are not shown here" in lines
    assert "line 9999" in lines
    assert len(lines) < 400


def test_output_that_comes_later_waits_for_the_end_of_the_sentence() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (*decided(), e.CodeFinished(cell="c1", status="ok", seconds=0.1), _STARTED):
        draw(event)
    draw(e.TextDelta(text="A sentence "))
    draw(text("c1", "stdout", "late\n"))
    draw(e.TextDelta(text="goes on."))
    draw(e.Text(text="A sentence goes on."))
    draw(text("c1", "stdout", "later "))
    draw(text("c1", "stdout", "still"))
    draw.close()
    expected = ["── c1 ok, 0.1 s", "", "A sentence goes on.", "", "── later output of c1", "late", "later still"]
    assert screen.lines()[3:] == expected


def test_a_cell_in_the_background_speaks_between_the_sentences_and_its_bar_is_one_line() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (*decided(), text("c1", "stdout", "begun\n"), e.CodeDetached(cell="c1", seconds=2.0)):
        draw(event)
    for percent in (10, 50):
        draw(text("c1", "stderr", f"\r{percent}%"))
    draw(e.TextDelta(text="Meanwhile"))
    draw(text("c1", "stderr", "\r100%\n"))
    draw(e.CodeFinished(cell="c1", status="ok", seconds=9.0))
    draw(e.Text(text="Meanwhile"))
    draw.settle()
    assert screen.lines()[3:] == [
        *("── output", "begun", "── c1 runs on in the background, after 2.0 s", "", "Meanwhile", ""),
        *("── later output of c1", "100%", "── c1 ok, 9.0 s"),
    ]


def test_a_question_finds_a_settled_screen_and_the_cell_goes_on_after_it() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (*decided(), text("c1", "stdout", "who? "), e.InputRequested(cell="c1", prompt="name: ")):
        draw(event)
    assert screen.lines()[3:] == ["── output", "who?"]
    sent = len(screen.sent)
    draw.settle()
    assert len(screen.sent) == sent
    screen.write("name: Ada\n")
    for event in (e.InputGiven(cell="c1", text="Ada"), text("c1", "stdout", "hello Ada\n")):
        draw(event)
    assert screen.lines()[4:] == ["who?", "name: Ada", "hello Ada"]


def test_a_question_that_was_printed_already_stands_there_once() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (*decided(), text("c1", "stdout", "one\n\x1b[1mPassword: \x1b[0m")):
        draw(event)
    draw(e.InputRequested(cell="c1", prompt="Password: ", secret=True))
    assert screen.lines()[3:] == ["── output", "one"]
    screen.write("Password: \n")
    for event in (e.InputGiven(cell="c1", text=None), text("c1", "stdout", "\n"), text("c1", "stdout", "welcome\n")):
        draw(event)
    draw.settle()
    assert screen.lines()[4:] == ["one", "Password:", "welcome"]


def test_what_a_question_only_begins_with_stays_on_the_screen() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (*decided(), text("c1", "stdout", "N"), e.InputRequested(cell="c1", prompt="Name: ")):
        draw(event)
    screen.write("Name: Ada\n")
    for event in (e.InputGiven(cell="c1", text="Ada"), text("c1", "stdout", "\n"), text("c1", "stdout", "hello\n")):
        draw(event)
    draw.settle()
    assert screen.lines()[4:] == ["N", "Name: Ada", "", "hello"]


def test_after_a_question_that_was_interrupted_the_next_cell_keeps_its_first_empty_line() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (*decided(), text("c1", "stdout", "who? "), e.InputRequested(cell="c1", prompt="who? ")):
        draw(event)
    screen.write("who? ^C\n")
    draw(e.InputGiven(cell="c1"))
    draw(e.CodeFinished(cell="c1", status="interrupted", seconds=1))
    for event in (*decided(cell="c2"), text("c2", "stdout", "\n"), text("c2", "stdout", "second\n")):
        draw(event)
    draw.settle()
    assert screen.lines()[-3:] == ["── output", "", "second"]


def test_waiting_is_told_after_a_second_and_leaves_nothing_behind() -> None:
    screen, clock = Screen(), Clock()
    draw = renderer(screen, clock)
    draw(_STARTED)
    clock.now += 3
    draw(e.UsageReported(tokens_in=1, tokens_out=1))
    assert screen.text() == "waiting for the model, 3 s"
    draw(e.TextDelta(text="Here."))
    draw.settle()
    assert screen.lines() == ["", "Here."]


def test_a_cell_that_takes_long_says_which_keys_end_it() -> None:
    screen, clock = Screen(), Clock()
    draw = TerminalRenderer(screen, environment=XTERM, keys="Ctrl-C ends it", clock=clock, size=lambda: screen.size)
    draw(e.CodeProposed(cell="c1", language="python", code="wait()"))
    draw(e.CodeDecided(cell="c1", decision="run", code="wait()"))
    shown = []
    for _ in range(2):
        clock.now += 6
        draw(e.UsageReported(tokens_in=1, tokens_out=1))
        shown.append(screen.lines()[-1])
    assert shown == ["running, 6 s", "running, 12 s · Ctrl-C ends it"]


def test_a_reply_that_is_asked_for_again_is_drawn_again() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (
        e.TextDelta(text="Half a"),
        e.CodeDelta(cell="c1", language="python", text="prin"),
        e.Retrying(attempt=1, wait=1.0, reason="The connection broke."),
        e.TextDelta(text="A whole."),
        e.CodeDelta(cell="c1", language="python", text="print(1)"),
        e.Text(text="A whole."),
        e.CodeProposed(cell="c1", language="python", code="print(1)"),
    ):
        draw(event)
    draw.settle()
    assert screen.lines() == [
        *("", "Half a", "", "── python c1", "prin", "The connection broke. Trying again in 1.0 s."),
        *("", "A whole.", "", "── python c1", "print(1)"),
    ]


@pytest.mark.parametrize(
    ("notify", "signal"), [("off", ""), ("bell", "\x07"), ("desktop", "\x1b]9;The answer is there\x07")]
)
def test_the_end_of_a_long_turn_is_told_as_wanted(notify: Notify, signal: str) -> None:
    screen, clock = Screen(), Clock()
    draw = TerminalRenderer(screen, environment=XTERM, notify=notify, clock=clock, size=lambda: screen.size)
    for seconds in (1, 60):
        draw(e.TurnStarted(prompt="x"))
        clock.now += seconds
        draw(e.TurnFinished(reason="done"))
    assert "".join(screen.sent) == signal


def test_the_colours_can_be_changed_between_two_parts() -> None:
    screen = Screen()
    draw = renderer(screen)
    draw(e.Text(text="`one`"))
    draw.recolour("dark")
    draw(e.Text(text="`two`"))
    draw.settle()
    assert "\x1b[36mone\x1b[0m" in "".join(screen.sent)
    assert "\x1b[96mtwo\x1b[0m" in "".join(screen.sent)


def test_a_terminal_without_unicode_is_drawn_in_ascii() -> None:
    screen = Screen()
    screen.encoding = "ascii"
    draw = renderer(screen)
    for event in (e.Text(text="- one\n\n> two\n\n---\n"), *decided(), text("c1", "stdout", "out\n")):
        draw(event)
    draw.settle()
    assert screen.lines() == ["", "* one", "", "| two", "", "-" * 24, "", "-- python c1", "x", "-- output", "out"]


def test_thinking_is_seen_while_it_lasts_and_told_in_one_line() -> None:
    screen, clock = Screen(40, 24), Clock()
    draw = renderer(screen, clock)
    for word in range(100):
        clock.now += 0.1
        draw(e.ReasoningDelta(text=f"thought{word} "))
    assert "thought99" in screen.text()
    assert len(screen.lines()) == 3
    draw(e.TextDelta(text="Yes."))
    draw.settle()
    assert screen.lines() == ["thought for 9.9 s", "", "Yes."]


def test_the_users_own_cell_shows_its_output_and_nothing_else() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (
        e.CodeProposed(cell="c1", language="shell", code="ls", by="user"),
        e.CodeDecided(cell="c1", decision="run", code="ls"),
        text("c1", "stdout", "data.csv\n"),
        e.CodeFinished(cell="c1", status="ok", seconds=0.1),
    ):
        draw(event)
    draw.settle()
    assert screen.lines() == ["data.csv"]


def test_colours_of_a_program_do_not_run_into_what_follows() -> None:
    screen = Screen()
    draw = renderer(screen)
    for event in (
        *decided(),
        text("c1", "stdout", "\x1b[31mred\nstill red\n"),
        text("c1", "stdout", "\x1b[8mhidden\n"),
    ):
        draw(event)
    draw.settle()
    lines = "".join(screen.sent).split("\n")
    assert "\x1b[31mred\x1b[0m" in lines
    assert "\x1b[31mstill red\x1b[0m" in lines
    assert "\x1b[8m" not in "".join(screen.sent)


@pytest.mark.parametrize(
    ("environment", "colours", "weights"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, True),
        ({"CLICOLOR": "0"}, False, True),
        ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True, True),
        ({"TERM": "dumb"}, False, False),
    ],
)
def test_colours_follow_the_wishes_of_the_environment(
    environment: dict[str, str], colours: bool, weights: bool
) -> None:
    screen = Screen()
    draw = renderer(screen, None, **environment)
    for event in golden.EVENTS:
        draw(event)
    draw.close()
    codes = {code for found in re.findall(r"\x1b\[([0-9;]*)m", "".join(screen.sent)) for code in found.split(";")}
    assert (bool({"31", "32", "33", "34", "35", "36"} & codes), bool({"1", "2", "4"} & codes)) == (colours, weights)


def test_a_simple_terminal_is_only_ever_appended_to() -> None:
    screen = Screen()
    draw = renderer(screen, TERM="dumb")
    for event in golden.EVENTS:
        draw(event)
    draw.close()
    assert "\x1b" not in "".join(screen.sent)
    assert "\r" not in "".join(screen.sent)


def test_the_same_words_are_there_with_and_without_colours() -> None:
    screens = [Screen(), Screen(), Screen()]
    draws = [renderer(screens[0]), renderer(screens[1], NO_COLOR="1"), renderer(screens[2], TERM="dumb")]
    for event in golden.EVENTS:
        for draw in draws:
            draw(event)
    for draw in draws:
        draw.close()
    words = [re.sub(r"thought for [0-9.]+ s", "", screen.text()) for screen in screens]
    assert words == [words[0]] * 3
