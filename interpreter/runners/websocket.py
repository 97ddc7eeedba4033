"""A websocket to a kernel behind a server, connected anew whenever it is lost. Knows no kernel and reads no message.

The server keeps what a kernel says while nobody listens, and gives it to the next connection of the same session.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from interpreter.errors import RunnerError

if TYPE_CHECKING:
    from tornado.httpclient import HTTPRequest
    from tornado.iostream import IOStream
    from tornado.websocket import WebSocketClientConnection

_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to connect; the last is repeated."""
_ATTEMPT = 10.0
"""Seconds that one attempt may take."""
_SILENCE = 15.0
"""Seconds between pings, and within which one must be answered: a cut cable says nothing by itself."""
_PONG = b"\x8a\x80\0\0\0\0"
"""The whole frame: last, pong; masked, empty; the mask."""
_LONGEST = 1 << 30
"""Bytes of one message: a picture may have many."""


class LastingSocket:
    """Texts and bytes to and from `request`, over one connection after another.

    `received` is called with each that comes, `connected` after each connection but the first. What is sent meanwhile
    waits. `lost` is called when there was no connection for `patience` seconds, or `received` failed, and nothing is
    tried any more.
    """

    def __init__(
        self,
        request: Callable[[], HTTPRequest],
        *,
        received: Callable[[str | bytes], None],
        connected: Callable[[], None],
        lost: Callable[[], None],
        patience: float = 300.0,
    ) -> None:
        self._request = request
        self._received = received
        self._connected = connected
        self._lost = lost
        self._patience = patience
        self._connection: WebSocketClientConnection | None = None
        self._waiting: list[str] = []
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect. Raises `RunnerError` if that fails."""
        from tornado.httpclient import HTTPError

        try:
            connection = await self._connect()
        except (OSError, TimeoutError, HTTPError) as error:
            raise RunnerError(f"The server's websocket cannot be reached: {error}") from error
        self._task = asyncio.create_task(self._keep(connection))
        self._task.add_done_callback(self._over)

    def send(self, text: str) -> None:
        """Send `text`, now or once there is a connection again."""
        from tornado.websocket import WebSocketClosedError

        try:
            if self._connection is None:
                raise WebSocketClosedError
            self._connection.write_message(text).add_done_callback(_retrieve)
        except WebSocketClosedError:
            self._waiting.append(text)

    async def close(self) -> None:
        """Close for good; harmless when repeated."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self, connection: WebSocketClientConnection) -> None:
        """Read from one connection after another."""
        first = True
        while True:
            self._connection = connection
            waiting, self._waiting = self._waiting, []
            for text in waiting:
                self.send(text)
            if not first:
                self._connected()
            first = False
            try:
                while (message := await connection.read_message()) is not None:
                    _answer_at_once(connection)
                    self._received(message)
            finally:
                self._connection = None
                _hang_up(connection)
            async with asyncio.timeout(self._patience):
                connection = await self._again()

    def _over(self, keeping: asyncio.Task[None]) -> None:
        """Nobody reads any more: the patience is at its end, or it was closed, or a defect of ours came between."""
        if not keeping.cancelled():
            self._lost()

    async def _again(self) -> WebSocketClientConnection:
        from tornado.httpclient import HTTPError

        pauses = list(_PAUSES)
        while True:
            await asyncio.sleep(pauses.pop(0) if len(pauses) > 1 else pauses[0])
            with contextlib.suppress(OSError, TimeoutError, HTTPError):
                return await self._connect()

    async def _connect(self) -> WebSocketClientConnection:
        from tornado.websocket import websocket_connect

        request = self._request()
        request.connect_timeout = request.request_timeout = _ATTEMPT
        connection = await websocket_connect(
            request,
            ping_interval=_SILENCE,
            ping_timeout=_SILENCE,
            max_message_size=_LONGEST,
        )
        _answer_at_once(connection)
        return connection


def _retrieve(sent: asyncio.Future[None]) -> None:
    """What was on its way into a cut is lost, which is no defect of ours."""
    if not sent.cancelled():
        sent.exception()


def _answer_at_once(connection: WebSocketClientConnection) -> None:
    """Send a word back for what came: the server, or a proxy before it, sends its next small message only when the
    last was acknowledged, which takes 40 ms where there is nothing to send with it.

    A pong that nobody asked for is answered by nobody. https://datatracker.ietf.org/doc/html/rfc6455#section-5.5.3
    """
    from tornado.iostream import StreamClosedError

    if (stream := _stream(connection)) is not None:
        with contextlib.suppress(StreamClosedError, OSError):
            stream.set_nodelay(True)
            stream.write(_PONG)


def _hang_up(connection: WebSocketClientConnection) -> None:
    """Say goodbye and close at once: the other side's goodbye may never come."""
    stream = _stream(connection)
    connection.close()
    if stream is not None:
        stream.close()


def _stream(connection: WebSocketClientConnection) -> IOStream | None:
    """What lies below the websocket, as long as it is open."""
    return getattr(connection.protocol, "stream", None)
