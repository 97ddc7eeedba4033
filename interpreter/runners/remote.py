"""Kernels behind a Jupyter Server or Enterprise Gateway: started, spoken with and ended over the network.

A Python kernel is taught to retell what it sent, so that a broken connection loses nothing. Knows nothing of cells.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interpreter.errors import RunnerError
from interpreter.runners import kept
from interpreter.runners.answers import Answers
from interpreter.runners.channels import Channel, Message, Received, spoken
from interpreter.runners.gateway import Gateway, Unreachable
from interpreter.runners.installing import Remedy
from interpreter.runners.recovery import Recovery
from interpreter.runners.waiting import within
from interpreter.runners.websocket import LastingSocket

if TYPE_CHECKING:
    from tornado.httpclient import HTTPRequest

_START = 120.0
"""Seconds a started kernel may take until it answers."""
_WATCH = 5.0
"""Seconds between two looks whether the server still has the kernel; a death it notices itself it tells at once."""
_AGAIN = 1.0
"""Seconds until the server is asked again what did not reach it."""
_PLAIN = "get_ipython().InteractiveTB.set_mode(mode='Plain')"
"""Lets a Python kernel of ours tell errors as briefly as those on this machine do."""


class RemoteKernel:
    """Implements `Kernel`. `id` is a kernel that runs there already, None to start one of the kernelspec `name`.

    `keep`: it runs on when the session is over; its id is then written down in `home`.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        name: str,
        received: Received,
        id: str | None = None,
        foreign: bool = False,
        home: Path | None = None,
        keep: bool = False,
    ) -> None:
        self.died = asyncio.Event()
        self.exit_code: int | None = None
        self.language = ""
        self.ours = False  # until it was taught
        self.foreign = foreign
        self.id = id
        self._gateway = gateway
        self._name = name
        self._received = received
        self._home = home
        self._keep = keep
        self._session = uuid.uuid4().hex
        self._answers = Answers()
        self._recovery = Recovery(self, self._passed_on)
        self._told = asyncio.Event()
        self._why = ""
        self._socket: LastingSocket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start or join it, and wait until it answers. Raises `RunnerError` if it does not."""
        if self.id is None:
            self.id = await self._gateway.start(self._name)
            if self._home is not None and self._keep:
                kept.record_remote(self._home, url=self._gateway.address.url, id=self.id)
        elif await self._gateway.state(self.id) is None:
            raise RunnerError(f"The server at {self._gateway.address.url} has no kernel {self.id}. It may have ended.")
        self._socket = LastingSocket(
            self._request,
            received=self._came,
            connected=self._recovery.connected,
            lost=lambda: self._end("the server is gone"),
        )
        await self._socket.open()
        self._go(self._watch())
        await self._ready()

    def send(self, channel: Channel, kind: str, content: Mapping[str, object]) -> tuple[str, asyncio.Future[Message]]:
        """Send a request; its message id, and the reply when it comes."""
        if self._socket is None:
            raise RunnerError("The kernel is not running.")
        identity = uuid.uuid4().hex
        header = {
            "msg_id": identity,
            "msg_type": kind,
            "session": self._session,
            "username": "",
            "date": datetime.now(UTC).isoformat(),
            "version": "5.3",
        }
        parts = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": channel}
        reply = self._answers.expected(identity)
        text = json.dumps(parts)
        if kind == "execute_request" and not content.get("silent"):
            self._recovery.asked(identity, text)
        elif channel == "stdin":
            self._recovery.typed(text)
        self._socket.send(text)
        return identity, reply

    def repeat(self, text: str) -> None:
        """Send once more what was sent as `text`."""
        if self._socket is not None:
            self._socket.send(text)

    async def interrupt(self) -> None:
        """Let the server interrupt it, once it can be reached.

        And nudge: a cell parked in `await` sees it only when the loop wakes.
        """
        while self.id is not None and self._socket is not None and not self.died.is_set():
            try:
                await self._gateway.interrupt(self.id)
            except Unreachable:
                await within(self.died, _AGAIN)
                continue
            except RunnerError:  # the server cannot do that
                pass
            self.send("shell", "kernel_info_request", {})
            return

    async def close(self) -> None:
        """End it on the server, unless it is foreign."""
        await self._disconnect()
        if self.id is not None and not self.foreign:
            try:
                await self._gateway.end(self.id)
            except Unreachable:  # it may run on, and is still written down where it was to be kept
                return
            except RunnerError:  # the server has its own rules
                pass
            if self._home is not None:
                kept.forget_remote(self._home, self.id)

    async def leave(self) -> None:
        """Let it run on if it is foreign or to be kept, else end it."""
        if not self._keep:
            await self.close()
            return
        await self._disconnect()
        if self.died.is_set() and self.id is not None and self._home is not None:
            with contextlib.suppress(RunnerError):  # the server is gone: the kernel may run on
                if await self._gateway.state(self.id) in (None, "dead"):
                    kept.forget_remote(self._home, self.id)

    async def _disconnect(self) -> None:
        await self._recovery.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()
        self._answers.cancel()

    def log(self) -> str:
        """What is known of its end; its own words stay on the server."""
        return f"{self._why[:1].upper()}{self._why[1:]}." if self._why else ""

    # ---- its life

    async def _ready(self) -> None:
        """Until a shell reply and anything on iopub came."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START):
                while not self.died.is_set():
                    _, answer = self.send("shell", "kernel_info_request", {})
                    done, _ = await asyncio.wait({answer}, timeout=2)
                    if done:
                        info = answer.result()
                        self._recovery.speaker = info["header"].get("session", "")
                        self.language = spoken(info["content"])
                        await asyncio.wait({asyncio.ensure_future(self._told.wait())}, timeout=0.5)
                        if self.language == "python":
                            self._go(self._teach())
                        return
        why = self._why or f"it did not answer within {_START:.0f} seconds"
        raise RunnerError(f"The kernel {self._name} could not be used at {self._gateway.address.url}: {why}.")

    async def _watch(self) -> None:
        """Notice that the server has no such kernel any more, whoever ended it, and say when it cannot be asked."""
        assert self.id is not None
        failed = 0
        while True:
            await asyncio.sleep(_AGAIN if failed == 1 else _WATCH)
            try:
                state = await self._gateway.state(self.id)
            except RunnerError as error:  # how long to wait for it, the socket knows
                failed += 1
                if failed > 1:  # once alone is no outage: a connection was cut just then
                    self._recovery.away(str(error))
                continue
            failed = 0
            self._recovery.back()
            if state in (None, "dead"):
                self._end("the server has no such kernel any more" if state is None else "the server gave it up")

    def _end(self, why: str) -> None:
        self._why = self._why or why
        self._recovery.over()
        self.died.set()

    async def _teach(self) -> None:
        """Let it retell what it said, and answer for its variables; a Python without ipykernel's ways cannot."""
        if not self.foreign:
            self.send("shell", "execute_request", {"code": _PLAIN, "silent": True})
        _, answer = self.send("shell", "execute_request", {"code": _teaching(), "silent": True})
        await asyncio.wait({answer})
        self.ours = self._recovery.retells = answer.result()["content"].get("status") == "ok"

    def _go(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ---- messages

    def _request(self) -> HTTPRequest:
        from tornado.httpclient import HTTPRequest

        there = self._gateway.address
        url = f"ws{there.url.removeprefix('http')}/api/kernels/{self.id}/channels?session_id={self._session}"
        encryption = self._gateway.encryption if there.url.startswith("https") else None
        return HTTPRequest(url, headers=dict(there.headers), ssl_options=encryption)

    def _came(self, frame: str | bytes) -> None:
        message = _message(frame)
        if message is None:
            return
        channel, kind = message["channel"], message["header"]["msg_type"]
        if channel == "iopub":
            self._told.set()
        ending = message["content"].get("execution_state") in ("restarting", "dead")
        if channel == "iopub" and kind == "status" and ending:
            self._end("the server noticed that its process ended")
        else:
            self._recovery.came(message)

    def _passed_on(self, message: Message) -> None:
        channel: Channel = message["channel"]
        if channel in ("shell", "control"):
            self._answers.came(message)
        self._received(channel, {**message, "msg_type": message["header"]["msg_type"]})


def _message(frame: str | bytes) -> Message | None:
    """What a frame of the server holds; None if it is not of Jupyter's protocol, such as a proxy's word."""
    try:
        if isinstance(frame, bytes):  # the first of its parts is the message, the others are for widgets
            count = struct.unpack_from("!I", frame)[0]
            offsets = struct.unpack_from(f"!{count}I", frame, 4)
            frame = frame[offsets[0] : offsets[1] if count > 1 else None].decode()
        message = json.loads(frame)
        header, parts = message["header"], [message[name] for name in ("parent_header", "metadata", "content")]
        names = (message["channel"], header["msg_type"], header["msg_id"])
    except (ValueError, TypeError, LookupError, RecursionError, struct.error):
        return None
    sound = all(isinstance(name, str) for name in names) and all(isinstance(part, dict) for part in parts)
    return message if sound else None


def _teaching() -> str:
    """The code that teaches a kernel; it binds no name, and trusts none that its user may have bound."""
    inside = Path(__file__).with_name("inside")
    sources = [(inside / f"{name}.py").read_text(encoding="utf-8") for name in ("inspected", "taught")]
    built_in, kernel = "__import__('builtins')", "__import__('IPython').get_ipython().kernel"
    run = "".join(f"{built_in}.exec({source!r}, o), " for source in sources)
    return f"(lambda o: ({run}o['teach']({kernel}, o['report'])) and None)({{}})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteKernels:
    """Implements `Kernels`: of the kernelspec `name`, or the foreign kernel `id` that runs there already.

    `home` is where a session writes down the kernel that it keeps, if it is to `keep` one.
    """

    gateway: Gateway
    name: str
    id: str | None = None
    home: Path | None = None
    keep: bool = False

    @property
    def unasked(self) -> bool:
        """A kernel on a cluster may cost somebody's money: it is started for a cell that was approved."""
        return False

    async def kernel(self, received: Received) -> RemoteKernel:
        """See `Kernels.kernel`."""
        if self.id is not None:
            return RemoteKernel(gateway=self.gateway, name=self.name, received=received, id=self.id, foreign=True)
        return RemoteKernel(
            gateway=self.gateway,
            name=self.name,
            received=received,
            id=await self.alive(),
            home=self.home,
            keep=self.keep,
        )

    async def alive(self) -> str | None:
        """The id of the kernel that the session kept here, None if there is none or it has ended."""
        record = kept.find_remote(self.home) if self.home is not None else None
        if record is None or record.url != self.gateway.address.url:
            return None
        return record.id if await self.gateway.state(record.id) is not None else None

    async def remedy(self, module: str) -> Remedy | None:
        """None: what is installed there is the server's business; `%pip` in a cell does what its user may do."""
        return None
