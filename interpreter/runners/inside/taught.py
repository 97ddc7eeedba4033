"""What a Python kernel that we did not start is taught: to retell what it said last, and to answer for its variables.

Runs inside that kernel, in any Python from 3.8 with ipykernel from 6.0. It answers on the control channel, so beside a
running cell too, and binds no name of the user's. Other clients of it notice nothing.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import Any

KEPT = 16_000_000
"""Characters of output that are kept to be told again: much more than is ever on its way through a network."""
CHANNELS = {
    "execute_input": "iopub",
    "stream": "iopub",
    "display_data": "iopub",
    "update_display_data": "iopub",
    "execute_result": "iopub",
    "clear_output": "iopub",
    "error": "iopub",
    "status": "iopub",
    "input_request": "stdin",
    "execute_reply": "shell",
}
"""The kinds of message that are kept, each with its channel."""
PLACE = "interpreter_place"
"""In the metadata of a message that is shown: how many such were sent before it. One that does not come was dropped."""


class Memory:
    """The last messages that `session` has sent."""

    def __init__(self, session: Any) -> None:
        self.sent: Any = deque()  # place, message, characters
        self.places = 0
        self.characters = 0
        self.forgotten = -1  # the place of the last one that is not remembered
        self.lock = threading.RLock()
        self.process = os.getpid()
        self.session = session
        self.really_send = session.send

    def send(
        self, stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, ident: Any = None, **named: Any
    ) -> Any:
        """Send with its place, and remember what is sent."""
        made = isinstance(msg_or_type, dict)
        kind = msg_or_type["header"]["msg_type"] if made else msg_or_type
        if kind not in CHANNELS or os.getpid() != self.process:  # a child that was forked counts by itself
            return self.really_send(stream, msg_or_type, content, parent, ident, **named)
        rest = {name: named.pop(name, None) for name in ("header", "metadata")}
        message = dict(msg_or_type) if made else self.session.msg(kind, content, parent, **rest)
        self.keep(message)
        try:
            return self.really_send(stream, message, ident=ident, **named)
        except Exception:  # what cannot be sent cannot be told again
            with self.lock:
                self.sent = deque(one for one in self.sent if one[1]["header"]["msg_id"] != message["header"]["msg_id"])
            raise

    def keep(self, message: Any) -> None:
        """Give one message its place, remember it, and forget the oldest if they are too many."""
        kind, content = message["header"]["msg_type"], message["content"]
        size = 200 + len(content.get("text", "")) + sum(len(str(data)) for data in content.get("data", {}).values())
        with self.lock:
            place = self.places - 0.5  # a reply stands between two: its absence tells nothing
            if CHANNELS[kind] != "shell":
                place = self.places
                message["metadata"] = {**(message.get("metadata") or {}), PLACE: place}
                self.places += 1
            told = {
                "channel": CHANNELS[kind],
                "header": {name: message["header"][name] for name in ("msg_id", "msg_type", "session")},
                "parent_header": message["parent_header"],
                "metadata": {name: value for name, value in message["metadata"].items() if name == PLACE},
                "content": content,
            }
            self.sent.append((place, told, size))
            self.characters += size
            while self.characters > KEPT and len(self.sent) > 1:
                self.forgotten, _, size = self.sent.popleft()
                self.characters -= size

    def since(self, place: Any) -> Any:
        """What was sent behind `place`, and whether nothing of it was forgotten."""
        with self.lock:
            return [told for at, told, _ in self.sent if at > place], self.forgotten <= place


def teach(kernel: Any, report: Any) -> None:
    """Let `kernel` answer two more requests; `report` tells what is in a namespace. Harmless when repeated.

    Raises `RuntimeError` if nobody reads its control channel beside a running cell.
    """
    if getattr(kernel, "control_thread", None) is None:
        raise RuntimeError("This kernel has no thread for its control channel.")
    if not isinstance(getattr(kernel.session.send, "__self__", None), type(kernel.session)):
        return
    memory = Memory(kernel.session)
    kernel.session.send = memory.send

    def retell(stream: Any, ident: Any, parent: Any) -> None:
        messages, whole = memory.since(parent["content"]["after"])
        content = {"status": "ok", "messages": messages, "whole": whole}
        memory.really_send(stream, "interpreter_missed_reply", content, parent, ident)

    def inspect(stream: Any, ident: Any, parent: Any) -> None:
        content = {"status": "ok", "variables": report(kernel.shell.user_ns)}
        memory.really_send(stream, "interpreter_variables_reply", content, parent, ident)

    kernel.control_handlers["interpreter_missed_request"] = retell
    kernel.control_handlers["interpreter_variables_request"] = inspect
