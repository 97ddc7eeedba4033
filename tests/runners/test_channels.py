"""The channels against a kernel of the test's own, which can leave at any moment: real ZeroMQ, no process."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import Session

from interpreter.runners.channels import Channel, Channels, Message

SAID = [str(number) for number in range(200)]


class Peer:
    """A kernel's side of the channels, in `folder`. It answers that it is there, and says what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "connection.json"
        self._context = zmq.asyncio.Context()
        self._session = Session(key=b"secret")
        self._request: dict[str, Any] = {}
        told: dict[str, Any] = {"transport": "ipc", "ip": str(folder / "k"), "key": "secret", "hb_port": 5}
        self._sockets = {}
        for port, name in enumerate(("shell", "iopub", "stdin", "control"), 1):
            self._sockets[name] = self._context.socket(zmq.PUB if name == "iopub" else zmq.ROUTER)
            self._sockets[name].bind(f"ipc://{folder / 'k'}-{port}")
            told[f"{name}_port"] = port
        self.file.write_text(json.dumps({**told, "signature_scheme": "hmac-sha256"}))

    async def answer(self) -> None:
        """Say that it is there, whenever it is asked."""
        while True:
            identities, parts = self._session.feed_identities(await self._sockets["shell"].recv_multipart())
            self._request = self._session.deserialize(parts)
            self._send("iopub", "status", {"execution_state": "idle"})
            self._send("shell", "kernel_info_reply", {"language_info": {"name": "python"}}, identities)

    def say(self, text: str) -> None:
        """Print `text`."""
        self._send("iopub", "stream", {"name": "stdout", "text": text})

    def babble(self) -> None:
        """Send what no kernel should."""
        for parts in ([b"?"], [b"<IDS|MSG>", b"no signature", b"{", b"{}", b"{}", b"{}"]):
            zmq.Socket.shadow(self._sockets["iopub"].underlying).send_multipart(parts)
        self._send("iopub", "stream", b"[]")

    def leave(self) -> None:
        """Go, when all that was said is on its way."""
        for socket in self._sockets.values():
            socket.close()
        self._context.term()

    def _send(self, channel: str, kind: str, content: Any, identities: list[bytes] | None = None) -> None:
        socket: zmq.Socket[bytes] = zmq.Socket.shadow(self._sockets[channel].underlying)
        self._session.send(socket, kind, content, parent=self._request, ident=identities)


def test_what_a_kernel_said_before_it_went_is_read_though_nobody_read_in_time(tmp_path: Path) -> None:
    """Some of it was once lost, and what was being read at that moment ended the program: an assertion in ZeroMQ."""
    read: list[str] = []

    def received(channel: Channel, message: Message) -> None:
        if message["msg_type"] == "stream":
            read.append(message["content"]["text"])

    async def scene() -> None:
        peer = Peer(tmp_path)
        answering = asyncio.create_task(peer.answer())
        client = AsyncKernelClient(connection_file=str(peer.file))
        client.load_connection_file()
        channels = Channels(client, received)
        assert await channels.ready(within=60, ended=asyncio.Event())
        answering.cancel()
        await asyncio.wait({answering})
        listener = client.iopub_channel.socket
        monitor = listener.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        for text in SAID:
            peer.say(text)
        peer.leave()
        assert zmq.Socket.shadow(monitor.underlying).poll(60_000)  # blocks the loop: nothing is read meanwhile
        listener.disable_monitor()
        monitor.close()
        async with asyncio.timeout(20):
            while len(read) < len(SAID):  # noqa: ASYNC110 - whoever reads sets no event of ours
                await asyncio.sleep(0.01)
        await channels.close()

    asyncio.run(scene())
    assert read == SAID


def test_what_is_no_message_of_a_kernel_is_passed_over_and_what_follows_is_read(tmp_path: Path) -> None:
    read: list[object] = []

    def received(channel: Channel, message: Message) -> None:
        if message["msg_type"] == "stream":
            read.append(message["content"]["text"])

    async def scene() -> None:
        peer = Peer(tmp_path)
        answering = asyncio.create_task(peer.answer())
        client = AsyncKernelClient(connection_file=str(peer.file))
        client.load_connection_file()
        channels = Channels(client, received)
        assert await channels.ready(within=60, ended=asyncio.Event())
        answering.cancel()
        await asyncio.wait({answering})
        peer.babble()
        peer.say("sense")
        async with asyncio.timeout(20):
            while not read:  # noqa: ASYNC110 - whoever reads sets no event of ours
                await asyncio.sleep(0.01)
        peer.leave()
        await channels.close()

    asyncio.run(scene())
    assert read == ["sense"]
