"""What a Python kernel that we did not start is taught: to retell what it said last, and to answer for its variables.

Runs inside that kernel, in any Python from 3.8 with ipykernel from 6.0. It answers on the control channel, so beside a
running cell too, and binds no name of the user's. Other clients of it notice nothing.
"""

from __future__ import annotations

import itertools
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
"""In the metadata of a message on iopub: how many were sent before it. A place that does not come was dropped."""


class Memory:
    """The last messages that `send`, the kernel's own way to send, has sent."""

    def __init__(self, send: Any) -> None:
        self.sent: Any = deque()  # message id, channel, message, characters
        self.whole = True  # nothing was forgotten yet
        self.characters = 0
        self.lock = threading.RLock()
        self.places = itertools.count()
        self.really_send = send

    def send(self, stream: Any, msg_or_type: Any, *given: Any, **named: Any) -> Any:
        """Send with its place, and remember what was sent."""
        made = isinstance(msg_or_type, dict)
        kind = msg_or_type["header"]["msg_type"] if made else msg_or_type
        if CHANNELS.get(kind) == "iopub":
            metadata = {**((msg_or_type if made else named).get("metadata") or {}), PLACE: next(self.places)}
            (msg_or_type if made else named)["metadata"] = metadata
        message = self.really_send(stream, msg_or_type, *given, **named)
        if message is not None and message["header"]["msg_type"] in CHANNELS:  # None: in a child process
            self.keep(message)
        return message

    def keep(self, message: Any) -> None:
        """Remember one message, and forget the oldest if they are too many."""
        kind, content = message["header"]["msg_type"], message["content"]
        told = {
            "channel": CHANNELS[kind],
            "header": {name: message["header"][name] for name in ("msg_id", "msg_type", "session")},
            "parent_header": message["parent_header"],
            "metadata": {PLACE: message["metadata"].get(PLACE)},
            "content": content,
        }
        size = 200 + len(content.get("text", "")) + sum(len(str(data)) for data in content.get("data", {}).values())
        with self.lock:
            self.sent.append((message["header"]["msg_id"], told, size))
            self.characters += size
            while self.characters > KEPT and len(self.sent) > 1:
                self.characters -= self.sent.popleft()[2]
                self.whole = False

    def since(self, known: Any) -> Any:
        """What was sent after the latest of the `known` ids, and whether nothing in between was forgotten."""
        sent = tuple(self.sent)
        for place in range(len(sent), 0, -1):
            if sent[place - 1][0] in known:
                return [told for _, told, _ in sent[place:]], True
        return [told for _, told, _ in sent], self.whole


def teach(kernel: Any, report: Any) -> None:
    """Let `kernel` answer two more requests; `report` tells what is in a namespace. Harmless when repeated.

    Raises `RuntimeError` if nobody reads its control channel beside a running cell.
    """
    if getattr(kernel, "control_thread", None) is None:
        raise RuntimeError("This kernel has no thread for its control channel.")
    if not isinstance(getattr(kernel.session.send, "__self__", None), type(kernel.session)):
        return
    memory = Memory(kernel.session.send)
    kernel.session.send = memory.send

    def retell(stream: Any, ident: Any, parent: Any) -> None:
        messages, whole = memory.since(set(parent["content"]["after"]))
        content = {"status": "ok", "messages": messages, "whole": whole}
        memory.really_send(stream, "interpreter_missed_reply", content, parent, ident)

    def inspect(stream: Any, ident: Any, parent: Any) -> None:
        content = {"status": "ok", "variables": report(kernel.shell.user_ns)}
        memory.really_send(stream, "interpreter_variables_reply", content, parent, ident)

    kernel.control_handlers["interpreter_missed_request"] = retell
    kernel.control_handlers["interpreter_variables_request"] = inspect
