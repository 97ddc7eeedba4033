"""The real program with the real embedded model, asked in one line at a time. Opt in with `scripts/test -m e2e`.

It wants the extras `local`, `dev` and `e2e`.
Every request is `interpreter --local -y --json REQUEST` in a folder of its own: a fresh process, model and kernel.
Weights are taken from where the program keeps them, and fetched there if they are not yet. A kind is met or not as a
whole, by its share, since a small model is not always right; the table at the end says how often it was.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from interpreter.places import places
from tests.e2e.figures import FIGURES, Figure
from tests.e2e.outcome import Outcome, outcome, read
from tests.e2e.requests import EASY, SECOND_STEP, Request

pytestmark = pytest.mark.e2e
_LONGEST = 600  # seconds for one request, on a machine that is busy with other things


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of the program's own, but for the weights."""
    weights = places(os.environ).data / "models"
    weights.mkdir(parents=True, exist_ok=True)
    home = tmp_path_factory.mktemp("home")
    (home / "data").mkdir()
    (home / "data" / "models").symlink_to(weights)
    return home


def asked(request: Request, folder: Path, home: Path) -> Outcome:
    """What came of it."""
    for name, content in request.files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    command = [sys.executable, "-m", "interpreter", "--local", "-y", "--json", "--max-steps", "8", request.ask]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "INTERPRETER_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    assert done.stdout, done.stderr
    return outcome(read(done.stdout), folder)


def met(requests: tuple[Request, ...], tmp_path: Path, home: Path, figures: list[Figure]) -> float:
    """The share of `requests` that was met; each is added to `figures`."""
    good = 0
    for number, request in enumerate(requests):
        folder = tmp_path / str(number)
        folder.mkdir()
        started = time.monotonic()
        came = asked(request, folder, home)
        right = came.ended == "done" and request.met(came)
        good += right
        seconds = time.monotonic() - started
        figures.append(Figure(request=request, met=right, outcome=came, seconds=seconds))
    return good / len(requests)


@pytest.mark.parametrize("kind", sorted({request.kind for request in EASY}))
def test_easy_requests_of_a_kind_are_met(kind: str, tmp_path: Path, home: Path, pytestconfig: pytest.Config) -> None:
    if kind == "plots" and importlib.util.find_spec("matplotlib") is None:
        pytest.skip("the extra `e2e` is not installed")
    requests = tuple(request for request in EASY if request.kind == kind)
    assert met(requests, tmp_path, home, pytestconfig.stash[FIGURES]) >= 0.6


def test_requests_that_need_a_second_step_after_an_error_are_met(
    tmp_path: Path, home: Path, pytestconfig: pytest.Config
) -> None:
    assert met(SECOND_STEP, tmp_path, home, pytestconfig.stash[FIGURES]) >= 0.7


def test_nine_of_ten_easy_requests_are_met(pytestconfig: pytest.Config) -> None:
    easy = [figure.met for figure in pytestconfig.stash[FIGURES] if figure.request in EASY]
    if len(easy) < len(EASY):
        pytest.skip("not all of them were asked")
    assert sum(easy) >= 0.9 * len(easy)
