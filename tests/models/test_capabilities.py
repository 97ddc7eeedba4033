"""The file of what was learnt: exact, private, forgettable, and safe from other processes, releases and hands."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from interpreter.models.capabilities import AGE, Capabilities, Known, Place
from interpreter.protocols.learnt import Learnt

HERE, THERE = Place(model="m", base="http://h/v1"), Place(model="m", base="http://other/v1", provider="openai")
ODD = Learnt(protocol="text", system=False, alternate=True, without=("temperature", "seed"), window=4096)
DAY = date(2026, 3, 1)


def capabilities(path: Path, day: date = DAY) -> Capabilities:
    """The file, on a certain day."""
    return Capabilities(path / "data" / "capabilities.json", day=lambda: day)


def test_what_is_kept_is_recalled_there_and_nowhere_else(tmp_path: Path) -> None:
    kept = capabilities(tmp_path)
    kept.at(HERE).keep(ODD)
    assert capabilities(tmp_path).at(HERE).recall() == ODD
    assert capabilities(tmp_path).at(THERE).recall() is None


def test_a_password_in_a_base_is_not_written(tmp_path: Path) -> None:
    kept = capabilities(tmp_path)
    kept.at(Place(model="m", base="http://ada:secret@h:80/v1?key=secret")).keep(ODD)
    assert kept.known()[0].place == Place(model="m", base="http://h:80/v1")
    assert kept.at(Place(model="m", base="http://ada:other@h:80/v1")).recall() == ODD
    assert "secret" not in (tmp_path / "data" / "capabilities.json").read_text()


def test_all_that_is_known_can_be_shown_and_one_place_or_all_forgotten(tmp_path: Path) -> None:
    kept = capabilities(tmp_path)
    kept.at(HERE).keep(ODD)
    kept.at(THERE).keep(Learnt(protocol="tools", native=True))
    kept.at(THERE).keep(Learnt(protocol="functions"))
    assert kept.known() == (
        Known(place=HERE, learnt=ODD, day=DAY),
        Known(place=THERE, learnt=Learnt(protocol="functions"), day=DAY),
    )
    assert kept.forget(HERE) == 1
    assert [known.place for known in kept.known()] == [THERE]
    assert (kept.forget(), kept.known(), kept.forget()) == (1, (), 0)


def test_the_file_is_its_owners_alone_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    capabilities(tmp_path).at(HERE).keep(ODD)
    (file,) = (tmp_path / "data").iterdir()
    assert file.name == "capabilities.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_old_no_longer_counts(tmp_path: Path) -> None:
    capabilities(tmp_path).at(HERE).keep(ODD)
    assert capabilities(tmp_path, DAY + AGE).at(HERE).recall() == ODD
    assert capabilities(tmp_path, DAY + AGE + timedelta(days=1)).at(HERE).recall() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"endpoints": 3}',
        '{"endpoints": [3, {}, {"place": {"model": "m"}, "learnt": {"protocol": "smoke"}, "day": "2026-03-01"}]}',
        '{"endpoints": [{"place": {"model": "m"}, "learnt": {"protocol": "tools"}, "day": "soon"}]}',
        '{"endpoints": [{"place": {"colour": "m"}, "learnt": {"protocol": "tools"}, "day": "2026-03-01"}]}',
        '{"endpoints": [{"place": {"model": "m"}, "learnt": {"protocol": "text", "window": ""}, "day": "2026-03-01"}]}',
    ],
)
def test_what_cannot_be_read_counts_as_nothing_and_is_replaced(text: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "capabilities.json").write_text(text)
    assert capabilities(tmp_path).known() == ()
    capabilities(tmp_path).at(HERE).keep(ODD)
    assert capabilities(tmp_path).at(HERE).recall() == ODD


def test_an_entry_of_a_later_release_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    capabilities(tmp_path).at(HERE).keep(ODD)
    file = tmp_path / "data" / "capabilities.json"
    told = json.loads(file.read_text())
    told["endpoints"][0]["learnt"]["sings"] = True
    file.write_text(json.dumps(told))
    assert capabilities(tmp_path).at(HERE).recall() == ODD


def test_a_disk_that_takes_nothing_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    capabilities(tmp_path).at(HERE).keep(ODD)
    assert capabilities(tmp_path).known() == ()


def test_several_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from interpreter.models.capabilities import Capabilities, Place
from interpreter.protocols.learnt import Learnt
for number in range(20):
    place = Place(model=f"{sys.argv[2]}-{number}")
    Capabilities(Path(sys.argv[1])).at(place).keep(Learnt(protocol="text"))
"""
    path = tmp_path / "capabilities.json"
    started = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in ("a", "b", "c")]
    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]
    models = {known.place.model for known in Capabilities(path).known()}
    assert models == {f"{name}-{number}" for name in "abc" for number in range(20)}


def test_a_writer_that_died_does_not_block_those_after_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    left = tmp_path / "data" / "capabilities.new"
    left.write_text("")
    os.utime(left, (0, 0))
    capabilities(tmp_path).at(HERE).keep(ODD)
    assert capabilities(tmp_path).at(HERE).recall() == ODD
