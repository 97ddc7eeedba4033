"""What a kernel behind a server says, whole and in order though some is lost on its way. Holds no connection itself.

A kernel that was taught to (`taught.py`) retells what it sent; with any other, what was on its way into a broken
connection is lost, which is said, and a cell whose end may be among it must end all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from interpreter.runners.channels import Channel, Message
from interpreter.runners.order import Order

_SETTLE = 1.0
"""Seconds in which the end of a cell may still come behind the reply to a later request."""
_BEAT = 0.5
"""Seconds between two requests for what a server does not pass on."""
_CUT = "The connection to the server was cut. What came of this code from here on is not known."
_GAP = "[The connection to the server was cut for a while. What was printed in that time may be missing.]\n"
"""The server keeps what comes once it has noticed the cut; what it sent before that is nowhere any more."""
_AWAY = "[{why} It is tried again for five minutes.]\n"
_FLOOD = "[More was printed than the server passes on. Some of it is missing.]\n"
"""The kernel did not remember all of what the server dropped."""
_LIMITED = ("IOPub data rate exceeded", "IOPub message rate exceeded")
"""How a Jupyter server begins its word that it drops output from now on (`limit_rate` in its settings)."""


class Line(Protocol):
    """The way to the kernel. What is sent while there is no connection waits for the next one."""

    def send(self, channel: Channel, kind: str, content: Mapping[str, object]) -> tuple[str, asyncio.Future[Message]]:
        """Send a request; its message id, and the reply when it comes."""

    def repeat(self, text: str) -> None:
        """Send once more what was sent as `text`."""


class Recovery:
    """Calls `receive` with each message of the kernel, once, in the order in which the kernel sent them.

    `speaker` is the session of the kernel's own messages; a server puts in others. `retells`: it was taught to.
    """

    def __init__(self, line: Line, receive: Callable[[Message], None]) -> None:
        self.speaker = ""
        self.retells = False
        self._line = line
        self._receive = receive
        self._order = Order(self._pass_on, self._missed)
        self._running: dict[str, str] = {}  # the cells whose end was not told yet: what was sent, until one has begun
        self._typed = ""  # the latest answer to a question, as long as nothing shows that it arrived
        self._informed: set[str] = set()  # the cells in which it was said that nobody is heard
        self._heard = 0  # messages on iopub
        self._task: asyncio.Task[None] | None = None
        self._filling: set[asyncio.Task[None]] = set()

    # ---- what passes

    def asked(self, identity: str, text: str) -> None:
        """A cell was sent as `text`."""
        self._running[identity] = text

    def typed(self, text: str) -> None:
        """The answer to a question was sent as `text`."""
        self._typed = text

    def came(self, message: Message) -> None:
        """A message came over the connection."""
        self._heard += message["channel"] == "iopub"
        if message["channel"] not in ("iopub", "stdin"):
            if message["header"]["msg_type"] == "execute_reply" and self.retells:
                self._fill(self._tail(message["parent_header"].get("msg_id", "")))
            self._pass_on(message)
        elif self.retells and self._is_limit(message):
            self._do(self._drain())
        else:
            self._order.came(message)

    def _is_limit(self, message: Message) -> bool:
        if message["header"]["msg_type"] != "stream" or message["header"].get("session") == self.speaker:
            return False
        return str(message["content"].get("text", "")).startswith(_LIMITED)

    def _pass_on(self, message: Message) -> None:
        identity = message["parent_header"].get("msg_id", "")
        if message["channel"] in ("iopub", "stdin") and identity in self._running:
            self._typed = ""  # the code went on, or asks again
        if message["channel"] == "iopub":
            if identity in self._running:
                self._running[identity] = ""
            if message["content"].get("execution_state") == "idle":
                self._running.pop(identity, None)
        self._receive(message)

    # ---- what was lost

    def connected(self) -> None:
        """There is a new connection: what was typed last may not have arrived, and what was said last may be lost."""
        if self.retells:
            self._order.hold()
        self._do(self._settle(tuple(self._running)))

    def away(self, why: str) -> None:
        """The server cannot be asked, for `why`: say so in each running cell, once until it is `back`."""
        for identity in set(self._running) - self._informed:
            self._informed.add(identity)
            self._receive(_made(identity, "stream", {"name": "stderr", "text": _AWAY.format(why=why)}))

    def back(self) -> None:
        """The server answers."""
        self._informed.clear()

    def over(self) -> None:
        """The kernel is gone, and says nothing more: pass on what was held back."""
        self.retells = False
        self._order.release()

    async def close(self) -> None:
        """Recover nothing more; harmless when repeated."""
        await asyncio.gather(*self._cancelled(), return_exceptions=True)

    def _cancelled(self) -> list[asyncio.Task[None]]:
        tasks = [*self._filling, *([self._task] if self._task is not None else ())]
        for task in tasks:
            task.cancel()
        return tasks

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this from now on instead of what was begun before: one catches up with all that was lost."""
        self._cancelled()
        self._task = asyncio.create_task(work)

    def _fill(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this unless the connection is lost meanwhile: whoever catches up then does this too."""
        task = asyncio.create_task(work)
        self._filling.add(task)
        task.add_done_callback(self._filling.discard)

    def _missed(self) -> None:
        """A message did not come that others were sent after."""
        if self.retells:
            self._fill(self._catch_up())
        else:
            self._order.release()

    async def _catch_up(self) -> None:
        """Let the kernel fill a gap."""
        if not await self._retold():
            self._say(tuple(self._running), _FLOOD)

    async def _tail(self, identity: str) -> None:
        """The reply of this cell came, so its end comes too, unless it was dropped: nothing follows to show that."""
        heard = -1
        while heard != self._heard:
            heard = self._heard
            await asyncio.sleep(_SETTLE)
        if identity in self._running:
            self._order.hold()
            await self._catch_up()

    async def _settle(self, running: tuple[str, ...]) -> None:
        """The kernel answers behind a cell, so these have ended by then, whether they said so or not."""
        whole = self.retells and await self._retold()
        if self._typed:
            self._line.repeat(self._typed)  # a second time does no harm: before it asks, a kernel forgets old answers
        if not whole:
            self._say(running, _GAP)
        _, answer = self._line.send("shell", "kernel_info_request", {})
        await asyncio.wait({answer})
        await asyncio.sleep(_SETTLE)
        whole = whole and await self._retold()
        for identity in running:
            if whole and (text := self._running.get(identity)):
                self._line.repeat(text)  # it would have said that it begins: this never arrived
            elif identity in self._running:
                self._pretend(identity, "error", {"ename": "ConnectionLost", "evalue": _CUT, "traceback": [_CUT]})
                self._pretend(identity, "status", {"execution_state": "idle"})

    async def _drain(self) -> None:
        """The server drops output of a cell, for how long it does not say: until its end the kernel itself tells it."""
        running, said = tuple(self._running), False
        self._order.hold()
        while any(identity in self._running for identity in running):
            if not await self._retold(more=True) and not said:
                said = True
                self._say(running, _FLOOD)
            await asyncio.sleep(_BEAT)
        self._order.release()

    async def _retold(self, *, more: bool = False) -> bool:
        """Put in what the kernel sent since it was heard last; whether it remembered all of that."""
        _, answer = self._line.send("control", "interpreter_missed_request", {"after": self._order.after})
        await asyncio.wait({answer})
        told = answer.result()["content"]
        self._order.retold(told.get("messages", ()), more=more)
        return bool(told.get("whole"))

    def _say(self, running: tuple[str, ...], words: str) -> None:
        for identity in running:
            self._pretend(identity, "stream", {"name": "stderr", "text": words})

    def _pretend(self, parent: str, kind: str, content: Mapping[str, object]) -> None:
        """Pass on a message of ours as if the kernel had sent it."""
        self._pass_on(_made(parent, kind, content))


def _made(parent: str, kind: str, content: Mapping[str, object]) -> Message:
    headers = {"header": {"msg_type": kind}, "parent_header": {"msg_id": parent, "msg_type": "execute_request"}}
    return {"channel": "iopub", "content": content, **headers}
