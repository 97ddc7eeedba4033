"""Kernels behind a real Jupyter server: what goes wrong is told in a line, and a cut connection loses nothing."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing, asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from interpreter.errors import InterpreterError, RunnerError
from interpreter.runners import kept
from interpreter.runners.address import Address, address
from interpreter.runners.gateway import Gateway, TokenRefused, variables
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.remote import RemoteKernels
from interpreter.runners.remote_languages import RemoteRunners
from interpreter.seams import Asked, Ended, Happening, Produced
from interpreter.stop import Stop
from tests.runners.bench import happenings_of, status, text
from tests.runners.plain_kernel import kernelspec
from tests.runners.servers import TOKEN, Wire, jupyter_server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's files are, under `files`."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """The address of one server for the whole module, which has a Python and a plain kernel."""
    kernelspec(folder / "data")
    with jupyter_server(folder) as url:
        yield url


@asynccontextmanager
async def gateway(url: str, token: str | None = TOKEN) -> AsyncIterator[Gateway]:
    """The gateway at `url`, closed afterwards."""
    made = Gateway(Address(url=url, token=token))
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def python(there: Gateway, *, name: str = "python3", **more: Any) -> AsyncIterator[JupyterRunner]:
    """A Python, or another kernel, of that gateway, closed afterwards."""
    runner = JupyterRunner(
        kernels=RemoteKernels(gateway=there, name=name, **more), interactive=True, late=lambda _: None
    )
    try:
        yield runner
    finally:
        await runner.close()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run it, two minutes at most."""

    async def bounded() -> None:
        async with asyncio.timeout(120):
            await work

    asyncio.run(bounded())


# ---- what goes wrong before a kernel


def test_an_enterprise_gateway_is_told_for_whom_a_kernel_is_and_what_the_user_set() -> None:
    given = {"USER": "ada", "KERNEL_NAMESPACE": "team", "OPENAI_API_KEY": "sk-secret"}
    assert variables(given) == {"KERNEL_USERNAME": "ada", "KERNEL_NAMESPACE": "team"}
    assert variables({**given, "KERNEL_USERNAME": "grace"})["KERNEL_USERNAME"] == "grace"


class Stranger(BaseHTTPRequestHandler):
    """Answers every request with the same page."""

    page = b"<h1>Welcome</h1>"

    def do_GET(self) -> None:
        """The page."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.page)

    def do_POST(self) -> None:
        """The page."""
        self.do_GET()

    def do_PUT(self) -> None:
        """The page."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Odd(Stranger):
    """Answers with JSON, though not with that of Jupyter."""

    page = b'[{"content": "bad"}]'


class Odder(Stranger):
    """The same with other JSON."""

    page = b'{"content": "bad", "kernelspecs": {"x": 1}}'


@pytest.fixture
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a web server that is no Jupyter server."""
    with HTTPServer(("127.0.0.1", 0), getattr(request, "param", Stranger)) as there:
        thread = threading.Thread(target=there.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{there.server_port}"
        there.shutdown()
        thread.join()


def refusal(url: str, token: str | None = TOKEN, kernel: str | None = None) -> InterpreterError:
    """What is said where the languages of a gateway should have come."""
    told: list[InterpreterError] = []

    async def ask() -> None:
        async with gateway(url, token) as there:
            with pytest.raises(InterpreterError) as raised:
                RemoteRunners(
                    gateway=there,
                    specs=await there.kernelspecs(),
                    interactive=False,
                    output_limit=200,
                    kernel=kernel,
                )
            told.append(raised.value)

    run(ask())
    return told[0]


def test_a_missing_and_a_wrong_token_are_told_in_a_line(server: str) -> None:
    where = "Give its token in INTERPRETER_GATEWAY_TOKEN or JUPYTER_TOKEN."
    missing, wrong = refusal(server, None), refusal(server, "not-this-one")
    assert str(missing) == f"The server at {server} wants a token. {where}"
    assert str(wrong) == f"The server at {server} refuses this token. {where}"
    assert isinstance(missing, TokenRefused)
    assert isinstance(wrong, TokenRefused)


def test_nobody_a_stranger_and_an_unknown_kernel_are_told_in_a_line(server: str, stranger: str) -> None:
    assert str(refusal("http://127.0.0.1:9")).startswith("Nobody answers at http://127.0.0.1:9 (")
    assert str(refusal(stranger)) == f"What answers at {stranger} is no Jupyter server. Check the address."
    assert str(refusal(server, kernel="nope")).startswith(
        f"There is no kernel named 'nope' at {server}. It has: python3"
    )


@pytest.mark.parametrize("stranger", [Stranger, Odd, Odder], indirect=True)
def test_whatever_a_stranger_answers_is_told_in_a_line(stranger: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"x")

    async def story() -> None:
        async with gateway(stranger) as there:
            for asked in (
                there.kernelspecs(),
                there.start("python3"),
                there.kernels(),
                there.kernel("id"),
                there.upload(tmp_path / "data", "s1"),
                there.download("data", tmp_path / "data"),
            ):
                with pytest.raises(RunnerError, match=rf"^What answers at {stranger} is no Jupyter server\."):
                    await asked

    run(story())


# ---- a kernel


def test_a_server_that_wants_no_token_starts_kernels_and_takes_files_without_one(tmp_path: Path) -> None:
    async def story(url: str) -> None:
        async with gateway(url, None) as there, python(there) as runner:
            assert text(await happenings_of(runner, "6 * 7")) == "42"
            (tmp_path / "data.csv").write_bytes(b"x")
            assert await there.upload(tmp_path / "data.csv", "s1") == "s1/data.csv"

    with jupyter_server(tmp_path / "server", token="") as url:
        run(story(url))


def test_who_stands_before_a_server_is_given_the_name_and_password_of_its_address(tmp_path: Path) -> None:
    async def story(url: str) -> None:
        gate = Wire(url, "\r\nAuthorization: Basic YWRhOnBAc3Mtd29yZA==\r\n")
        host = (await gate.lay()).removeprefix("http://")
        try:
            async with asking(f"http://{host}") as there:
                with pytest.raises(TokenRefused, match=f"^The server at http://{host} wants a token"):
                    await there.kernelspecs()
            async with asking(f"http://ada:wrong@{host}") as there:
                with pytest.raises(TokenRefused, match=f"^The server at http://{host} refuses this name and password"):
                    await there.kernelspecs()
            async with asking(f"http://ada:p%40ss-word@{host}") as there, python(there) as runner:
                assert text(await happenings_of(runner, "6 * 7")) == "42"
        finally:
            await gate.close()

    @asynccontextmanager
    async def asking(url: str) -> AsyncIterator[Gateway]:
        made = Gateway(address(url, {}))
        try:
            yield made
        finally:
            await made.close()

    with jupyter_server(tmp_path / "server", token="") as url:
        run(story(url))


def test_input_is_asked_for_and_typed(server: str) -> None:
    async def story() -> None:
        async with gateway(server) as there, python(there) as runner:
            happened = await happenings_of(runner, "x = input('name? ')\nprint(f'<{x}>')", lines=["Ada"])
            shown = Produced(kind="stdout", data={"text/plain": "<Ada>\n"})
            assert happened == [Asked(prompt="name? "), shown, Ended(status="ok")]
            secret = await happenings_of(runner, "import getpass\ngetpass.getpass('key? ')", lines=["hush"])
            assert secret[0] == Asked(prompt="key? ", secret=True)

    run(story())


def test_variables_are_told_beside_a_running_cell(server: str) -> None:
    async def story() -> None:
        async with gateway(server) as there, python(there) as runner:
            await happenings_of(runner, "import time\nkept = [1, 2]")
            stop, told = Stop(), []
            async with aclosing(runner.run("print('begun', flush=True)\ntime.sleep(60)", stop)) as happened:
                async for happening in happened:
                    if "begun" in text([happening]):
                        told = [(variable.name, variable.summary) for variable in await runner.variables()]
                        stop.set()
            assert told == [("kept", "2 items")]

    run(story())


def test_a_kernel_is_joined_by_its_id_and_left_running(server: str) -> None:
    async def story() -> None:
        async with gateway(server) as there:
            id = await there.start("python3")
            for code in ("kept = 41", "print(kept + 1)"):
                async with python(there, id=id) as runner:
                    happened = await happenings_of(runner, code)
            assert text(happened) == "42\n"
            async with python(there, id=id) as runner:
                await happenings_of(runner, "1")
                with pytest.raises(RunnerError, match=r"^This kernel was joined, not started here\."):
                    await runner.restart()
            assert await there.state(id) is not None
            await there.end(id)
            async with python(there, id=id) as runner:
                with pytest.raises(RunnerError, match=f"has no kernel {id}"):
                    await happenings_of(runner, "1")

    run(story())


def test_a_kernel_that_was_to_be_kept_and_died_is_not_written_down_any_more(server: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway(server) as there:
            async with python(there, home=tmp_path, keep=True) as runner:
                await happenings_of(runner, "1")
                record = kept.find_remote(tmp_path)
                assert record is not None
                await there.end(record.id)
                await until(lambda: runner.state == "dead")
            assert kept.find_remote(tmp_path) is None

    run(story())


def test_a_kernel_whose_end_did_not_reach_the_server_is_still_written_down(server: str, tmp_path: Path) -> None:
    async def story() -> None:
        wire = Wire(server)
        async with gateway(await wire.lay()) as there, python(there, home=tmp_path, keep=True) as runner:
            await happenings_of(runner, "1")
            record = kept.find_remote(tmp_path)
            assert record is not None
            wire.down = True
            wire.cut()
            with pytest.raises(RunnerError, match="Nobody answers"):
                await runner.restart()
            assert kept.find_remote(tmp_path) == record
            async with gateway(server) as direct:
                await direct.end(record.id)
        await wire.close()

    run(story())


def test_a_kernel_that_we_started_is_ended_with_the_session(server: str) -> None:
    async def story() -> None:
        async with gateway(server) as there:
            runner = JupyterRunner(
                kernels=RemoteKernels(gateway=there, name="python3"), interactive=False, late=lambda _: None
            )
            id = text(await happenings_of(runner, "import ipykernel\nprint(ipykernel.get_connection_file())"))
            id = Path(id.strip()).stem.removeprefix("kernel-")
            assert await there.state(id) is not None
            await runner.close()
            assert await there.state(id) is None

    run(story())


RESISTING = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("begun", flush=True)
time.sleep(600)
"""
"""A server interrupts a kernel before it ends it."""


def test_a_kernel_that_somebody_ends_is_noticed(server: str) -> None:
    async def story() -> None:
        async with gateway(server) as there:
            id = await there.start("python3")
            async with python(there, id=id) as runner:
                ends = []

                def look(printed: str) -> None:
                    if "begun" in printed:
                        ends.append(asyncio.create_task(there.end(id)))

                happened = await happenings(runner, RESISTING, look)
                assert (text(happened, "stdout"), status(happened)) == ("begun\n", "died")
                await asyncio.gather(*ends)

    run(story())


def test_a_shell_cell_says_how_it_ended_and_leaves_python_alone(server: str) -> None:
    async def story() -> None:
        async with gateway(server) as there:
            runners = RemoteRunners(gateway=there, specs=await there.kernelspecs(), interactive=False, output_limit=200)
            assert runners.languages[:2] == ("python", "shell")
            happened = await happenings_of(runners.get("shell"), 'echo "it\'s here"; exit 3')
            assert happened == [
                Produced(kind="stdout", data={"text/plain": "it's here\n"}),
                Produced(kind="error", data={"text/plain": "The shell returned non-zero exit status 3."}),
                Ended(status="error"),
            ]
            assert text(await happenings_of(runners.get("python"), "print('In' in dir(), len(In))")) == "True 2\n"
            await runners.close()

    run(story())


# ---- a cut connection


@asynccontextmanager
async def behind_a_wire(server: str, name: str = "python3") -> AsyncIterator[tuple[JupyterRunner, Wire]]:
    """A kernel of the server, ready, and the wire to it."""
    wire = Wire(server)
    url = await wire.lay()
    try:
        async with gateway(url) as there, python(there, name=name) as runner:
            await happenings_of(runner, "import time")
            yield runner, wire
    finally:
        await wire.close()


async def happenings(runner: JupyterRunner, code: str, look: Callable[[str], None]) -> list[Happening]:
    """What running `code` brings; `look` is shown each text."""
    seen = []
    async with aclosing(runner.run(code, Stop())) as happened:
        async for happening in happened:
            seen.append(happening)
            look(text([happening]))
    return seen


COUNTS = """
from pathlib import Path
for number in range(100):
    print(number, flush=True)
    while number in (10, 70) and not Path(f"noticed {number}").exists():
        time.sleep(0.01)
    if number in (40, 90):
        Path(f"printed {number}").touch()
"the end"
"""
"""Waits after some lines until the server has noticed a cut, and tells when it has printed others."""


async def cut_once(wire: Wire, lost: Callable[[bytes], bool]) -> None:
    """Cut the wire, which is dead, as soon as what it should have lost is lost."""
    await until(lambda: lost(bytes(wire.lost)))
    wire.cut()


async def until(said: Callable[[], bool]) -> None:
    """Return when `said` becomes true; whoever runs this has a limit."""
    while not said():  # noqa: ASYNC110 - a file does not set our events
        await asyncio.sleep(0.01)


def test_a_wire_cut_twice_in_the_middle_of_a_cell_loses_no_line(server: str, folder: Path) -> None:
    files = folder / "files"

    def unheard(kernel: str) -> bool:
        told = httpx.get(f"{server}/api/kernels/{kernel}", headers={"Authorization": f"token {TOKEN}"})
        return bool(told.json()["connections"] == 0)

    async def story() -> None:
        async with behind_a_wire(server) as (runner, wire):
            told = await happenings_of(runner, "import ipykernel\nprint(ipykernel.get_connection_file())")
            kernel = Path(text(told).strip()).stem.removeprefix("kernel-")
            outages = []

            async def outage(first: int, last: int) -> None:
                await until(lambda: unheard(kernel))
                (files / f"noticed {first}").touch()
                await until((files / f"printed {last}").exists)
                wire.down = False

            def look(printed: str) -> None:
                for first, last in ((10, 40), (70, 90)):
                    if str(first) in printed.split():
                        wire.down = True
                        wire.cut()
                        outages.append(asyncio.create_task(outage(first, last)))

            seen = await happenings(runner, COUNTS, look)
            assert text(seen, "stdout").split() == [str(number) for number in range(100)]
            assert (text(seen, "stderr"), text(seen, "result"), status(seen)) == ("", "'the end'", "ok")
            await asyncio.gather(*outages)

    run(story())


def test_what_is_typed_while_the_wire_is_cut_arrives(server: str) -> None:
    async def story() -> None:
        async with behind_a_wire(server) as (runner, wire):
            seen = []
            async with aclosing(runner.run("print(input('? '))", Stop())) as happened:
                async for happening in happened:
                    seen.append(happening)
                    if isinstance(happening, Asked):
                        wire.cut()
                        await runner.answer("typed")
            assert text(seen, "stdout") == "typed\n"

    run(story())


def test_what_was_said_into_a_dead_wire_is_told_again(server: str, folder: Path) -> None:
    async def story() -> None:
        async with behind_a_wire(server) as (runner, wire):
            cuts = []

            def look(printed: str) -> None:
                if "begun" in printed:
                    wire.deaf = True
                    (folder / "files" / "dead 1").touch()
                    cuts.append(asyncio.create_task(cut_once(wire, lambda lost: b"2999" in lost)))

            code = """
import os, sys
print('begun', flush=True)
while not os.path.exists('dead 1'): time.sleep(0.01)
for number in range(3000):
    print(number, file=sys.stdout if number < 1500 else sys.stderr)
number
"""
            seen = await happenings(runner, code, look)
            lines = "".join(f"{number}\n" for number in range(3000))
            assert (text(seen), status(seen)) == (f"begun\n{lines}2999", "ok")
            await asyncio.gather(*cuts)
            assert text(await happenings_of(runner, "6 * 7")) == "42"

    run(story())


def test_a_question_that_was_asked_into_a_dead_wire_is_asked_again_and_once(server: str, folder: Path) -> None:
    code = """
import os
print('begun', flush=True)
while not os.path.exists('dead 2'): time.sleep(0.01)
input('? ')
"""

    async def story() -> None:
        async with behind_a_wire(server) as (runner, wire):
            asked, cuts = [], []
            async with aclosing(runner.run(code, Stop())) as all:
                async for happening in all:
                    if isinstance(happening, Asked):
                        asked.append(happening)
                        wire.cut()
                        await runner.answer("typed")
                    elif "begun" in text([happening]):
                        wire.deaf = True
                        (folder / "files" / "dead 2").touch()
                        cuts.append(asyncio.create_task(cut_once(wire, lambda lost: b"input_request" in lost)))
            await asyncio.gather(*cuts)
            assert (asked, text([happening])) == ([Asked(prompt="? ")], "")
            assert text(await happenings_of(runner, "_")) == "'typed'"

    run(story())


def test_a_cell_that_was_sent_into_a_dead_wire_is_sent_again(server: str) -> None:
    async def story() -> None:
        async with behind_a_wire(server) as (runner, wire):
            await happenings_of(runner, "count = 0")
            wire.mute = True
            cut = asyncio.create_task(cut_once(wire, lambda lost: len(lost) > 100))  # more than a pong: the cell
            assert text(await happenings_of(runner, "count += 1; count")) == "1"
            assert text(await happenings_of(runner, "count")) == "1"
            await cut

    run(story())


def test_a_kernel_that_cannot_tell_again_loses_what_was_on_its_way_and_that_is_said(server: str, folder: Path) -> None:
    code = """
import os
say('begun\\n')
while not os.path.exists('dead 3'): time.sleep(0.01)
say('what is lost')
"""

    def all_is(lost: bytes) -> bool:
        return all(word in lost for word in (b"what is lost", b"execute_reply", b"idle"))

    async def story() -> None:
        async with behind_a_wire(server, "plain") as (runner, wire):
            cuts = []

            def look(printed: str) -> None:
                if "begun" in printed:
                    wire.deaf = True
                    (folder / "files" / "dead 3").touch()
                    cuts.append(asyncio.create_task(cut_once(wire, all_is)))

            seen = await happenings(runner, code, look)
            await asyncio.gather(*cuts)
            gap = "[The connection to the server was cut for a while. What was printed in that time may be missing.]\n"
            cut = "The connection to the server was cut. What came of this code from here on is not known."
            assert (text(seen), status(seen)) == (f"begun\n{gap}{cut}", "error")
            assert text(await happenings_of(runner, "say('again')")) == "again"

    run(story())


def test_more_than_the_server_passes_on_is_shown_whole(server: str) -> None:
    lines = 400_000

    async def story() -> None:
        async with gateway(server) as there, python(there) as runner:
            happened = await happenings_of(
                runner, f"for number in range({lines}): print(number, 'and some more words')"
            )
            assert text(happened) == "".join(f"{number} and some more words\n" for number in range(lines))

    run(story())


def frame(**parts: object) -> str:
    """A message of the kernel that lacks nothing but what `parts` take from it."""
    sound = {"header": {"msg_type": "status", "msg_id": "a"}, "parent_header": {}, "metadata": {}, "content": {}}
    return json.dumps({"channel": "iopub", **sound, **parts})


NONSENSE = [
    "Service unavailable",
    "5",
    "[" * 60_000,
    frame(channel=5),
    frame(header=[]),
    frame(header={"msg_id": "a"}),
    frame(parent_header=None),
    frame(content="no content"),
]


def test_what_is_no_message_of_jupyter_is_passed_over(server: str) -> None:
    async def story() -> None:
        async with behind_a_wire(server) as (runner, wire):
            connections = wire.connections
            for word in NONSENSE:
                wire.insert(b"\x81\x7e" + struct.pack("!H", len(word)) + word.encode())
            for binary in (b"", b"\0\0\0\1", b"\0\0\0\0", b"\0\0\0\2\0\0\0\0\0\0\0\0"):
                wire.insert(b"\x82" + bytes([len(binary)]) + binary)
            assert text(await happenings_of(runner, "6 * 7")) == "42"
            assert wire.connections == connections

    run(story())


DROPPING = """
thread = get_ipython().kernel.iopub_thread
sent, every, last, really = [], 7, False, thread._really_send

def some(*given, **named):
    sent.append(None)
    if len(sent) % every and not (last and b'"idle"' in b"".join(given[0])):
        really(*given, **named)

thread._really_send = some
"""
"""From now on every seventh message of the kernel is dropped, or the word that a cell is over if that is the `last`."""


def test_what_is_dropped_between_the_kernel_and_us_is_shown_whole_and_in_order(server: str) -> None:
    async def story() -> None:
        async with gateway(server) as there, python(there) as runner:
            await happenings_of(runner, DROPPING)
            seen = await happenings_of(runner, "for number in range(100): print(number, flush=True)\nnumber")
            assert (text(seen), status(seen)) == ("".join(f"{number}\n" for number in range(100)) + "99", "ok")
            seen = await happenings_of(runner, "every, last = 1000, True; print(sum(range(5)))")
            assert (text(seen), status(seen)) == ("10\n", "ok")

    run(story())


def test_what_was_dropped_before_a_question_comes_before_it(server: str) -> None:
    async def story() -> None:
        async with gateway(server) as there, python(there) as runner:
            await happenings_of(runner, DROPPING)
            lines = "".join(f"{number}\n" for number in range(20))
            for question in ("one? ", "two? ", "three? "):
                code = f"for number in range(20): print(number, flush=True)\nprint(input({question!r}))"
                seen = await happenings_of(runner, code, lines=["typed"])
                place = seen.index(Asked(prompt=question))
                assert (text(seen[:place]), text(seen[place:]), status(seen)) == (lines, "typed\n", "ok")

    run(story())


FORKED = """
import multiprocessing
def say():
    for number in range(40): print(f"child {number}\\n", end="", flush=True)
child = multiprocessing.get_context("fork").Process(target=say)
child.start()
child.join()
for number in range(100): print(number, flush=True)
"""


def test_what_a_forked_child_says_makes_nothing_come_twice(server: str) -> None:
    async def story() -> None:
        async with gateway(server) as there, python(there) as runner:
            await happenings_of(runner, DROPPING)
            lines = text(await happenings_of(runner, FORKED)).splitlines()
            childs = [line for line in lines if line.startswith("child ")]
            assert [line for line in lines if line not in childs] == [str(number) for number in range(100)]
            assert len(set(childs)) == len(childs)

    run(story())


# ---- files


def test_files_travel_both_ways(server: str, folder: Path, tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "data ü.csv").write_bytes(b"x\n1\n\xff")
        async with gateway(server) as there, python(there) as runner:
            path = await there.upload(tmp_path / "data ü.csv", "interpreter-s1")
            assert path == "interpreter-s1/data ü.csv"
            assert (folder / "files" / path).read_bytes() == b"x\n1\n\xff"
            copied = f"open('result.bin', 'wb').write(open({path!r}, 'rb').read())"
            assert status(await happenings_of(runner, copied)) == "ok"
            await there.download("result.bin", tmp_path / "result.bin")
            assert (tmp_path / "result.bin").read_bytes() == b"x\n1\n\xff"
            with pytest.raises(RunnerError, match="nothing-there"):
                await there.download("nothing-there", tmp_path / "result.bin")
            with pytest.raises(RunnerError, match=r"^Cannot read "):
                await there.upload(tmp_path / "none", "interpreter-s1")

    run(story())
