"""Installations: what goes wrong is one clear line, and what was fetched is put in place once."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from interpreter.errors import RunnerError
from interpreter.runners.installing import Remedy, carry_out
from interpreter.stop import Stop


def told(remedy: Remedy) -> list[str]:
    """What the installer prints, line by line."""

    async def story() -> list[str]:
        return [line async for line in carry_out(remedy, Stop())]

    return asyncio.run(story())


def fetching(folder: Path, code: str, *, program: str = sys.executable) -> Remedy:
    """Python code as the installer that fills `folder / "part"`, to be moved to `folder / "whole"`."""
    staged = (folder / "part", folder / "whole")
    return Remedy(
        question="?", command=(program, "-c", code), folder=str(folder), environment=dict(os.environ), staged=staged
    )


FETCH = "import pathlib; pathlib.Path('part/ipykernel').mkdir(parents=True)"


def test_lines_of_any_length_are_told_with_what_is_complained_of(tmp_path: Path) -> None:
    code = f"{FETCH}; import sys; print('x' * 200_000, flush=True); sys.stderr.write('é漢 without an end')"
    assert told(fetching(tmp_path, code)) == ["x" * 200_000 + "\n", "é漢 without an end"]
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_what_another_session_fetched_meanwhile_serves_too(tmp_path: Path) -> None:
    assert told(fetching(tmp_path, f"{FETCH}; pathlib.Path('whole/ipykernel').mkdir(parents=True)")) == []
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("pass", "No such file or directory"),
        (f"{FETCH}; pathlib.Path('whole/other').mkdir(parents=True)", "Directory not empty"),
    ],
    ids=["nothing was made", "its place is taken"],
)
def test_what_cannot_be_put_in_place_is_one_clear_line(tmp_path: Path, code: str, why: str) -> None:
    with pytest.raises(RunnerError) as raised:
        told(fetching(tmp_path, code))
    place = tmp_path / "whole"
    assert str(raised.value) == f"What was fetched cannot be put into {place}: {why}. See what is there."
    assert not (tmp_path / "part").exists()


@pytest.mark.parametrize("missing", ["program", "folder"])
def test_an_installer_that_cannot_be_started_is_one_clear_line(tmp_path: Path, missing: str) -> None:
    program = "/none/uv" if missing == "program" else sys.executable
    folder = tmp_path if missing == "program" else tmp_path / "none"
    with pytest.raises(RunnerError, match=rf"^{program} could not be started: .*No such file or directory"):
        told(fetching(folder, FETCH, program=program))
