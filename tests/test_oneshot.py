"""One question on the command line, the whole program over real HTTP: what is printed, kept, sent, and left with."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from interpreter import wire
from interpreter.history import Prompt, Reply, fold
from interpreter.recorders.resume import load
from interpreter.recorders.store import Store
from tests.providers.server import Endpoint, code, say, serve
from tests.test_cli import environment, program


def asked(home: Path, endpoint: Endpoint, *argv: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one question to `endpoint`."""
    done = program(home, "--model", "scripted", "--api-base", endpoint.base(), *argv, stdin=stdin)
    return done.returncode, done.stdout, done.stderr


def test_the_answer_is_on_stdout_and_the_output_of_the_code_is_sent_to_the_model(tmp_path: Path) -> None:
    with serve(code("print(6 * 7)"), say("It is **42**.")) as endpoint:
        status, out, err = asked(tmp_path, endpoint, "-y", "What is 6 * 7?")
    assert (status, out) == (0, "It is **42**.\n")
    assert "print(6 * 7)" in err
    last = endpoint.bodies[-1]["messages"]
    assert isinstance(last, list)
    assert last[-1] == {"role": "tool", "tool_call_id": "call-1", "content": "42"}


def test_a_language_of_the_configuration_that_cannot_run_is_told_to_the_user_and_not_to_the_model(
    tmp_path: Path,
) -> None:
    (tmp_path / "config").mkdir()
    rows = '[language.zap]\ncommand = "no-zap"\n[language.own]\ncommand = "sh"\n'
    (tmp_path / "config" / "config.toml").write_text(rows, encoding="utf-8")
    with serve(say("Hi.")) as endpoint:
        status, out, err = asked(tmp_path, endpoint, "-y", "Hi?")
    assert (status, out) == (0, "Hi.\n")
    assert "The language zap of your configuration is left out: no-zap is not on PATH." in err
    sent = json.dumps(endpoint.bodies[0]["tools"])
    assert ('"own"' in sent, "zap" in sent) == (True, False)


def test_with_a_prompt_text_on_stdin_is_data_kept_in_the_session_and_its_head_told(tmp_path: Path) -> None:
    with serve(say("Two.")) as endpoint:
        status, out, _ = asked(tmp_path, endpoint, "How many rows?", stdin="x\n1\n2\n")
    kept = Store(tmp_path / "data" / "sessions").latest().path / "stdin.txt"
    assert (status, out, kept.read_text()) == (0, "Two.\n", "x\n1\n2\n")
    sent = endpoint.bodies[0]["messages"]
    assert isinstance(sent, list)
    assert sent[-1] == {
        "role": "user",
        "content": f"How many rows?\n\nAttached file: {kept} (text/plain, 6 bytes). It begins:\nx\n1\n2\n",
    }


def test_without_a_prompt_stdin_is_the_prompt_and_json_tells_every_event_and_nothing_else(tmp_path: Path) -> None:
    with serve(code("1 / 0"), say("It cannot be divided.")) as endpoint:
        status, out, _ = asked(tmp_path, endpoint, "-y", "--json", stdin="Divide one by zero.")
    assert status == 3  # the last code that ran failed
    told = [json.loads(line) for line in out.splitlines()]
    assert [line["seq"] for line in told] == list(range(1, len(told) + 1))
    assert [line["type"] for line in told if "delta" not in line["type"]] == [
        "session.started",
        "turn.started",
        "step.started",
        "usage",
        "code.proposed",
        "code.decided",
        "output",
        "code.finished",
        "step.started",
        "usage",
        "text",
        "turn.finished",
    ]
    history = fold(wire.from_object(line) for line in told)
    assert load(Store(tmp_path / "data" / "sessions").latest()).history == history


def test_where_nobody_can_be_asked_code_is_declined_with_exit_code_4_and_the_flag_is_named(tmp_path: Path) -> None:
    with serve(code("open('made', 'w')"), say("Never asked.")) as endpoint:
        status, out, err = asked(tmp_path, endpoint, "Make a file.")
    assert (status, out, (tmp_path / "made").exists()) == (4, "", False)
    assert err.endswith(
        "not run: it was declined\n"
        "interpreter: Nobody could be asked whether to run this code. Give -y to run code without asking.\n"
    )
    assert len(endpoint.requests) == 1


def test_a_session_goes_on_where_it_ended_and_the_model_is_told_what_is_lost(tmp_path: Path) -> None:
    with serve(code("x = 6"), say("Kept."), say("It was x.")) as endpoint:
        asked(tmp_path, endpoint, "-y", "Keep six.")
        status, out, _ = asked(tmp_path, endpoint, "-y", "--resume", "Which name?")
    assert (status, out) == (0, "It was x.\n")
    messages = endpoint.bodies[-1]["messages"]
    assert isinstance(messages, list)
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert messages[-1]["content"] == (
        "[The session was resumed. Lost: the state of python (variables, imports, functions)]\n\nWhich name?"
    )


@pytest.mark.parametrize(
    ("variable", "sent"), [("OPENAI_API_KEY", "sk-none"), ("INTERPRETER_API_KEY", "sk-very-secret-key")]
)
def test_a_key_reaches_neither_the_code_nor_the_disk(tmp_path: Path, variable: str, sent: str) -> None:
    look = "import os; print([v for v in os.environ.values() if v.startswith('sk-very')])"
    with serve(code(look), say("Nothing.")) as endpoint:
        argv = ("-y", "-m", "scripted", "--api-base", endpoint.base(), "Look.")
        done = program(tmp_path, *argv, **{variable: "sk-very-secret-key"})
    assert (done.returncode, done.stdout) == (0, "Nothing.\n")
    assert "[]\n" in done.stderr
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and b"sk-very-secret-key" in path.read_bytes()]
    assert kept == []
    assert {request.key for request in endpoint.requests} == {sent}


@pytest.mark.parametrize("protocol", ["tools", "text"])
def test_a_key_that_a_model_repeats_piece_by_piece_is_kept_and_handed_on_nowhere(tmp_path: Path, protocol: str) -> None:
    key = "sk-very-secret-key-in-many-pieces"
    with serve(code(f"print({key!r})", text=f"It is {key}."), say(f"Yes, {key}.")) as endpoint:
        argv = ("-y", "--json", "--protocol", protocol, "-m", "scripted", "--api-base", endpoint.base(), f"Say {key}.")
        done = program(tmp_path, *argv, OPENAI_API_KEY=key)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    streamed = "".join(line["text"] for line in told if line["type"] == "text.delta")
    assert (done.returncode, streamed.count("[masked]")) == (0, 2)
    journal = Store(tmp_path / "data" / "sessions").latest().journal
    deltas = [line["text"] for line in map(json.loads, journal.read_text().splitlines()) if "delta" in line["type"]]
    assert key not in done.stdout + done.stderr + "".join(deltas)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()] == []


def test_a_token_that_no_header_takes_is_not_told(tmp_path: Path) -> None:
    with serve() as server:
        done = program(tmp_path, "-m", "m", "--gateway", server.url, "hi", JUPYTER_TOKEN="token-with\na-newline")
    assert (done.returncode, "[masked]" in done.stderr, "a-newline" in done.stderr) == (1, True, False)


def test_a_wrong_address_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    done = program(tmp_path, "-m", "m", "--api-base", "http://127.0.0.1:9", "hi")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(("error: Nobody answers at http://127.0.0.1:9", "Nobody answers"))
    assert "Traceback" not in done.stderr
    assert load(Store(tmp_path / "data" / "sessions").latest()).history.turns == 1


def test_the_name_of_a_folder_cannot_command_the_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "evil\x1b]0;title\x07\x9b2J"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    with serve(say("Hello.")) as endpoint:
        _, _, err = asked(folder, endpoint, "hi")
    assert err == f"interpreter: Code runs in {tmp_path}/evil/.venv, found here.\n"


def test_where_stdout_is_closed_the_session_is_kept_whole(tmp_path: Path) -> None:
    with serve(say("Two.")) as endpoint:
        command = f'exec "{sys.executable}" -m interpreter --model m --api-base {endpoint.base()} hi <&- >&- 2>&-'
        done = subprocess.run(["sh", "-c", command], check=False, timeout=120, env=environment(tmp_path), cwd=tmp_path)
    kept = load(Store(tmp_path / "data" / "sessions").latest())
    assert (done.returncode, kept.warnings) == (0, ())
    assert kept.history.entries == (Prompt(text="hi"), Reply(text="Two."))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere arguments are text")
def test_a_prompt_that_is_no_text_in_this_locale_is_taken_for_utf_8(tmp_path: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for locale, given, sent in ((plain, "gr\u00fcn".encode(), "gr\u00fcn"), ({}, b"gr\xfcn", "gr\ufffdn")):
        with serve(say("Two.")) as endpoint:
            flags = ("--model", "m", "--api-base", endpoint.base())
            command: tuple[str | bytes, ...] = (sys.executable, "-m", "interpreter", *flags, given)
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=120,
                env=environment(tmp_path, **locale),
            )
        messages = endpoint.bodies[0]["messages"]
        assert isinstance(messages, list)
        assert (done.returncode, done.stdout, messages[-1]["content"]) == (0, b"Two.\n", sent)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to a process there")
def test_ctrl_c_while_the_model_is_fetched_is_one_line_and_exit_code_130(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a proxy that never answers
        command = [sys.executable, "-m", "interpreter", "--local", "hi"]
        proxied = environment(tmp_path, HTTPS_PROXY=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=proxied, start_new_session=True
        ) as asking:
            assert asking.stderr is not None
            first = asking.stderr.readline()
            asking.send_signal(signal.SIGINT)
            assert (first, asking.stderr.read(), asking.wait()) == (
                "Asking huggingface.co ...\n",
                "interpreter: Interrupted. What was fetched is kept; run this again to go on.\n",
                130,
            )


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is there")
def test_a_full_disk_behind_stdout_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with serve(say("Two.")) as endpoint, Path("/dev/full").open("w") as full:
        asking = ("--model", "m", "--api-base", endpoint.base(), "hi")
        for argv, said in (
            (asking, "error: The output cannot be written: No space left on device.\n"),
            (("doctor", "--model", "m"), "interpreter: A disk is full: what was to be written could not be.\n"),
        ):
            done = subprocess.run(
                [sys.executable, "-m", "interpreter", *argv],
                stdin=subprocess.DEVNULL,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=120,
                env=environment(tmp_path),
            )
            assert (done.returncode, done.stderr) == (1, said)
