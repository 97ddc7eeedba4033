"""The command line: which words mean what, and the one line and exit code for each wrong use."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from interpreter import __version__
from interpreter.cli import COMMANDS, joined, split
from interpreter.recorders.store import Store

HEAVY = ("litellm", "jupyter_client", "nbformat", "pydantic", "httpx", "prompt_toolkit", "rich")


def environment(home: Path, **more: str) -> dict[str, str]:
    """A clean environment with nothing configured."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "INTERPRETER_HOME": str(home), **more}


def program(home: Path, *argv: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """The program as a user starts it, with text on stdin."""
    command = [sys.executable, "-m", "interpreter", *argv]
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment(home, **more),
        cwd=home,
        start_new_session=True,  # no controlling terminal: nobody can be asked
    )


@pytest.mark.parametrize(
    ("argv", "first_word"),
    [
        (["hello"], "hello"),
        (["-y", "hello"], "hello"),
        (["--model", "m", "hello"], "hello"),
        (["--model=m", "hello"], "hello"),
        (["--local", "hello"], "hello"),
        (["--", "sessions"], None),
        (["-y"], None),
        ([], None),
    ],
)
def test_the_first_word_is_found_behind_flags_and_their_values(argv: list[str], first_word: str | None) -> None:
    before, word, after = split(argv)
    assert word == first_word
    assert [*before, *([word] if word else []), *after] == argv


def test_local_takes_the_next_word_only_if_it_names_weights() -> None:
    assert joined(["--local", "how many?"], {}) == ["--local=true", "how many?"]
    assert joined(["--local", "my.gguf", "how many?"], {}) == ["--local=my.gguf", "how many?"]
    assert joined(["--", "--local", "my.gguf"], {}) == ["--", "--local", "my.gguf"]


def test_resume_takes_the_next_word_only_if_it_names_a_session(tmp_path: Path) -> None:
    kept = Store(tmp_path / "data" / "sessions").create()
    kept.journal.touch()
    home = {"INTERPRETER_HOME": str(tmp_path)}
    assert joined(["--resume", "go on"], home) == ["--resume=latest", "go on"]
    assert joined(["--resume", kept.id, "go on"], home) == [f"--resume={kept.id}", "go on"]


def test_version_is_told_and_nothing_slow_is_imported() -> None:
    code = (
        "import sys; from interpreter.cli import run\n"
        f"code = run([sys.argv[1]]); print([name for name in {HEAVY!r} if name in sys.modules], code)"
    )
    for flag, first in (("--version", f"local-interpreter {__version__}"), ("--help", "usage: interpreter")):
        done = subprocess.run(
            [sys.executable, "-c", code, flag], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.startswith(first)
        assert done.stdout.endswith("[] 0\n")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--modle", "x"], "There is no flag --modle. Did you mean --model? See interpreter --help."),
        (["two", "words"], "One prompt at a time: put it in quotes (words is left over)."),
        (["--max-steps", "none", "hi"], "--max-steps must be a whole number from 1 to 999999999, not 'none'."),
        (["--protocol", "tool", "hi"], "--protocol must be one of auto, tools, functions, text, not 'tool'. "
         "Did you mean 'tools'?"),
        (["help"], "See interpreter --help, or in a conversation /help. To ask the model: interpreter -- help"),
        (["--resume", "261124-1855", "hi"], "There is no session '261124-1855'. `interpreter sessions` lists them."),
        (["--resume", "261129-191550-2"], "There is no session '261129-191550-2'. `interpreter sessions` lists them."),
        (["docter"], "There is no command docter. Did you mean doctor? To ask the model: interpreter -- docter"),
        (["doctor", "me"], "me is one word too many. See interpreter doctor --help."),
        (["--model", "m", "--python", "~nobody-here/python", "hi"],
         "~nobody-here/python is not a Python that can be started. Give --python another one."),
        (["none.ipynb"], "There is no notebook none.ipynb. Check the path."),
        (["no\x1b]0;title\x07\x9b2Jne.ipynb"], "There is no notebook none.ipynb. Check the path."),
        ([], "The prompt is empty. Say what to do: interpreter PROMPT."),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_and_exit_code_2(tmp_path: Path, argv: list[str], said: str) -> None:
    done = program(tmp_path, *argv)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"interpreter: {said}\n")


def test_no_module_of_the_working_folder_is_imported_by_the_program(tmp_path: Path) -> None:
    for name in ("argparse", "json", "tomllib", "platformdirs", "litellm", "httpx"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")
    done = program(tmp_path, "doctor", "--model", "openai/m", "--api-key", "none")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_malformed_configuration_is_named_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text('model = "m"\nprotokol = "text"\n', encoding="utf-8")
    done = program(tmp_path, "hi")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"interpreter: {file}:2: there is no setting 'protokol'. Did you mean 'protocol'?\n"


def test_a_working_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    script = f'mkdir gone && cd gone && rmdir ../gone && exec "{sys.executable}" -m interpreter --model m hi'
    done = subprocess.run(
        ["sh", "-c", script],
        input="",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(tmp_path),
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("interpreter: The working folder was deleted. Go to one that exists.\n")


@pytest.mark.parametrize(
    ("argument", "redirected", "status"),
    [("--version", ">&-", 0), ("--version", "2>&-", 0), ("--bogus", "2>&-", 2), ("--bogus", ">&- 2>&-", 2)],
)
def test_where_stdout_or_stderr_is_closed_nothing_is_told_and_the_exit_code_is_the_same(
    tmp_path: Path, argument: str, redirected: str, status: int
) -> None:
    script = f'exec "{sys.executable}" -m interpreter {argument} {redirected}'
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=False, timeout=60, env=environment(tmp_path)
    )
    assert (done.returncode, done.stderr) == (status, "")


def test_a_defect_is_one_line_and_its_traceback_is_kept_for_its_owner_alone_without_a_key(tmp_path: Path) -> None:
    script = (
        "import os\nfrom interpreter.cli import run\n"
        "class Odd(str):\n    def startswith(self, *_):\n"
        "        raise ValueError(os.environ['OPENAI_API_KEY'], 'sk-that-was-kept', 'sk-that-was-given', 'pass-word')\n"
        "url = 'http://ada:pass-word@host'\n"
        "raise SystemExit(run([Odd('x'), '--api-key', 'sk-that-was-given', '--gateway', url]))"
    )
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "keys.json").write_text('{"GROQ_API_KEY": "sk-that-was-kept"}')
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(tmp_path, OPENAI_API_KEY="sk-very-secret-1"),
    )
    kept = tmp_path / "cache" / "crash.txt"
    words = f"Its traceback is in {kept}; please report it with what you did."
    assert (done.returncode, done.stderr) == (
        1,
        f"interpreter: This is a defect of the program (ValueError). {words}\n",
    )
    assert kept.read_text(encoding="utf-8").endswith("ValueError: ('[masked]', '[masked]', '[masked]', '[masked]')\n")
    assert sys.platform == "win32" or stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_help_shows_which_values_need_not_be_given(tmp_path: Path) -> None:
    shown = program(tmp_path, "--help").stdout
    assert "--local [FILE.gguf]" in shown
    assert "--resume [ID]" in shown
    assert "--max-steps N" in shown


def test_help_lists_the_commands_and_what_each_is_for(tmp_path: Path) -> None:
    shown = program(tmp_path, "--help").stdout
    assert (
        "\n  sessions  List the kept sessions, or those in which all WORDS occur; delete\n            some.\n" in shown
    )
    assert all(f"\n  {command:8}  " in shown for command in COMMANDS)


def test_a_command_s_help_tells_the_flags_that_it_heeds_though_it_takes_them_all(tmp_path: Path) -> None:
    usage = "usage: interpreter sessions [-h] [--json] [--delete ID] [--limit N]"
    assert program(tmp_path, "sessions", "--help").stdout.startswith(usage)
    assert program(tmp_path, "--model", "any", "sessions", "--plain").returncode == 0


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("sessions", "--json Write one session a line, as JSON."),
        ("replay", "nothing else on stdout; with --verify one object with all verdicts."),
        ("run", "nothing else on stdout; without a name one command a line."),
        ("attach", "--gateway URL The server on which the kernel runs, only needed where its token or password stands"),
        ("doctor", "--json Write the findings as JSON."),
    ],
)
def test_a_commands_help_tells_what_a_flag_does_there(tmp_path: Path, command: str, told: str) -> None:
    shown = " ".join(program(tmp_path, command, "--help").stdout.split())
    assert told in shown
    assert [words for words in ("the conversation asks", "/download", "-y") if words in shown] == []
