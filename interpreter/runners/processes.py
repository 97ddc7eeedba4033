"""Processes by session and by group, signals to them, and their end. Starts none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from asyncio.subprocess import Process
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

_PROC = Path("/proc")
_POLL = 0.1
"""Seconds between two looks at a process where the system cannot tell of its end."""
_ROUNDS = 20
"""How often what a session started is looked for when it is ended."""


def session(leader: int) -> list[int]:
    """The processes in the session that `leader` leads or led, itself among them."""
    return _where(os.getsid, leader)


def group(leader: int) -> list[int]:
    """The processes in the group that `leader` leads or led."""
    return _where(os.getpgid, leader) if leader else []


def send(number: signal.Signals, pids: Iterable[int]) -> None:
    """Signal each; who is gone, or is not ours to signal, is passed over."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def signal_group(leader: Process, *, kill: bool) -> None:
    """Interrupt or kill `leader`, which was started in a session of its own, and its children, where there are groups.

    What is gone already is passed over.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(leader.pid, signal.SIGKILL if kill else signal.SIGINT)
        elif leader.returncode is None:
            with contextlib.suppress(OSError):  # Windows, which knows who started whom
                subprocess.run(("taskkill", "/F", "/T", "/PID", str(leader.pid)), capture_output=True, check=False)
            leader.kill()


async def end_session(leader: int) -> None:
    """Kill all that is in the session which `leader` leads or led; where the system has no sessions, nothing."""
    for _ in range(_ROUNDS if hasattr(os, "getsid") else 0):  # what is just being started escapes one round
        left = [pid for pid in session(leader) if state(pid) != "gone"]
        send(signal.SIGKILL, left)
        if not left:
            break
        await asyncio.sleep(0.005)


def state(pid: int) -> Literal["running", "stopped", "gone"]:
    """What the process does, as far as the system tells; a zombie is gone."""
    try:
        letter = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        letter = "R"
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            letter = "Z"
        except PermissionError:
            pass
    return "gone" if letter in "ZX" else "stopped" if letter in "Tt" else "running"


async def may_have_ended(pid: int) -> None:
    """Return when the process has ended, at once where the system tells; elsewhere after a moment, to look again."""
    if not hasattr(os, "pidfd_open"):
        await asyncio.sleep(_POLL)
        return
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        await asyncio.sleep(_POLL)
        return
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _where(leader_of: Callable[[int], int], leader: int) -> list[int]:
    found = []
    for pid in _all():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if leader_of(pid) == leader:
                found.append(pid)
    return found


def _all() -> list[int]:
    if (_PROC / "self").exists():
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]
