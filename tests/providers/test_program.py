"""The program itself at an endpoint, as in the story that began it: a role is refused after the code ran."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.providers.answers import Rules, code, say
from tests.providers.behaviours import PLAIN
from tests.providers.server import Endpoint, serve

MODEL = "meta-llama/Llama-2-70b-chat-hf"


def program(endpoint: Endpoint, home: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """One turn of the real program, everything approved."""
    named = ["--model", MODEL, "--api-base", endpoint.base(), "--api-key", "key-for-tests"]
    return subprocess.run(
        [sys.executable, "-m", "interpreter", "--yes", *named, *flags, "What is six times seven?"],
        env={**os.environ, "INTERPRETER_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_refused_role_costs_one_request_the_next_run_none_and_the_code_runs_once(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    task = (code(f"open({str(trace)!r}, 'a').write('x')\n6 * 7"), say("It is 42."))
    with serve(*task, *task, rules=Rules(roles=PLAIN, tools=False, key="key-for-tests")) as endpoint:
        first = program(endpoint, tmp_path / "home")
        assert (first.returncode, first.stdout, trace.read_text()) == (0, "It is 42.\n", "x")
        assert endpoint.statuses == [400, 200, 400, 200]
        second = program(endpoint, tmp_path / "home")
        assert (second.returncode, second.stdout, trace.read_text()) == (0, "It is 42.\n", "xx")
        assert endpoint.statuses[4:] == [200, 200]
    kept = [path.read_text(errors="replace") for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert kept
    assert not [text for text in kept if "key-for-tests" in text]


def test_a_refused_key_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with serve(rules=Rules(key="another")) as endpoint:
        done = program(endpoint, tmp_path)
    words = f"The key for {MODEL} was refused. Check --api-key or the provider's environment variable."
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {words}\n")
