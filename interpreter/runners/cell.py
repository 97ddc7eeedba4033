"""One running cell of a kernel: Jupyter's messages become happenings, in order. Sends nothing and decides no ending.

Kernels of all kinds speak here: what a message lacks, or has in another form, is left out and stops nothing.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from interpreter.events import CellStatus, MimeBundle
from interpreter.protocols.content import clean
from interpreter.runners.allowance import Allowance
from interpreter.runners.channels import Channel, Message
from interpreter.runners.inside.inspected import NOT_THE_USERS
from interpreter.runners.printed import too_much
from interpreter.seams import Asked, Cleared, Happening, Produced

NAMES = {"names": "' '.join(dir())"}
"""Asked along with each Python cell, so that it is known what a restart loses; costs no message of its own."""

_WIDGET = "application/vnd.jupyter.widget-view+json"
"""Drawn by a browser's JavaScript alone; the same output says in plain text what it is."""
_DEEPEST = 100
"""Levels of a value of JSON; what writes events ends with an error at a few hundred."""


class Cell:
    """What came of a cell so far.

    `begun`: its code is about to run. `idle`: the kernel is done with it. `given_up`: it was told to end, and has not.
    `news` is set by whatever should be looked at. `heard` counts the messages that came. What is beyond its allowance
    is left out, and the cell then to be interrupted.
    """

    def __init__(self, id: str, reply: asyncio.Future[Message], allowance: Allowance) -> None:
        self.id = id
        self.reply = reply
        self.status: CellStatus = "ok"
        self.error: tuple[str, str] | None = None
        self.begun = asyncio.Event()
        self.idle = asyncio.Event()
        self.flooded = allowance.flooded
        self.news = asyncio.Event()
        self.given_up = False
        self.heard = 0
        self._waiting: list[Happening] = []
        self._clear_next = False
        self._allowance = allowance

    def take(self) -> Sequence[Happening]:
        """What happened since the last call."""
        taken, self._waiting = self._waiting, []
        self.news.clear()
        return taken

    def add(self, happening: Happening) -> None:
        """Put `happening` behind what waits; a delayed clearing comes first."""
        if self._clear_next and isinstance(happening, Produced):
            self._clear_next = False
            self._waiting.append(Cleared())
        self._waiting.append(happening)
        self.news.set()

    def die(self) -> None:
        """Nothing more comes of it."""
        self.status = "died" if self.status == "ok" else self.status
        self.idle.set()
        self.news.set()

    def told(self, channel: Channel, message: Message) -> None:
        """A message of this cell came."""
        self.heard += 1
        kind, content = message["msg_type"], message["content"]
        if channel == "stdin" and kind == "input_request":
            self.add(Asked(prompt=str(content.get("prompt", "")), secret=bool(content.get("password"))))
        elif channel == "iopub" and kind == "execute_input":
            self.begun.set()
        elif channel == "iopub" and kind == "status":
            if content.get("execution_state") == "idle":
                self.idle.set()
                self.news.set()
        elif self.flooded.is_set():
            return
        elif channel == "iopub" and kind == "clear_output":
            self._clear_next = bool(content.get("wait"))
            if not self._clear_next:
                self.add(Cleared())
        elif channel == "iopub" and (shown := produced(kind, content)) is not None:
            if kind == "error":
                self._failed(content)
            self._output(shown)

    def _output(self, shown: Produced) -> None:
        if (admitted := self._allowance.admit(shown)) is not None:
            self.add(admitted)
        if self.flooded.is_set():
            words = too_much(self._allowance.limit)
            self.status, self.error = "error" if self.status == "ok" else self.status, ("OutputLimit", words)
            self.add(Produced(kind="error", data={"text/plain": words}))

    def replied(self, content: Mapping[str, Any]) -> None:
        """The reply, which comes last: pages of help, text for a next input, and errors that were told nowhere else."""
        payloads = content.get("payload")
        for payload in payloads if isinstance(payloads, list) else ():
            if (shown := _payload(payload)) is not None and not self.flooded.is_set():
                self._output(shown)
        if content.get("status") != "ok" and self.error is None and self.status == "ok":
            failed = {"ename": "Aborted", "evalue": "The kernel did not run this code.", **content}
            self._failed(failed)
            self._output(_error(failed))

    def _failed(self, content: Mapping[str, Any]) -> None:
        self.error = _raised(content)
        if self.status == "ok":
            self.status = "error"


def produced(kind: str, content: Mapping[str, Any]) -> Produced | None:
    """The output that a message of this kind is; None if it is none."""
    match kind:
        case "stream":
            text = str(content.get("text", "")).replace(
                "\r\n", "\n"
            )  # a command behind `!` prints to a pseudo-terminal
            return Produced(kind="stderr" if content.get("name") == "stderr" else "stdout", data={"text/plain": text})
        case "execute_result":
            return Produced(kind="result", data=_bundle(content.get("data")))
        case "display_data" | "update_display_data":
            shown = _inside(content, "transient", "display_id")
            display = shown if isinstance(shown, str) else None
            return Produced(kind="display", data=_bundle(content.get("data")), display_id=display)
        case "error":
            return _error(content)
        case _:
            return None


def names(content: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The user's names in the reply to a cell that was sent with `NAMES`; None if they could not be told."""
    told = _inside(content, "user_expressions", "names", "data", "text/plain")
    if not isinstance(told, str):
        return None
    try:
        text = ast.literal_eval(told)
    except (ValueError, SyntaxError):
        return None
    known = text.split() if isinstance(text, str) else ()
    return tuple(name for name in known if not name.startswith("_") and name not in NOT_THE_USERS)


def _inside(value: object, *names: str) -> object:
    """What stands under these names, one inside the other; None if nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _bundle(data: object) -> MimeBundle:
    data = data if isinstance(data, Mapping) else {}
    shown = {kind: value for kind, value in data.items() if kind != _WIDGET and not _is_deep(value)}
    if data and not shown and _WIDGET not in data:
        return {"text/plain": "(a value nested too deeply to be kept)"}
    return shown | {"text/plain": clean(shown["text/plain"])} if isinstance(shown.get("text/plain"), str) else shown


def _is_deep(value: object) -> bool:
    """Whether anything stands more than `_DEEPEST` levels inside `value`."""
    level = [value]
    for _ in range(_DEEPEST):
        inside = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for items in inside for item in items]
    return bool(level)


def _error(content: Mapping[str, Any]) -> Produced:
    name, value = _raised(content)
    told = content.get("traceback")
    text = clean("\n".join(map(str, told))) if isinstance(told, list) else ""
    raised = {"ename": name, "evalue": value}
    return Produced(
        kind="error",
        data={"text/plain": text or f"{name}: {value}".removeprefix(": "), "application/vnd.jupyter.error": raised},
    )


def _raised(content: Mapping[str, Any]) -> tuple[str, str]:
    return str(content.get("ename", "Error")), str(content.get("evalue", ""))


def _payload(payload: object) -> Produced | None:
    """Jupyter's asides to a person at a prompt, as output; there is no prompt here that they could fill."""
    match _inside(payload, "source"):
        case "page":
            page = _inside(payload, "data", "text/plain")
            return Produced(kind="display", data={"text/plain": clean(str(page or ""))})
        case "set_next_input":
            return Produced(kind="display", data={"text/plain": str(_inside(payload, "text") or "")})
        case "ask_exit":
            words = "This does not end the session: the kernel goes on, and its variables are kept.\n"
            return Produced(kind="stderr", data={"text/plain": words})
        case _:
            return None
