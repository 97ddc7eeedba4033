"""The websocket that lasts, against a server of its own."""

from __future__ import annotations

import asyncio

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


def test_each_message_is_answered_at_once_so_that_the_next_one_is_not_held_back() -> None:
    heard: list[str | bytes] = []
    listening, port = bind_unused_port()

    async def story() -> None:
        server = HTTPServer(Application([("/", Patient)]))
        server.add_socket(listening)
        whole = asyncio.Event()

        def received(message: str | bytes) -> None:
            heard.append(message)
            if len(heard) == 3:
                whole.set()

        socket = LastingSocket(
            lambda: HTTPRequest(f"ws://127.0.0.1:{port}/"),
            received=received,
            connected=lambda: None,
            lost=lambda: None,
        )
        await socket.open()
        try:
            async with asyncio.timeout(10):
                await whole.wait()
        finally:
            await socket.close()
            server.stop()
            await server.close_all_connections()

    asyncio.run(story())
    assert heard == ["one", "two", "three"]
