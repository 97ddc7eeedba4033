"""The embedded model's server: one child a program, which answers only those who know its key and dies with us.

The child is the real one; the library in it is the stand-in beside these tests, so no weights are needed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from interpreter.answering import answerer
from interpreter.choosing import Embedded
from interpreter.errors import ModelError, UsageError
from interpreter.history import History, Prompt
from interpreter.models.local import LocalModel, LocalServer
from interpreter.places import places
from interpreter.prompt import Surroundings
from interpreter.protocols.exchange import Request
from interpreter.settings import Settings
from interpreter.stop import Stop, Stopped

STANDIN = Path(__file__).with_name("standin")
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


def environment() -> Mapping[str, str]:
    """This process's, with the stand-in before the real library."""
    return {**os.environ, "PYTHONPATH": str(STANDIN)}


def weights(folder: Path, wish: str = "") -> Path:
    """A file that begins as weights do."""
    path = folder / "tiny.gguf"
    path.write_text(f"GGUF\n{wish}\n", encoding="utf-8")
    return path


def server(folder: Path, wish: str = "") -> LocalServer:
    """A server of such a file."""
    return LocalServer(weights(folder, wish), log=folder / "llama.log", environment=environment())


def connected(base: str) -> socket.socket:
    """A connection that its server keeps open until it ends."""
    address = urlsplit(base)
    return socket.create_connection((address.hostname, address.port), timeout=60)


async def reply(model: LocalModel) -> str:
    """What it says."""
    request = Request(messages=({"role": "user", "content": "hello"},))
    return "".join([chunk.text async for chunk in model.stream(request, Stop())])


def test_a_request_starts_the_server_and_is_answered_with_the_settings_that_it_needs(tmp_path: Path) -> None:
    async def ask() -> str:
        model = LocalModel(server(tmp_path))
        try:
            return await reply(model)
        finally:
            await model.close()

    assert asyncio.run(ask()) == "tiny 8192 1 passive"


def test_whoever_asks_shares_one_server_and_closing_ends_it(tmp_path: Path) -> None:
    async def use() -> None:
        local = server(tmp_path)
        first, second = await asyncio.gather(local.ready(), local.ready())
        assert first is second
        assert first.key not in repr(first)
        with connected(first.base) as connection:
            await local.close()
            assert ended(connection)
        assert not first.alive
        await local.close()

    asyncio.run(use())


def test_it_reads_what_every_conversation_begins_with_before_the_first_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(STANDIN))
    file = weights(tmp_path)

    async def use() -> None:
        choice = Embedded(weights=file, name="tiny")
        where = Surroundings(folder=str(tmp_path), languages=("python",), aliases={})
        there = answerer(choice, Settings(), places({"INTERPRETER_HOME": str(tmp_path)}), {}, where)
        try:
            await there.warm()
            asked = there.ladder.current().request(History(entries=(Prompt(text="How many files are here?"),)))
            async for _ in there.model.stream(asked, Stop()):
                pass
        finally:
            await there.close()

    asyncio.run(use())
    first, second = (json.loads(line) for line in Path(f"{file}.asked").read_text().splitlines())
    assert (first["max_tokens"], "max_tokens" in second) == (1, False)
    assert first["messages"][:-1] == second["messages"][:-1]
    assert second["messages"][-1] == {"role": "user", "content": "How many files are here?"}


def test_a_server_that_died_is_started_anew_with_another_key(tmp_path: Path) -> None:
    async def die() -> None:
        local = server(tmp_path)
        model = LocalModel(local)
        try:
            first = await local.ready()
            first.process.kill()
            await first.process.wait()
            assert await reply(model) == "tiny 8192 1 passive"
            assert (await local.ready()).key != first.key
        finally:
            await model.close()

    asyncio.run(die())


def test_weights_that_cannot_be_loaded_are_one_clear_line_with_the_childs_last_words(tmp_path: Path) -> None:
    async def fail() -> str:
        local = server(tmp_path, "broken")
        with pytest.raises(ModelError) as caught:
            await local.ready()
        weights(tmp_path)  # mended: the next attempt is a new one
        await local.ready()
        await local.close()
        return str(caught.value)

    log = tmp_path / "llama.log"
    words = "RuntimeError: failed to load  [31mmodel"
    assert asyncio.run(fail()) == f"tiny.gguf cannot be served: {words} (more in {log})."


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PK\x03\x04 something else", "is not a GGUF file"), (None, "No such file or directory")],
    ids=["another format", "no file"],
)
def test_a_file_that_is_no_weights_is_refused_before_anything_starts(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    local = LocalServer(path, log=tmp_path / "log")
    with pytest.raises(UsageError, match=words):
        asyncio.run(local.ready())
    assert not (tmp_path / "log").exists()


def test_an_interrupt_while_the_model_loads_ends_the_wait_and_close_ends_the_child(tmp_path: Path) -> None:
    async def interrupt(loading: socket.socket) -> None:
        model, stop = LocalModel(server(tmp_path, str(loading.getsockname()[1]))), Stop()
        asking = asyncio.ensure_future(anext(model.stream(Request(messages=()), stop)))
        with await asyncio.to_thread(accepted, loading) as child:
            stop.set()
            with pytest.raises(Stopped):
                await asking
            await model.close()
            assert ended(child)

    with socket.create_server(("127.0.0.1", 0)) as loading:
        asyncio.run(interrupt(loading))


@needs_signals
@pytest.mark.parametrize("death", ["SIGKILL", "SIGTERM", "SIGHUP"])
def test_the_server_dies_with_the_program_whatever_kills_that(tmp_path: Path, death: str) -> None:
    heeded = f"signal.{death} == signal.SIGKILL or signal.signal(signal.{death}, signal.SIG_DFL)"  # nohup ignores one
    waits = "await asyncio.sleep(600)"
    with program(tmp_path, waits, before=heeded) as running, connected_to(running) as connection:
        running.send_signal(getattr(signal, death))
        assert ended(connection)


def test_a_server_that_nobody_closed_ends_when_the_program_leaves_at_once(tmp_path: Path) -> None:
    with program(tmp_path, "sys.stdin.read(); os._exit(0)") as running, connected_to(running) as connection:
        assert running.stdin is not None
        running.stdin.close()
        assert ended(connection)


@needs_signals
def test_ctrl_c_at_the_terminal_is_not_for_the_server(tmp_path: Path) -> None:
    before = "signal.signal(signal.SIGINT, lambda *_: os.write(1, f'{served.alive}\\n'.encode()))"
    with (
        program(tmp_path, "sys.stdin.read()", before=before) as running,
        connected_to(running) as connection,
    ):
        os.killpg(running.pid, signal.SIGINT)
        assert running.stdout is not None
        assert running.stdin is not None
        assert running.stdout.readline() == "True\n"
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(4) == b"HTTP"
        running.stdin.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends a child with its parent")
def test_a_model_that_is_still_being_loaded_dies_with_the_program_too(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as loading,
        program(tmp_path, "", wish=str(loading.getsockname()[1])) as running,
        accepted(loading) as child,
    ):
        running.kill()
        assert ended(child)


def program(folder: Path, body: str, *, before: str = "", wish: str = "") -> subprocess.Popen[str]:
    """A program that starts a server, does `before`, tells the address and goes on with `body`."""
    code = f"""
import asyncio, os, signal, sys
from pathlib import Path
from interpreter.models.local import LocalServer

async def main():
    local = LocalServer(Path(sys.argv[1]), log=Path(sys.argv[2]))
    served = await local.ready()
    {before}
    print(served.base, flush=True)
    {body}

asyncio.run(main())
"""
    return subprocess.Popen(
        [sys.executable, "-c", code, str(weights(folder, wish)), str(folder / "llama.log")],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def connected_to(running: subprocess.Popen[str]) -> socket.socket:
    """A connection to the server that the program told of."""
    assert running.stdout is not None
    return connected(running.stdout.readline().strip())


def ended(connection: socket.socket) -> bool:
    """Whether the other side is gone; waits for it."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def accepted(loading: socket.socket) -> socket.socket:
    """The connection of a child that loads its model."""
    loading.settimeout(60)
    connection, _ = loading.accept()
    connection.settimeout(60)
    return connection
