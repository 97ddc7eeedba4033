"""A conversation at the prompt, as it is seen: messages, own code, commands, what is typed and when."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

from tests.pty.emulator import SIGN, Terminal, conversation

SECRET = "sk-secret-of-the-tests"


def sent(terminal: Terminal) -> list[str]:
    """The last message of each request to the model."""
    return [json.loads(line)[-1]["content"] for line in terminal.kept("requests.jsonl")]


def ask(terminal: Terminal, text: str, shown: str) -> None:
    """Type `text` at the prompt, and wait for `shown`, once more than before, and the next prompt."""
    terminal.until_prompt()
    before = terminal.text.count(shown)
    terminal.send(f"{text}\r")
    terminal.until(lambda: terminal.text.count(shown) > before)
    terminal.until_prompt()


def test_a_message_is_answered_and_ctrl_d_leaves_with_the_terminal_as_it_was(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "say Good morning.", "\nGood morning.")
        terminal.send("\x04")
        assert terminal.exit_code() == 0
        assert terminal.modes_now() == terminal.modes
        assert terminal.kept("closed.txt") == ["closed", "closed"]


def test_the_line_below_tells_what_runs_and_not_what_is_gone(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("> leave\r")
        terminal.until_prompt()
        terminal.send("!echo\r")
        terminal.until("parrot · shell idle")


def test_keys_typed_before_the_prompt_is_up_are_a_message(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.send("say early\r")
        terminal.until("\nearly")
        terminal.until_prompt()
        assert sent(terminal) == ["say early"]


def test_a_paste_of_several_lines_is_one_message(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("\x1b[200~say one\ntwo\nthree\x1b[201~")
        terminal.until("three")
        assert sent(terminal) == []
        terminal.send("\r")
        terminal.until(lambda: terminal.at_prompt and sent(terminal) != [])
        assert sent(terminal) == ["say one\ntwo\nthree"]


def test_ctrl_j_escape_enter_and_a_backslash_begin_a_new_line(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("say 1\n2\x1b\r3\\\r4\r")
        terminal.until(lambda: terminal.at_prompt and sent(terminal) != [])
        assert sent(terminal) == ["say 1\n2\n3\n4"]


def test_the_users_own_code_runs_and_the_model_is_told(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "> print(1)", "\nprint(1)")
        ask(terminal, "!ls -l", "\nls -l")
        ask(terminal, "say x", "\nx")
        (request,) = terminal.kept("requests.jsonl")
        assert "print(1)" in request
        assert "ls -l" in request
        assert terminal.kept("ran.txt") == ["print(1)", "ls -l"]


def test_a_file_named_with_an_at_sign_is_attached(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("say see @tab")
        terminal.until("table.csv")
        terminal.send("\t")
        terminal.until("@table.csv")
        terminal.send("\r\r")
        terminal.until(lambda: terminal.at_prompt and sent(terminal) != [])
        assert "a,b\n1,2" in sent(terminal)[0]


def test_tab_completes_code_as_the_kernel_knows_it_and_shift_tab_explains(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("> os.get\t")
        terminal.until("os.getpid")
        terminal.send("\x03> len\x1b[Z")
        terminal.until("help on 'len' at 3")
        terminal.until(lambda: terminal.cursor_line.endswith("> len"))


def test_an_unknown_command_names_the_nearest(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "/usgae", "There is no /usgae. Did you mean /usage? See /help.")
        ask(terminal, "%vars", "answer  int  28 B  42")


def test_a_start_that_fails_by_a_defect_keeps_no_command_waiting_and_is_raised_at_the_end(tmp_path: Path) -> None:
    with conversation(tmp_path, START_EXPLODES="1") as terminal:
        ask(terminal, "/vars", "answer  int  28 B  42")
        terminal.send("\x04")
        assert terminal.exit_code() == 1
        assert "RuntimeError: as the test wished" in terminal.text


def test_the_session_that_is_left_has_ended_before_the_next_one_starts(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("/resume 261129\r")
        terminal.until(lambda: terminal.kept("lives.txt").count("begins") == 2)
        terminal.until_prompt()
        terminal.send("\x04")
        assert terminal.exit_code() == 0
        assert terminal.kept("lives.txt") == ["begins", "ends"] * 2


def test_usage_says_about_where_a_count_was_estimated(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "say a guess", "a guess")
        ask(terminal, "say last", "\nlast")
        ask(terminal, "/usage", "Last turn: 1,200 tokens in, 34 out, $0.0125")
        terminal.until("Session: about 2,400 tokens in, 68 out, $0.0250")


def test_what_is_typed_is_kept_for_its_owner_without_secrets(tmp_path: Path) -> None:
    with conversation(tmp_path, TESTS_API_KEY=SECRET) as terminal:
        ask(terminal, f"say {SECRET} is hidden", "is hidden")
        ask(terminal, "say last", "\nlast")
        terminal.send("\x04")
        assert terminal.exit_code() == 0
    (file,) = tmp_path.glob("data/history.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == '"say [masked] is hidden"\n"say last"\n'
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("\x1b[A\x1b[A")
        terminal.until(lambda: terminal.cursor_line.endswith("say [masked] is hidden"))
        terminal.send("\x03")
        terminal.until_prompt()
        terminal.send("\x12")
        terminal.until("I-search")
        terminal.send("las")
        terminal.until(f"{SIGN}say last")


def test_late_output_appears_above_the_line_that_is_typed(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("> late from a thread\r")
        terminal.until("ok, ")
        terminal.until_prompt()
        terminal.send("half a mess")
        terminal.until("from a thread\n")
        terminal.until(lambda: terminal.cursor_line.endswith("half a mess"))


def test_keys_typed_while_something_is_drawn_above_the_line_are_a_message(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("> late until a key comes\r")
        terminal.until_prompt()
        terminal.until(lambda: terminal.text.count("until a key comes") > 1)
        terminal.send("say meanwhile\r")
        terminal.until("\nmeanwhile")
        assert sent(terminal)[-1].endswith("say meanwhile")


def test_a_failed_turn_says_so_in_a_line_and_the_prompt_comes_back(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "fail", "The endpoint is out of order. Ask again with /retry.")
        ask(terminal, "/retry", "The endpoint is out of order. Ask again with /retry.")
        assert len(sent(terminal)) == 2


def test_a_simple_terminal_gets_simple_lines(tmp_path: Path) -> None:
    with conversation(tmp_path, TERM="dumb") as terminal:
        ask(terminal, "say plain\\\rwords", "\nplain\nwords")
        assert b"\x1b" not in terminal.bytes
        terminal.send("x\x03")
        terminal.until_prompt()
        terminal.send("\x04")
        assert terminal.exit_code() == 0
        assert terminal.modes_now() == terminal.modes


def test_a_narrow_terminal_and_changes_of_its_width_are_survived(tmp_path: Path) -> None:
    with conversation(tmp_path, columns=20) as terminal:
        ask(terminal, "say narrow", "\nnarrow")
        terminal.send("say one two three four five six")
        terminal.until("six")
        terminal.resize(60)
        terminal.until(lambda: terminal.cursor_line == f"{SIGN}say one two three four five six")
        terminal.send("\r")
        terminal.until("\none two three")
        terminal.until_prompt()


def test_undo_takes_a_turn_back_and_model_lets_another_answer(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "say one", "\none")
        ask(terminal, "say two", "\ntwo")
        ask(terminal, "/undo", "the code did stays done.\n  say two\n")
        ask(terminal, "/model lyrebird", "lyrebird answers from now on.")
        ask(terminal, "say three", "\nthree")
        (request,) = [json.loads(line) for line in terminal.kept("requests.jsonl")][2:]
        assert [message["content"] for message in request if message["role"] == "user"] == ["say one", "say three"]
        terminal.until("\n lyrebird")
        ask(terminal, "/undo 9", "2 turns were taken back")


def test_code_that_is_kept_as_a_command_is_told_with_its_parameters(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "> month = '2026-10'", "\nmonth")
        ask(terminal, "/save-as report", "Run it with: interpreter run report [--month '2026-10']")


def test_config_tells_where_settings_are_kept_and_what_is_not_as_by_default(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "/config", ", which is not there.\nIn this one, ")
        ask(terminal, "/theme dark", SIGN)
        ask(terminal, "/config", "not as by default:\n  theme = 'dark'\n")


def test_edit_opens_the_editor_and_its_text_waits_at_the_prompt(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nprintf 'say edited' > \"$1\"\n")
    editor.chmod(0o700)
    with conversation(tmp_path, EDITOR=str(editor)) as terminal:
        terminal.until_prompt()
        terminal.send("/edit\r")
        terminal.until(lambda: terminal.cursor_line == f"{SIGN}say edited")
        terminal.send("\r")
        terminal.until("\nedited")


def test_open_says_where_a_file_is_that_cannot_be_opened(tmp_path: Path) -> None:
    opener = tmp_path / "bin" / ("open" if sys.platform == "darwin" else "xdg-open")
    opener.parent.mkdir()
    opener.write_text('#!/bin/sh\ncase "$1" in *.png) exit 3;; esac\n')
    opener.chmod(0o700)
    for name in ("a.png", "b.txt"):
        (tmp_path / name).touch()
    with conversation(tmp_path, PATH=f"{opener.parent}:{os.environ['PATH']}") as terminal:
        ask(terminal, "/open a.png", f"{opener.name} could not open it. The file is ")
        ask(terminal, "/open b.txt", "Opened b.txt")


def test_rebuild_runs_the_cells_that_worked_again_in_order_and_tells_the_model(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "/rebuild", "No cell has worked yet: there is nothing to run again.")
        ask(terminal, "> first", "\nfirst")
        ask(terminal, "!second", "\nsecond")
        ask(terminal, "/rebuild", "2 cells were run again; the variables are back.")
        ask(terminal, "> once only", "\nonce only")
        ask(terminal, "> last", "\nlast")
        ask(terminal, "/rebuild", "2 cells were run again; c3 did not end well, so the rest was not.")
        ask(terminal, "say so", "\nso")
        assert terminal.kept("ran.txt") == ["first", "second"] * 2 + [
            "once only",
            "last",
            "first",
            "second",
            "once only",
        ]
        assert (
            "[Of the cells that had ended well, 2 were run again, in order, but c3 did not end well"
            in sent(terminal)[0]
        )


def test_rebuild_asks_again_for_what_was_typed_unseen(tmp_path: Path) -> None:
    def answer(asked: str, typed: str) -> None:
        terminal.until(lambda: terminal.cursor_line == asked)
        terminal.send(f"{typed}\r")

    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("> input name\r")
        answer("name: ", "Ada")
        terminal.until_prompt()
        terminal.send("> secret word\r")
        answer("word: ", "sesame")
        terminal.until_prompt()
        terminal.send("/rebuild\r")
        answer("word: ", "sesame again")
        terminal.until("2 cells were run again; the variables are back.")
        assert terminal.kept("typed.txt") == ["Ada", "sesame", "Ada", "sesame again"]
        terminal.until_prompt()
        terminal.send("/rebuild\r")
        terminal.until(lambda: terminal.cursor_line == "word: ")
        terminal.send("half\x03")
        terminal.until("One cell was run again; c2 did not end well, so the rest was not.")
        terminal.until_prompt()


def test_rebuild_runs_nothing_beside_a_cell_in_the_background(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        ask(terminal, "> first", "\nfirst")
        terminal.send("> wait\r")
        terminal.until("waiting")
        terminal.send("\x1c")
        terminal.until_prompt()
        busy = "python is busy with cell c2, which runs in the background."
        ask(terminal, "/rebuild", busy)
        assert terminal.kept("ran.txt") == ["first", "wait"]
        ask(terminal, "/interrupt", "interrupted")
        ask(terminal, "/rebuild", "One cell was run again; the variables are back.")
