"""A kernel that outlives the program: its folder, what is written there of it, its end. Starts and joins none."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interpreter.runners import processes

if TYPE_CHECKING:
    import zmq.asyncio

_SHARED = "shared"
"""A folder with the connection file alone, since a Jupyter server takes each file in the folder for a kernel's."""
_CONNECTION, _KERNEL, _REMOTE = "kernel.json", "process.json", "remote.json"
_GONE = 5.0
"""Seconds a killed process may take to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was written of a kernel in `home`. `ours`: our launcher started it."""

    home: Path
    pid: int
    ours: bool

    @property
    def connection_file(self) -> Path:
        """With which any Jupyter front end on this machine joins it."""
        return self.home / _SHARED / _CONNECTION


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRemote:
    """What was written of a kernel on a server."""

    url: str
    id: str


class Heartbeat:
    """Asks a kernel whether it is there; it answers in the middle of a cell too."""

    def __init__(self, connection_file: Path) -> None:
        self._file = connection_file
        self._context: zmq.asyncio.Context | None = None
        self._socket: zmq.asyncio.Socket | None = None

    async def beats(self, within: float) -> bool:
        """Whether it answers within so many seconds; no, if the file is none of a kernel."""
        from zmq import ZMQError

        try:
            socket = self._socket = self._socket or self._opened()
        except (OSError, ValueError, KeyError, TypeError, ZMQError):
            return False
        await socket.send_multipart([b"", b"ping"])
        try:
            async with asyncio.timeout(within):  # wait_for of Python 3.11 forgets a cancellation beside a result
                await socket.recv_multipart()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Ask no more."""
        if self._socket is not None and self._context is not None:
            self._socket.close(linger=0)
            self._context.term()
            self._socket = None

    def _opened(self) -> zmq.asyncio.Socket:
        import zmq
        import zmq.asyncio

        told: Mapping[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        between = "-" if told["transport"] == "ipc" else ":"
        where = f"{told['transport']}://{told['ip']}{between}{told['hb_port']}"
        context = zmq.asyncio.Context()
        socket = context.socket(zmq.DEALER)
        try:
            socket.connect(where)
        except zmq.ZMQError:
            context.destroy(linger=0)
            raise
        self._context = context
        return socket


async def lives(connection_file: Path, *, within: float = 2.0) -> bool:
    """Whether a kernel answers at that connection file."""
    heart = Heartbeat(connection_file)
    try:
        return await heart.beats(within)
    finally:
        heart.close()


async def living(home: Path) -> Kept | None:
    """What was written in `home` of a kernel that answers; of one that does not, it is removed."""
    record = find(home)
    if record is None or await lives(record.connection_file):
        return record
    shutil.rmtree(home, ignore_errors=True)
    return None


def fresh(home: Path) -> Path:
    """`home`, empty and for its owner alone."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700, parents=True)
    return home


def record(home: Path, *, connection: Path, pid: int, ours: bool) -> None:
    """Write down how the kernel in `home` is found again."""
    (home / _SHARED).mkdir(mode=0o700)
    _write(home / _SHARED / _CONNECTION, connection.read_text(encoding="utf-8"))
    _write(home / _KERNEL, json.dumps({"pid": pid, "ours": ours}))


def find(home: Path) -> Kept | None:
    """What was written in `home`; None if nothing was, or it cannot be read."""
    try:
        told = json.loads((home / _KERNEL).read_text(encoding="utf-8"))
        return Kept(home=home, pid=int(told["pid"]), ours=bool(told["ours"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def record_remote(home: Path, *, url: str, id: str) -> None:
    """Write down how the kernel on a server is found again."""
    _write(fresh(home) / _REMOTE, json.dumps({"url": url, "id": id}))


def find_remote(home: Path) -> KeptRemote | None:
    """What was written in `home` of a kernel on a server; None if nothing was, or it cannot be read."""
    try:
        told = json.loads((home / _REMOTE).read_text(encoding="utf-8"))
        return KeptRemote(url=str(told["url"]), id=str(told["id"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_remote(home: Path, id: str) -> None:
    """Remove what was written in `home` of that kernel on a server; what is written of any other stays."""
    if (record := find_remote(home)) is not None and record.id == id:
        shutil.rmtree(home, ignore_errors=True)


async def end(kept: Kept) -> None:
    """Kill the kernel and what it started, and remove its folder. It must have answered just before: ids come again."""
    if kept.pid > 0:
        if sys.platform == "win32":
            processes.send(signal.SIGTERM, [kept.pid])  # which ends a process there at once
        else:
            processes.send(signal.SIGKILL, {*processes.session(kept.pid), kept.pid})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GONE):
                while processes.state(kept.pid) != "gone":
                    await processes.may_have_ended(kept.pid)
    shutil.rmtree(kept.home, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
