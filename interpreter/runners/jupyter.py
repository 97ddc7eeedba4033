"""A `Runner` over any Jupyter kernel: messages become happenings, and a cell always ends.

The cell's own idle message ends it (the reply gets a short grace), or the death of the process, or the interrupt
ladder: interrupt, again, restart.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from interpreter.errors import RunnerError
from interpreter.protocols.content import clean
from interpreter.runners.kernel import Kernel, Message
from interpreter.seams import Asked, Cleared, Ended, Happening, Produced, Restarted
from interpreter.stop import Stop

_PATIENCE = (2.0, 3.0)
"""Seconds after the first and the second interrupt before the next rung; behind the last is a restart."""
_REPLY_GRACE = 2.0
_END_OF_INPUT = "\x04"
"""The reply that ipykernel takes for the end of input (EOFError in the code)."""
_LAST_WORDS = 0.15
"""Seconds after a death in which output still on its way may arrive."""


@dataclass(slots=True, kw_only=True)
class _Cell:
    """The running cell: what happened waits in `queue`; `None` there means idle."""

    id: str
    queue: asyncio.Queue[Happening | None] = field(default_factory=asyncio.Queue)
    status: str = "ok"
    clear_next: bool = False
    idle: asyncio.Event = field(default_factory=asyncio.Event)


class JupyterRunner:
    """Implements `Runner`. `name` is a kernelspec, None for our own Python. `interactive`: somebody can type.

    `late` is told what comes after a cell has ended.
    """

    def __init__(
        self,
        *,
        name: str | None,
        folder: str,
        environment: Mapping[str, str],
        interactive: bool,
        late: Callable[[Produced], None],
    ) -> None:
        self._name = name
        self._folder = folder
        self._environment = environment
        self._interactive = interactive
        self._late = late
        self._kernel: Kernel | None = None
        self._starting = asyncio.Lock()
        self._cell: _Cell | None = None

    async def start(self) -> None:
        """Start the kernel now; `run` does so too, if nobody did."""
        await self._ready()

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        """Run one cell; see `Runner.run`."""
        kernel = await self._ready()
        reply, cell = self._send(kernel, code)
        watcher = asyncio.ensure_future(self._climb(kernel, cell, stop, timeout))
        try:
            while (happening := await _next(cell, kernel)) is not None:
                yield happening
            if cell.idle.is_set():
                with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                    await asyncio.wait_for(reply, _REPLY_GRACE)
            for ending in await self._ending(kernel, cell, stop, watcher):
                yield ending
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            if kernel is self._kernel and not await _quiet(kernel, cell):
                await self.close()
            self._cell = None

    async def answer(self, text: str | None) -> None:
        """Type `text`; None ends the input, which the code sees as an error."""
        if self._kernel is not None and self._cell is not None and not self._cell.idle.is_set():
            self._kernel.client.input(_END_OF_INPUT if text is None else text)

    async def restart(self) -> None:
        """A new kernel."""
        await self.close()
        await self._ready()

    async def close(self) -> None:
        """End the kernel."""
        async with self._starting:
            kernel, self._kernel = self._kernel, None
            if kernel is not None:
                await kernel.close()

    # ---- a cell

    def _send(self, kernel: Kernel, code: str) -> tuple[asyncio.Future[Message], _Cell]:
        message_id = kernel.client.execute(code, allow_stdin=self._interactive, stop_on_error=False)
        self._cell = _Cell(id=message_id)
        return kernel.expect(message_id), self._cell

    async def _climb(self, kernel: Kernel, cell: _Cell, stop: Stop, timeout: float | None) -> str:
        """Wait for the stop or the time limit, then interrupt harder each time; behind the last rung, kill."""
        status = "interrupted"
        try:
            await asyncio.wait_for(stop.wait(), timeout)
        except TimeoutError:
            status = "timeout"
        cell.status = status
        if not await _quiet(kernel, cell):
            cell.queue.put_nowait(None)
        return status

    async def _ending(self, kernel: Kernel, cell: _Cell, stop: Stop, watcher: asyncio.Future[str]) -> list[Happening]:
        if cell.idle.is_set():
            return [Ended(status=_status(cell, stop))]
        if kernel.died.is_set():
            await asyncio.sleep(_LAST_WORDS)
            words = _death(kernel)
            rest = [happening for happening in _drained(cell) if happening is not None]
            await self.close()
            told = Produced(kind="error", data={"text/plain": words})
            return [*rest, told, Restarted(reason=words), Ended(status="died")]
        status = await watcher
        await self.close()
        reason = "the code did not react to the interrupt"
        return [Restarted(reason=reason), Ended(status="timeout" if status == "timeout" else "interrupted")]

    # ---- messages

    def _received(self, channel: str, message: Message) -> None:
        cell = self._cell
        content = message["content"]
        if cell is None or message["parent_header"].get("msg_id") != cell.id or cell.idle.is_set():
            if channel == "iopub" and message["msg_type"] == "stream":
                self._late(Produced(kind=content["name"], data={"text/plain": content["text"]}))
            return
        if channel == "stdin" and message["msg_type"] == "input_request":
            cell.queue.put_nowait(Asked(prompt=content["prompt"], secret=bool(content["password"])))
        elif channel == "iopub":
            self._told(cell, message["msg_type"], content)

    def _told(self, cell: _Cell, kind: str, content: Mapping[str, Any]) -> None:
        if kind == "status":
            if content["execution_state"] == "idle":
                cell.idle.set()
                cell.queue.put_nowait(None)
            return
        if kind == "clear_output":
            cell.clear_next = bool(content["wait"])
            if not cell.clear_next:
                cell.queue.put_nowait(Cleared())
            return
        produced = _produced(kind, content)
        if produced is None:
            return
        if cell.clear_next:
            cell.clear_next = False
            cell.queue.put_nowait(Cleared())
        if kind == "error" and cell.status == "ok":
            cell.status = "error"
        cell.queue.put_nowait(produced)

    async def _ready(self) -> Kernel:
        async with self._starting:
            if self._kernel is not None and self._kernel.died.is_set():
                await self._kernel.close()
                self._kernel = None
            if self._kernel is None:
                kernel = Kernel(
                    name=self._name, folder=self._folder, environment=self._environment, received=self._received
                )
                try:
                    await kernel.start()
                except (RunnerError, asyncio.CancelledError):
                    await kernel.close()
                    raise
                self._kernel = kernel
            return self._kernel


async def _quiet(kernel: Kernel, cell: _Cell) -> bool:
    """Interrupt the cell, harder each time, until it is idle or its kernel has died; whether that came about."""
    if cell.idle.is_set() or kernel.died.is_set():
        return True
    ended = [asyncio.ensure_future(event.wait()) for event in (cell.idle, kernel.died)]
    try:
        for patience in _PATIENCE:
            await kernel.interrupt()
            done, _ = await asyncio.wait(ended, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return True
        return False
    finally:
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)


async def _next(cell: _Cell, kernel: Kernel) -> Happening | None:
    """The next happening; None when the cell is idle, was given up, or its kernel has died."""
    if not cell.queue.empty():
        return cell.queue.get_nowait()
    getting = asyncio.ensure_future(cell.queue.get())
    dying = asyncio.ensure_future(kernel.died.wait())
    try:
        await asyncio.wait({getting, dying}, return_when=asyncio.FIRST_COMPLETED)
        return getting.result() if getting.done() else None
    finally:
        for task in (getting, dying):
            task.cancel()
        await asyncio.gather(getting, dying, return_exceptions=True)


def _drained(cell: _Cell) -> list[Happening | None]:
    return [cell.queue.get_nowait() for _ in range(cell.queue.qsize())]


def _status(cell: _Cell, stop: Stop) -> Any:
    return "interrupted" if stop.is_set else cell.status


def _produced(kind: str, content: Mapping[str, Any]) -> Produced | None:
    match kind:
        case "stream":
            return Produced(kind=content["name"], data={"text/plain": content["text"]})
        case "execute_result":
            return Produced(kind="result", data=content["data"])
        case "display_data" | "update_display_data":
            shown = content.get("transient", {}).get("display_id")
            return Produced(kind="display", data=content["data"], display_id=shown)
        case "error":
            raised = {"ename": content["ename"], "evalue": content["evalue"]}
            text = clean("\n".join(content["traceback"]))
            return Produced(kind="error", data={"text/plain": text, "application/vnd.jupyter.error": raised})
        case _:
            return None


def _death(kernel: Kernel) -> str:
    """In plain words, with the kernel's own last ones."""
    code = kernel.exit_code
    log = kernel.log()
    if code == -9:
        words = "The kernel was killed, probably because the machine ran out of memory."
    elif code is not None and code < 0:
        words = f"The kernel crashed (signal {-code})."
    else:
        words = f"The kernel ended (exit code {code})."
    return f"{words}\n{log}" if log else words
