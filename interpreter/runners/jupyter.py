"""A `Runner` over any Jupyter kernel: starts it, sends cells, and sees to it that each of them ends.

The cell's own idle message ends it (the reply gets a short grace), or the death of the process, or the interrupt
ladder: interrupt, again, restart. Whoever waits for a cell is let go soon after a stop; the ladder is climbed behind.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from interpreter.errors import RunnerError
from interpreter.runners import cell as cells
from interpreter.runners import inspection
from interpreter.runners.cell import Cell
from interpreter.runners.channels import Channel, Message
from interpreter.runners.ending import Ladder, death, presumed_end
from interpreter.runners.installing import Missing, Remedy, carry_out, missing_module
from interpreter.runners.kernels import Kernel, Kernels
from interpreter.runners.kernelspecs import QUIRKS, Quirks
from interpreter.runners.late import Late
from interpreter.runners.source import encoded
from interpreter.runners.waiting import wanted_end
from interpreter.seams import (
    Asked,
    Cleared,
    Completions,
    Ended,
    Happening,
    Produced,
    Restarted,
    RunnerState,
    Variable,
    losing,
)
from interpreter.stop import Stop, Stopped, race

_GRACE = 0.6
"""Seconds a cell may take to end after a stop before its reader is let go; nearly every cell needs a tenth of it."""
_REPLY_GRACE, _REPLY_GRACE_STOPPED = 2.0, 0.1
"""Seconds in which the reply of an idle cell may come; that of an interrupted one may be missing and says nothing."""
_LAST_WORDS = 0.15
"""Seconds after a death in which output still on its way may arrive."""
_END_OF_INPUT = "\x04"
"""The reply that ipykernel takes for the end of input (EOFError in the code)."""


class JupyterRunner:
    """Implements `Runner` and `Inspectable`. `interactive`: somebody can type. `output_limit` is in megabytes.

    `late` is told what comes after a cell has ended.
    """

    def __init__(
        self,
        *,
        kernels: Kernels,
        interactive: bool,
        late: Callable[[Produced], None],
        output_limit: int = 200,
    ) -> None:
        self._kernels = kernels
        self._interactive = interactive
        self._tell = late
        self._late = Late(late, limit=output_limit * 1_000_000)
        self._kernel: Kernel | None = None
        self._launching: asyncio.Task[Kernel] | None = None
        self._cell: Cell | None = None
        self._ladder: Ladder | None = None
        self._question: asyncio.Future[str | None] | None = None
        self._offered: set[str] = set()
        self._names: tuple[str, ...] = ()

    # ---- Runner

    async def start(self) -> None:
        """Start the kernel now, unless it must wait for a person's yes; `run` does so too, if nobody did."""
        if self._kernels.unasked:
            with contextlib.suppress(Missing):  # asked for when there is a cell to run
                await self._ready()

    async def run(
        self, code: str, stop: Stop, *, timeout: float | None = None, counted: bool = True
    ) -> AsyncGenerator[Happening, None]:
        """Run one cell; see `Runner.run`. `counted`: the kernel numbers it, and remembers its code."""
        try:
            async with aclosing(self._before(stop)) as steps:
                async for happening in steps:
                    yield happening
            again = True
            while again:
                kernel, cell = await self._send(code, stop, counted=counted)
                async with aclosing(self._watched(kernel, cell, stop, timeout)) as happenings:
                    async for happening in happenings:
                        yield happening
                again = False
                if (remedy := await self._remedy(cell)) is not None:
                    async with aclosing(self._offer(remedy, stop)) as steps:
                        async for happening in steps:
                            again = again or isinstance(happening, Cleared)
                            yield happening
        except Stopped:
            yield Ended(status="interrupted")
            return
        yield Ended(status=cell.status)

    async def answer(self, text: str | None) -> None:
        """Type `text`; None ends the input, which the code sees as an error."""
        if self._question is not None and not self._question.done():
            self._question.set_result(text)
        elif self._kernel is not None and self._cell is not None and not self._cell.idle.is_set():
            self._kernel.send("stdin", "input_reply", {"value": _END_OF_INPUT if text is None else text})

    async def restart(self) -> None:
        """A new kernel, at once, even while an interrupt is still under way."""
        if self._kernel is not None and self._kernel.foreign:
            raise RunnerError("This kernel was joined, not started here. Restart it where it was started.")
        await self._give_up()
        await self._forget()
        await self._ready()

    async def close(self) -> None:
        """End the kernel, unless it is to run on."""
        resisted = self._ladder is not None
        await self._give_up()
        await self._forget(left=not resisted)

    async def _give_up(self) -> None:
        """Stop what is under way: an interrupt, a launch."""
        ladder, self._ladder = self._ladder, None
        if ladder is not None:
            await ladder.cancel()
        launching, self._launching = self._launching, None
        if launching is not None:
            launching.cancel()
            await asyncio.wait({launching})

    @property
    def names(self) -> tuple[str, ...]:
        """The user's names after the last cell that ended well, where the kernel can tell: what a restart loses."""
        return self._names

    # ---- Inspectable

    @property
    def state(self) -> RunnerState:
        """What the kernel does now."""
        if self._kernel is None:
            return "absent" if self._launching is None else "starting"
        if self._kernel.died.is_set() or (self._ladder is not None and self._ladder.killed):
            return "dead"
        return "busy" if self._cell is not None else "idle"

    async def variables(self) -> tuple[Variable, ...]:
        """The user's variables, beside a running cell too where the kernel can."""
        if self._kernel is None or self._kernel.died.is_set():
            return ()
        return await inspection.variables(self._kernel, busy=self.state == "busy")

    async def complete(self, code: str, cursor: int) -> Completions:
        """Completions, of an idle kernel."""
        if self._kernel is None or self.state != "idle":
            return inspection.NOTHING
        return await inspection.complete(self._kernel, code, cursor)

    async def inspect(self, code: str, cursor: int) -> str:
        """The help text, of an idle kernel."""
        if self._kernel is None or self.state != "idle":
            return ""
        return await inspection.inspect(self._kernel, code, cursor)

    # ---- before a cell

    async def _before(self, stop: Stop) -> AsyncGenerator[Happening, None]:
        """Wait for an interrupt still under way, tell what was lost since the last cell, and have a kernel."""
        if (ladder := self._ladder) is not None:
            await race(stop, ladder.climbed())
        if ladder is not None and ladder is self._ladder:  # else the kernel was ended meanwhile
            if ladder.resisted:
                raise RunnerError("The kernel still runs an earlier cell, which resists interrupts. End it over there.")
            self._ladder = None
            if ladder.killed:
                yield Restarted(reason=await self._lose("the code did not react to the interrupt"))
        if self._kernel is not None and self._kernel.died.is_set():
            yield Restarted(reason=await self._lose(death(self._kernel)))
        try:
            await race(stop, self._ready())
        except Missing as missing:
            if not self._interactive:
                raise
            async with aclosing(self._offer(missing.remedy, stop)) as steps:
                async for happening in steps:
                    yield happening
            await race(stop, self._ready())

    async def _lose(self, reason: str) -> str:
        """Forget the kernel; `reason` with the names that went with it."""
        words = losing(reason, self._names)
        await self._forget()
        return words

    async def _forget(self, *, left: bool = False) -> None:
        kernel, self._kernel = self._kernel, None
        self._names, self._cell = (), None
        self._late.forget()
        if kernel is not None:
            await (kernel.leave() if left else kernel.close())

    async def _ready(self) -> Kernel:
        """The kernel, which is launched once whoever waits for it; giving up the wait does not stop the launch."""
        if self._kernel is not None and not self._kernel.died.is_set():
            return self._kernel
        if self._launching is None:
            self._launching = asyncio.ensure_future(self._launch())
            self._launching.add_done_callback(_retrieve)
        launching = self._launching
        try:
            return await asyncio.shield(launching)
        finally:
            if launching.done() and self._launching is launching:
                self._launching = None

    async def _launch(self) -> Kernel:
        await self._forget()
        kernel = await self._kernels.kernel(self._received)
        try:
            await kernel.start()
            self._kernel = kernel
        finally:
            if self._kernel is not kernel:
                await kernel.close()
        return kernel

    # ---- a cell

    async def _send(self, code: str, stop: Stop, *, counted: bool) -> tuple[Kernel, Cell]:
        encoded(code, "strict")  # a kernel that cannot read a request says nothing
        kernel = await race(stop, self._ready())
        content = {
            "code": code,
            "silent": False,
            "store_history": counted,
            "user_expressions": cells.NAMES if kernel.language == "python" else {},
            "allow_stdin": self._interactive,
            "stop_on_error": False,
        }
        identity, reply = kernel.send("shell", "execute_request", content)
        self._cell = Cell(identity, reply, self._late.begin(identity))
        return kernel, self._cell

    async def _watched(
        self, kernel: Kernel, cell: Cell, stop: Stop, timeout: float | None
    ) -> AsyncGenerator[Happening, None]:
        """What the cell does until it is idle, is given up, or its kernel dies."""
        watchers = [
            asyncio.ensure_future(self._guard(kernel, cell, stop, timeout)),
            asyncio.ensure_future(_tell_of_death(kernel, cell)),
            asyncio.ensure_future(presumed_end(cell)),
        ]
        try:
            while not (cell.idle.is_set() or cell.given_up or kernel.died.is_set()):
                await cell.news.wait()
                for happening in cell.take():
                    yield happening
            if cell.idle.is_set():
                await self._conclude(kernel, cell)
            elif kernel.died.is_set():
                await asyncio.sleep(_LAST_WORDS)
                words = death(kernel)
                if self._ladder is None:  # else it did not outlive its interrupt, and was wanted to end
                    told = f"{words[:1].upper()}{words[1:]}.\n{kernel.log()}".strip()
                    cell.add(Produced(kind="error", data={"text/plain": told}))
                    cell.status = "died"
                cell.add(Restarted(reason=await self._lose(words)))
            for happening in cell.take():
                yield happening
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
            self._leave(kernel, cell)

    def _leave(self, kernel: Kernel, cell: Cell) -> None:
        """The reader goes. What of the cell still runs is interrupted, and what it still says is late."""
        if cell.idle.is_set() or kernel is not self._kernel:
            self._cell = None if self._cell is cell else self._cell
            return
        cell.given_up = True
        if self._ladder is None:
            self._ladder = Ladder(kernel, cell)
        self._pass_on_late(cell)

    async def _guard(self, kernel: Kernel, cell: Cell, stop: Stop, timeout: float | None) -> None:
        """Wait for a reason to end the cell, then begin the ladder, and soon let go whoever reads."""
        cell.status = await wanted_end(cell.flooded, stop, timeout)
        self._ladder = Ladder(kernel, cell)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cell.idle.wait(), _GRACE)
        cell.given_up = not cell.idle.is_set()
        cell.news.set()

    async def _conclude(self, kernel: Kernel, cell: Cell) -> None:
        """Take in the reply, which nearly always came before; a cell without one is over all the same."""
        grace = _REPLY_GRACE if cell.status in ("ok", "error") else _REPLY_GRACE_STOPPED
        done, _ = await asyncio.wait({cell.reply}, timeout=grace)
        if not done or cell.reply.cancelled():
            return
        content = cell.reply.result()["content"]
        cell.replied(content)
        if cell.error is not None and cell.error[1].endswith(QUIRKS.get(kernel.language, Quirks()).ended):
            cell.status = "died"
            cell.add(Restarted(reason=await self._lose("the program behind the kernel ended")))
        names = cells.names(content)
        if names is None and kernel.language == "python":  # a cell that fails is not asked, and has set some
            names = await inspection.names(kernel)
        if names is not None and kernel is self._kernel:
            self._names = names

    # ---- what is missing

    async def _remedy(self, cell: Cell) -> Remedy | None:
        """How the module that the cell lacked can be had, unless nobody can be asked or it was offered before."""
        module = missing_module(*cell.error) if cell.status == "error" and cell.error is not None else None
        if module is None or not self._interactive or module in self._offered:
            return None
        self._offered.add(module)
        return await self._kernels.remedy(module)

    async def _offer(self, remedy: Remedy, stop: Stop) -> AsyncGenerator[Happening, None]:
        """Ask, and after a yes install; `Cleared` is the last where that worked."""
        self._question = asyncio.get_running_loop().create_future()
        try:
            yield Asked(prompt=remedy.question, by="program")
            typed = await race(stop, _result(self._question))
        finally:
            self._question = None
        if (typed or "").strip().lower() not in ("y", "yes"):
            yield Produced(kind="stderr", data={"text/plain": "Nothing was installed: the user said no.\n"})
            return
        try:
            async with aclosing(carry_out(remedy, stop)) as lines:
                async for line in lines:
                    yield Produced(kind="stderr", data={"text/plain": line})
        except RunnerError as error:
            yield Produced(kind="error", data={"text/plain": str(error)})
        else:
            yield Cleared()

    # ---- messages

    def _received(self, channel: Channel, message: Message) -> bool:
        """Take a message; whether too much has come of its cell."""
        cell, parent = self._cell, message["parent_header"]
        if cell is not None and parent.get("msg_id") == cell.id and not cell.idle.is_set():
            cell.told(channel, message)
            if cell.given_up:
                self._pass_on_late(cell)
        elif channel == "iopub" and parent.get("msg_type", "execute_request") == "execute_request":
            self._late.came(message, foreign=self._kernel is None or self._kernel.foreign)
        return self._late.is_full(parent.get("msg_id", ""))

    def _pass_on_late(self, cell: Cell) -> None:
        for happening in cell.take():
            if isinstance(happening, Produced):
                self._tell(happening)
        if cell.idle.is_set() and self._cell is cell:
            self._cell = None


def _retrieve(launching: asyncio.Task[Kernel]) -> None:
    """A launch that failed while nobody waited is told to the next who does, and is no defect of ours."""
    if not launching.cancelled():
        launching.exception()


async def _tell_of_death(kernel: Kernel, cell: Cell) -> None:
    await kernel.died.wait()
    cell.news.set()


async def _result(future: asyncio.Future[str | None]) -> str | None:
    return await future
