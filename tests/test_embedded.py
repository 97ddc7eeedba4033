"""The embedded model's weights are fetched with consent, and the fetch is shown as fits where it is shown."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from interpreter.choosing import Embedded, ToFetch
from interpreter.embedded import ProgressLine, fetched
from interpreter.errors import UsageError
from interpreter.models.catalogue import UrlSource, Weights
from interpreter.models.weights import Progress
from interpreter.stop import Stop
from tests.models.files import FileServer

DATA = bytes(range(256)) * 40


class Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture
def server() -> Iterator[FileServer]:
    """A file server with `DATA`."""
    with FileServer(DATA).running() as running:
        yield running


def wanted(server: FileServer, folder: Path) -> ToFetch:
    """The model that the server has."""
    source = UrlSource(url=server.url("whole"))
    sha256 = hashlib.sha256(DATA).hexdigest()
    weights = Weights(
        name="small", file="small.gguf", size=len(DATA), licence="Apache-2.0", sha256=sha256, sources=(source,)
    )
    return ToFetch(weights=weights, folder=folder)


def test_at_a_terminal_size_and_licence_are_told_and_a_no_fetches_nothing(server: FileServer, tmp_path: Path) -> None:
    asked: list[str] = []

    async def refuse(words: str) -> bool:
        asked.append(words)
        return False

    with pytest.raises(UsageError, match="Nothing was fetched"):
        asyncio.run(fetched(wanted(server, tmp_path / "models"), ask=refuse, err=io.StringIO(), stop=Stop()))
    assert asked == [f"Fetch small (0.0 MB, licence Apache-2.0) into {tmp_path / 'models'}?"]
    assert server.asked == []
    assert not (tmp_path / "models").exists()


async def agree(_: str) -> bool:
    """Say yes."""
    return True


def test_a_yes_fetches_it(server: FileServer, tmp_path: Path) -> None:
    choice = asyncio.run(fetched(wanted(server, tmp_path), ask=agree, err=io.StringIO(), stop=Stop()))
    assert choice == Embedded(weights=tmp_path / "small.gguf", name="small")
    assert choice.weights.read_bytes() == DATA


def test_where_nobody_is_the_flag_was_the_consent(server: FileServer, tmp_path: Path) -> None:
    err = io.StringIO()
    choice = asyncio.run(fetched(wanted(server, tmp_path), ask=None, err=err, stop=Stop()))
    assert choice.weights.read_bytes() == DATA
    assert err.getvalue().splitlines() == [
        "Asking 127.0.0.1 ...",
        "100 %  0.0 MB of 0.0 MB",
        "Checking its sum ...",
        "The model is here.",
    ]


def drawn(err: io.StringIO, *progress: Progress) -> str:
    """What `err` holds after all of `progress`."""
    line = ProgressLine(err)
    for one in progress:
        line(one)
    return err.getvalue()


def at(done: int) -> Progress:
    """So many millions of a thousand have come."""
    return Progress(stage="fetching", done=done * 10**6, total=10**9, source="hub")


def test_without_a_terminal_each_tenth_is_a_line() -> None:
    text = drawn(io.StringIO(), at(1), at(2), at(99), at(100), at(250), at(1000))
    assert text.splitlines() == [
        "  0 %  1.0 MB of 1.0 GB",
        " 10 %  0.1 GB of 1.0 GB",
        " 20 %  0.2 GB of 1.0 GB",
        "100 %  1.0 GB of 1.0 GB",
    ]


def test_at_a_terminal_one_line_is_rewritten_and_other_words_take_its_place() -> None:
    left = Progress(
        stage="passed over", done=0, total=10**9, source="hub", note="no \x1b]0;t\x07answer within 5 seconds"
    )
    text = drawn(Terminal(), at(500), at(500), left)
    bar = f"\r[{'#' * 15}{'.' * 15}] 0.5 GB of 1.0 GB"
    assert text == f"{bar}\r\x1b[KPassed over hub: no answer within 5 seconds.\n"
