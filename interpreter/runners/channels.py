"""The channels of one kernel over ZeroMQ: requests and replies, and whether it answers. Knows no process and no cell.

Messages are handed on as they come; who asked for them is decided by the parent's message id.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from queue import Empty
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from interpreter.runners.answers import Answers

if TYPE_CHECKING:
    from jupyter_client.asynchronous.client import AsyncKernelClient

Message: TypeAlias = Mapping[str, Any]
Channel: TypeAlias = Literal["iopub", "shell", "stdin", "control"]
Received: TypeAlias = Callable[[Channel, Message], object]
"""Called with each message that comes, in the order of its channel. True: no more output with that parent is wanted."""

_OUTPUT = frozenset({"stream", "display_data", "update_display_data", "execute_result"})

_INTERRUPTED = 2.0
"""Seconds a kernel may take to say that it interrupted itself; not every kernel does."""


def spoken(information: Mapping[str, Any]) -> str:
    """The language that a kernel says it runs, in small letters; empty if it does not say."""
    told = information.get("language_info")
    name = told.get("name") if isinstance(told, Mapping) else None
    return name.lower() if isinstance(name, str) else ""


class Channels:
    """The channels of `client`, open from now on. `lag` holds back the word that a cell is over, in seconds."""

    def __init__(self, client: AsyncKernelClient, received: Received, *, lag: float = 0.0) -> None:
        self.language = ""
        self._client = client
        self._received = received
        self._lag = lag
        self._answers = Answers()
        self._unwanted: set[str] = set()
        self._told = asyncio.Event()  # something came on iopub: the subscription works
        client.context.immediate = 1  # stdin takes nothing before it is connected, so that one sees when it is
        client.start_channels(stdin=True, iopub=False, shell=False, control=False, hb=False)
        client.context.rcvhwm = 0  # else what comes while this program is held up is dropped, also the end of a cell
        client.context.immediate = 0  # it drops what was not read when a kernel goes, and aborts us in mid-message
        client.start_channels(stdin=False, hb=False)
        readers: tuple[tuple[Channel, Callable[..., Any]], ...] = (
            ("iopub", self._heard),
            ("shell", client.get_shell_msg),
            ("stdin", client.get_stdin_msg),
            ("control", client.get_control_msg),
        )
        self._tasks = [asyncio.create_task(self._read(channel, get)) for channel, get in readers]

    def send(self, channel: Channel, kind: str, content: Mapping[str, object]) -> tuple[str, asyncio.Future[Message]]:
        """Send a request; its message id, and the reply when it comes. Whoever waits no longer cancels the reply."""
        session = self._client.session
        message = session.msg(kind, dict(content))
        # jupyter_client's own send goes past the asyncio socket, which then may sleep over a reply that has come.
        getattr(self._client, f"{channel}_channel").socket.send_multipart(session.serialize(message))
        identity: str = message["header"]["msg_id"]
        return identity, self._answers.expected(identity)

    async def ready(self, *, within: float, ended: asyncio.Event) -> bool:
        """Wait until a shell reply and anything on iopub came: without the latter the first output could be lost.

        Before that stdin must be connected: a kernel that asks for input there waits for ever if nobody heard it.

        False if the kernel `ended` before that, or did not answer `within` so many seconds.
        """
        from zmq import POLLOUT

        end = time.monotonic() + within
        while time.monotonic() < end and not ended.is_set():
            if await self._client.stdin_channel.socket.poll(100, POLLOUT):
                break
        while time.monotonic() < end and not ended.is_set():
            _, answer = self.send("shell", "kernel_info_request", {})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    info = await answer
                self.language = spoken(info["content"])
                async with asyncio.timeout(0.5):
                    await self._told.wait()
                return True
        return False

    async def interrupt(self) -> None:
        """Let the kernel interrupt itself, and return when it has: else it could strike a later cell."""
        _, answer = self.send("control", "interrupt_request", {})
        await asyncio.wait({answer}, timeout=_INTERRUPTED)

    async def close(self) -> None:
        """Close them; no reply comes any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._client.stop_channels()
        self._answers.cancel()

    async def _read(self, channel: Channel, get: Callable[..., Any]) -> None:
        while True:
            try:
                message = await get(timeout=None)
            except Empty:
                continue
            except (KeyError, TypeError, ValueError, RecursionError):
                continue  # not of Jupyter's protocol, or not signed with the kernel's key
            if not isinstance(message["content"], dict) or not isinstance(message["parent_header"], dict):
                continue
            if channel == "iopub":
                self._told.set()
            elif channel != "stdin":  # there the kernel asks, and names the cell that it asks for
                self._answers.came(message)
            lag = self._lag if message["content"].get("execution_state") == "idle" else 0
            if lag:
                asyncio.get_running_loop().call_later(lag, self._received, channel, message)
            elif self._received(channel, message):
                self._unwanted.add(message["parent_header"].get("msg_id", ""))

    async def _heard(self, **_: object) -> Message:
        """The next on iopub that is wanted. The rest is not unpacked: a kernel can print faster than that is done."""
        session = self._client.session
        while True:
            await asyncio.sleep(0)  # what has come already is received without a turn of the loop
            _, parts = session.feed_identities(await self._client.iopub_channel.socket.recv_multipart())
            if len(parts) < 3 or not self._is_unwanted(session.unpack(parts[1]), session.unpack(parts[2])):
                message: Message = session.deserialize(parts)
                return message

    def _is_unwanted(self, header: Any, parent: Any) -> bool:
        sound = isinstance(header, dict) and isinstance(parent, dict)
        return sound and header.get("msg_type") in _OUTPUT and parent.get("msg_id") in self._unwanted
