"""Weights are fetched once, from the first source that gives them, and only the right bytes get the final name."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from interpreter.errors import ModelError, StorageError
from interpreter.models import catalogue
from interpreter.models.catalogue import UrlSource, Weights
from interpreter.models.download import download
from interpreter.models.partial import PartialFile, PassedOver
from interpreter.models.weights import Progress, fetch, find
from interpreter.stop import Stop, Stopped
from tests.models.files import FileServer

DATA = bytes(range(256)) * 40


@pytest.fixture
def server() -> Iterator[FileServer]:
    """A file server with `DATA`."""
    with FileServer(DATA).running() as running:
        yield running


def weights(*urls: str, data: bytes = DATA) -> Weights:
    """A model of `data` from these sources."""
    return Weights(
        name="small",
        file="small.gguf",
        size=len(data),
        licence="MIT",
        sha256=hashlib.sha256(data).hexdigest(),
        sources=tuple(UrlSource(url=url) for url in urls),
    )


async def fetched(
    model: Weights, folder: Path, *, patience: float = 5.0, environment: Mapping[str, str] | None = None
) -> tuple[Path, list[Progress]]:
    """Fetch it; where it is, and what was told."""
    told: list[Progress] = []
    path = await fetch(model, folder, told.append, Stop(), patience=patience, environment=environment)
    return path, told


def test_a_file_is_fetched_checked_and_named_and_then_found(server: FileServer, tmp_path: Path) -> None:
    model = weights(server.url("whole"))
    assert find(model, tmp_path) is None
    path, told = asyncio.run(fetched(model, tmp_path))
    assert path.read_bytes() == DATA
    assert find(model, tmp_path) == path
    assert [progress.stage for progress in told] == ["asking", "fetching", "checking", "done"]
    again, told = asyncio.run(fetched(model, tmp_path))
    assert (again, [progress.stage for progress in told]) == (path, ["done"])
    assert server.asked == [("whole", None)]


def test_an_earlier_attempt_is_continued_where_it_ended(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "small.gguf.part").write_bytes(DATA[:1000])
    path, _ = asyncio.run(fetched(weights(server.url("whole")), tmp_path))
    assert path.read_bytes() == DATA
    assert server.asked == [("whole", "bytes=1000-")]


def test_a_server_without_ranges_gives_the_file_from_its_start(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "small.gguf.part").write_bytes(b"x" * 1000)
    path, _ = asyncio.run(fetched(weights(server.url("without-ranges")), tmp_path))
    assert path.read_bytes() == DATA


def test_a_whole_file_that_was_not_yet_checked_is_not_fetched_again(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "small.gguf.part").write_bytes(DATA)
    path, _ = asyncio.run(fetched(weights(server.url("whole")), tmp_path))
    assert path.read_bytes() == DATA
    assert server.asked == []


def test_a_connection_that_ends_early_is_continued_at_the_next_source(server: FileServer, tmp_path: Path) -> None:
    path, told = asyncio.run(fetched(weights(server.url("cut"), server.url("elsewhere")), tmp_path))
    assert path.read_bytes() == DATA
    assert server.asked[1:] == [("elsewhere", f"bytes={len(DATA) // 2}-"), ("whole", f"bytes={len(DATA) // 2}-")]
    assert "passed over" in [progress.stage for progress in told]


def test_bytes_with_a_wrong_sum_are_deleted_and_the_next_source_is_asked(server: FileServer, tmp_path: Path) -> None:
    path, told = asyncio.run(fetched(weights(server.url("changed"), server.url("whole")), tmp_path))
    assert path.read_bytes() == DATA
    assert server.asked == [("changed", None), ("whole", None)]
    (passed_over,) = (progress.note for progress in told if progress.stage == "passed over")
    assert passed_over.startswith("what came is not the model (its sha256 starts ")


def test_when_no_source_gives_it_one_line_says_why_and_what_to_do(server: FileServer, tmp_path: Path) -> None:
    model = weights(server.url("nowhere"), server.url("longer"), "http://127.0.0.1:9/closed", "no address")
    with pytest.raises(ModelError) as caught:
        asyncio.run(fetched(model, tmp_path))
    words = str(caught.value)
    assert words.startswith(
        "Could not fetch small: 127.0.0.1: it answered HTTP 404; 127.0.0.1: it holds another file; "
    )
    assert words.endswith(f"or put small.gguf into {tmp_path} yourself.")
    assert "\n" not in words
    assert find(model, tmp_path) is None


def test_a_source_that_does_not_answer_is_passed_over(server: FileServer, tmp_path: Path) -> None:
    model = weights(server.url("silent"), server.url("whole"))
    path, told = asyncio.run(fetched(model, tmp_path, patience=0.2))
    assert path.read_bytes() == DATA
    assert [progress.note for progress in told if progress.note] == ["no answer within 0.2 seconds"]


def test_a_source_that_stalls_is_passed_over_and_what_came_is_kept(server: FileServer, tmp_path: Path) -> None:
    async def stalling() -> int:
        with PartialFile(tmp_path / "part", len(DATA), lambda _: None) as part:
            with pytest.raises(PassedOver):
                await download(UrlSource(url=server.url("stalling")), part, patience=5.0, stall=0.2, stop=Stop())
            return part.size

    assert asyncio.run(stalling()) == len(DATA) // 2
    assert (tmp_path / "part").read_bytes() == DATA[: len(DATA) // 2]


def test_an_interrupt_ends_a_fetch_at_once_and_keeps_what_came(server: FileServer, tmp_path: Path) -> None:
    async def interrupted() -> None:
        stop = Stop()

        def told(progress: Progress) -> None:
            if progress.stage == "fetching":
                stop.set()

        with pytest.raises(Stopped):
            await fetch(weights(server.url("stalling")), tmp_path, told, stop)

    asyncio.run(interrupted())
    assert (tmp_path / "small.gguf.part").read_bytes() == DATA[: len(DATA) // 2]


def test_of_two_processes_one_fetches_and_the_other_waits(server: FileServer, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from interpreter.lock import taken\n"
        "file = Path(sys.argv[1]).open('ab'); assert taken(file); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "small.gguf.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stages: list[str] = []

    def told(progress: Progress) -> None:
        stages.append(progress.stage)
        if progress.stage == "waiting":
            (tmp_path / "small.gguf").write_bytes(DATA)  # what the other process was fetching
            assert holder.stdin is not None
            holder.stdin.close()

    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        path = asyncio.run(fetch(weights(server.url("whole")), tmp_path, told, Stop()))
    assert (path, stages, server.asked) == (tmp_path / "small.gguf", ["waiting", "done"], [])


def test_a_folder_that_cannot_be_written_is_an_error_of_storage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError, match="Cannot create"):
        asyncio.run(fetched(weights("http://127.0.0.1:9"), tmp_path / "file" / "models"))


def test_a_disk_without_room_is_told_before_anything_is_fetched(server: FileServer, tmp_path: Path) -> None:
    model = weights(server.url("whole"))
    huge = Weights(
        name="huge", file="huge.gguf", size=10**18, licence="MIT", sha256=model.sha256, sources=model.sources
    )
    with pytest.raises(StorageError, match=r"Not enough room .* INTERPRETER_HOME"):
        asyncio.run(fetched(huge, tmp_path))
    assert server.asked == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")  # noqa: PTH110
def test_a_disk_that_fills_up_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "part").symlink_to("/dev/full")

    async def fill() -> None:
        with PartialFile(tmp_path / "part", 10, lambda _: None) as part:
            await part.append(b"x")

    with pytest.raises(StorageError, match="The disk is full"):
        asyncio.run(fill())


def test_every_model_of_the_catalogue_can_be_fetched_and_its_parts_make_its_size() -> None:
    models = catalogue.catalogue()
    assert catalogue.DEFAULT in models
    for name, model in models.items():
        assert (name, len(bytes.fromhex(model.sha256))) == (model.name, 32)
        assert model.file.endswith(".gguf")
        for source in model.sources:
            if isinstance(source, catalogue.WheelSource):
                assert (source.parts - 1) * source.part_size < model.size <= source.parts * source.part_size
            else:
                assert source.url.startswith("https://")
