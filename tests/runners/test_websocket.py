"""The websocket that lasts, against a server of its own."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from interpreter.runners.websocket import LastingSocket


class Patient(WebSocketHandler):
    """Says the next word only when something came back for the last, as a network without further ado does."""

    def open(self, *_: str) -> None:
        """Begin once something came."""
        self.words = ["one", "two", "three"]

    def on_message(self, message: str | bytes) -> None:
        """None is expected."""
        raise AssertionError(message)

    def on_pong(self, data: bytes) -> None:
        """Go on."""
        if self.words:
            self.write_message(self.words.pop(0))


class Greeting(WebSocketHandler):
    """Says a word to whoever connects, and is put into `joined`."""

    def initialize(self, joined: list[Greeting]) -> None:
        """Begin."""
        self.joined = joined

    def open(self, *_: str) -> None:
        """Greet."""
        self.joined.append(self)
        self.write_message("hello")

    def cut(self) -> None:
        """Break the connection without a word."""
        assert self.ws_connection is not None
        assert self.ws_connection.stream is not None
        self.ws_connection.stream.close()


@asynccontextmanager
async def served(
    handler: type[WebSocketHandler], given: dict[str, Any] | None = None, **parts: Any
) -> AsyncIterator[LastingSocket]:
    """A socket of these `parts` that is connected to a server with that handler, which is given something."""
    listening, port = bind_unused_port()
    server = HTTPServer(Application([("/", handler, given or {})]))
    server.add_socket(listening)
    idle = {"received": lambda _: None, "connected": lambda: None, "lost": lambda: None}
    socket = LastingSocket(lambda: HTTPRequest(f"ws://127.0.0.1:{port}/"), **(idle | parts))
    try:
        async with asyncio.timeout(10):
            await socket.open()
            yield socket
    finally:
        await socket.close()
        server.stop()
        await server.close_all_connections()


def test_each_message_is_answered_at_once_so_that_the_next_one_is_not_held_back() -> None:
    heard: list[str | bytes] = []

    async def story() -> None:
        whole = asyncio.Event()

        def received(message: str | bytes) -> None:
            heard.append(message)
            if len(heard) == 3:
                whole.set()

        async with served(Patient, received=received):
            await whole.wait()

    asyncio.run(story())
    assert heard == ["one", "two", "three"]


def test_what_is_sent_into_a_cut_that_is_not_noticed_yet_is_no_complaint_of_the_loop() -> None:
    complaints: list[dict[str, Any]] = []
    joined: list[Greeting] = []

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        greeted, again = asyncio.Event(), asyncio.Event()
        async with served(
            Greeting, {"joined": joined}, received=lambda _: greeted.set(), connected=again.set
        ) as socket:
            await greeted.wait()
            joined[0].cut()
            for _ in range(3):
                socket.send("x" * 100_000)
            await again.wait()
        gc.collect()

    asyncio.run(story())
    assert complaints == []


def test_who_fails_at_a_message_is_told_that_nothing_comes_any_more() -> None:
    async def story() -> None:
        lost = asyncio.Event()

        def received(message: str | bytes) -> None:
            raise ValueError(message)

        async with served(Greeting, {"joined": []}, received=received, lost=lost.set):
            await lost.wait()

    asyncio.run(story())


def test_a_connection_that_does_not_come_back_is_lost() -> None:
    joined: list[Greeting] = []

    async def story() -> None:
        greeted, lost = asyncio.Event(), asyncio.Event()
        async with served(
            Greeting, {"joined": joined}, received=lambda _: greeted.set(), lost=lost.set, patience=0.01
        ) as socket:
            await greeted.wait()
            joined[0].cut()
            await lost.wait()
            await socket.close()

    asyncio.run(story())
