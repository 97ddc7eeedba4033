"""Files to and from kernels behind a server that keeps none itself, as an Enterprise Gateway does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from interpreter.errors import RunnerError
from interpreter.runners.address import Address
from interpreter.runners.gateway import Gateway
from interpreter.runners.remote_languages import RemoteRunners
from tests.runners.bench import happenings_of, text
from tests.runners.servers import TOKEN, jupyter_server

NOTHING = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


@asynccontextmanager
async def without_files(server: str) -> AsyncIterator[str]:
    """The address of what passes everything on to `server` but requests for its files."""
    port = int(server.rpartition(":")[2])
    joined: list[asyncio.Task[None]] = []

    async def passed(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        joined.append(asyncio.create_task(join(reader, writer)))

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        answers = asyncio.create_task(passed(there_reader, writer))
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if data.split(b" ", 2)[1:2] and data.split(b" ", 2)[1].startswith(b"/api/contents"):
                    writer.write(NOTHING)
                else:
                    there_writer.write(data)
        there_writer.close()
        await answers
        for end in (there_writer, writer):
            await end.wait_closed()

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        await asyncio.gather(*joined)


def test_files_travel_through_the_kernel_where_the_server_keeps_none(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000  # more than one piece
    (tmp_path / "data ü.bin").write_bytes(content)
    (tmp_path / "empty").write_bytes(b"")

    async def story(server: str) -> None:
        async with asyncio.timeout(120), without_files(server) as url:
            gateway = Gateway(Address(url=url, token=TOKEN))
            runners = RemoteRunners(
                gateway=gateway, specs=await gateway.kernelspecs(), interactive=False, output_limit=200
            )
            python = runners.get("python")
            try:
                path = await runners.upload(tmp_path / "data ü.bin", "interpreter-s1")
                assert path == "interpreter-s1/data ü.bin"
                assert await runners.upload(tmp_path / "empty", "interpreter-s1") == "interpreter-s1/empty"
                looked = f"len(open({path!r}, 'rb').read()), [name for name in dir() if name in ('path', 'base64')]"
                assert text(await happenings_of(python, looked)) == f"({len(content)}, [])"
                for name in ("data ü.bin", "empty"):
                    await runners.download(f"interpreter-s1/{name}", tmp_path / "back")
                    assert (tmp_path / "back").read_bytes() == (tmp_path / name).read_bytes()
                assert text(await happenings_of(python, "print(len(In))")) == "3\n"  # with this cell
                with pytest.raises(RunnerError, match=r"^The kernel cannot do that: FileNotFoundError: .*'none'$"):
                    await runners.download("none", tmp_path / "back")
                with pytest.raises(RunnerError, match=r"^Cannot read .*/none: No such file"):
                    await runners.upload(tmp_path / "none", "interpreter-s1")
                with pytest.raises(RunnerError, match=r" is a folder, and only files travel to a server\."):
                    await runners.upload(tmp_path, "interpreter-s1")
            finally:
                await runners.close()

    with jupyter_server(tmp_path / "server") as server:
        asyncio.run(story(server))
