"""`interpreter doctor`: what it says of a place where all is well, of one where it is not, and of what was learnt."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from interpreter.models.capabilities import Capabilities, Place, today
from interpreter.protocols.learnt import Learnt
from tests.providers.server import Refuse, Rules, say, serve
from tests.test_cli import program


def findings(home: Path, *argv: str, **environment: str) -> tuple[int, dict[str, tuple[str, bool]]]:
    """The exit code, and what was found under each topic."""
    done = program(home, "doctor", "--json", *argv, **environment)
    assert "Traceback" not in done.stderr
    return done.returncode, {one["topic"]: (one["words"], one["well"]) for one in json.loads(done.stdout)}


def test_without_a_model_it_names_the_three_ways_on_and_leaves_with_1(tmp_path: Path) -> None:
    status, found = findings(tmp_path, OLLAMA_HOST="127.0.0.1:9")
    words, well = found["model"]
    assert (status, well) == (1, False)
    assert words.startswith("No model is chosen.")


def test_it_tells_model_endpoint_and_protocol_but_never_the_key(tmp_path: Path) -> None:
    argv = ("--model", "m", "--api-base", "http://me:secret-word@127.0.0.1:9")
    done = program(tmp_path, "doctor", *argv, INTERPRETER_API_KEY="sk-secret-word")
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert done.returncode == 0
    assert lines["model"] == "m"
    assert lines["endpoint"] == "http://127.0.0.1:9/v1; key: given"
    assert lines["protocol"] == "tools first, and down from there if the endpoint refuses"
    assert lines["hidden"] == "INTERPRETER_API_KEY, INTERPRETER_HOME (variables kept from code that runs)"
    assert "secret-word" not in done.stdout + done.stderr


def test_the_languages_of_the_configuration_are_told_and_what_they_lack(tmp_path: Path) -> None:
    rows = {"shell": 'command = "sh"', "awk": 'command = "awk -f"', "odd": 'command = "no-such"', "s": 'kernel = "no"'}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(
        "".join(f"[language.{name}]\n{row}\n" for name, row in rows.items()), encoding="utf-8"
    )
    done = program(tmp_path, "doctor", "--model", "m", JUPYTER_PATH="", JUPYTER_DATA_DIR=str(tmp_path))
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert [words for topic, words in lines if topic == "shell"] == [shutil.which("sh")]
    names, *lacking = [words for topic, words in lines if topic == "languages"]
    assert {"awk", "odd", "s"} & set(names.split(", ")) == {"awk"}
    assert [words.partition("; there are")[0] for words in lacking] == [
        "wrong: odd: no-such is not on PATH",
        "wrong: s: there is no kernelspec no",
    ]


@pytest.mark.skipif(os.name == "nt", reason="the Pythons are scripts for sh")
def test_a_python_that_was_asked_for_is_asked_for_its_kernel(tmp_path: Path) -> None:
    python = tmp_path / "python"
    facts = {"version": "3.9", "abi": ".other.so", "packages": "/none", "kernel": False, "pip": True, "managed": False}
    told = {}
    for answer in ({"old": "3.7"}, facts):
        python.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
        python.chmod(0o755)
        _, found = findings(tmp_path, "--model", "m", "--api-base", "http://127.0.0.1:9", "--python", str(python))
        told[len(answer)] = found["python"]
    assert told == {
        1: (f"{python} is Python 3.7; code runs in 3.8 or later. Give --python another one.", False),
        6: (f"{python} (as you asked), Python 3.9 without ipykernel: you are asked before it is fetched", True),
    }


def test_a_kernelspec_that_is_not_here_is_wrong(tmp_path: Path) -> None:
    nowhere = {"JUPYTER_PATH": "", "JUPYTER_DATA_DIR": str(tmp_path)}
    status, found = findings(tmp_path, "--model", "m", "--api-base", "http://127.0.0.1:9", "--kernel", "nix", **nowhere)
    words, well = found["python"]
    assert (status, well) == (1, False)
    assert words.startswith("there is no kernelspec nix; there are ")


def test_a_kernel_of_another_language_is_told_beside_python(tmp_path: Path) -> None:
    place = tmp_path / "kernels" / "ir"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text('{"argv": ["R"], "language": "R"}')
    here = {"JUPYTER_PATH": str(tmp_path)}
    _, found = findings(tmp_path, "--model", "m", "--api-base", "http://127.0.0.1:9", "--kernel", "ir", **here)
    assert (found["r"], found["python"][1]) == (("the kernelspec ir", True), True)
    assert found["languages"][0].startswith("r, python, shell")


def test_one_tiny_request_shows_what_was_wrong_and_what_was_learnt_can_be_forgotten(tmp_path: Path) -> None:
    rules = Rules(roles=("system", "user", "assistant"))
    with serve(say("Fine."), say("Ready."), Refuse(status=401), rules=rules) as endpoint:
        argv = ("--model", "scripted", "--api-base", endpoint.base())
        assert program(tmp_path, *argv, "-y", "Hello.").returncode == 0
        status, found = findings(tmp_path, *argv, "--ask")
        assert (status, found["request"]) == (0, ("answered: Ready. (20 tokens in, 5 out)", True))
        assert found["protocol"][0].startswith("tools, learnt on ")
        status, found = findings(tmp_path, *argv, "--ask", "--forget")
    assert (status, found["request"][1]) == (1, False)
    assert found["request"][0].startswith("The key for scripted was refused.")
    assert found["protocol"][0] == "tools first, and down from there if the endpoint refuses"


def test_what_was_learnt_is_found_again_at_an_address_with_a_password(tmp_path: Path) -> None:
    place = Place(model="m", base="http://me:word@127.0.0.1:9/v1")
    learnt = Learnt(protocol="text", stream=False, without=("temperature",), alternate=True, window=4096)
    Capabilities(tmp_path / "data" / "capabilities.json").at(place).keep(learnt)
    _, found = findings(tmp_path, "--model", "m", "--api-base", place.base)
    words = "text, without stream, temperature, with roles that alternate, for 4096 tokens, learnt on "
    assert found["protocol"][0] == f"{words}{today()}"
