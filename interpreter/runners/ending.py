"""How a cell is brought to its end: the reasons, the interrupt ladder, and plain words for a death.

The ladder climbs in a task of its own, so that nobody has to wait for code that resists.
"""

from __future__ import annotations

import asyncio
import signal

from interpreter.runners.cell import Cell
from interpreter.runners.kernels import Kernel
from interpreter.runners.waiting import within
from interpreter.seams import Produced

_PATIENCE = (2.0, 1.5, 1.5)
"""Seconds after each interrupt before the next rung; behind the last the kernel is killed. The first leaves code time
to tidy up; a third is there since one may end a child process alone, and one may come too early to be noticed."""
_SILENCE = 5.0
"""Seconds without a word behind the reply of a cell after which its end will not come any more."""
_DROPPED = "[The kernel's word that this cell is over did not arrive. Other output may be missing too.]\n"
_BEGIN = 0.3
"""Seconds a cell may take to begin; a kernel that does not tell is interrupted after them."""


class Ladder:
    """Interrupts the cell of a kernel, harder each time, from the moment it is made. `killed`: that did not help."""

    def __init__(self, kernel: Kernel, cell: Cell) -> None:
        self.killed = False
        self._ends = (cell.idle, kernel.died)
        self._task = asyncio.ensure_future(self._climb(kernel, cell))

    @property
    def resisted(self) -> bool:
        """Whether, once it is climbed, the cell goes on: in a kernel that is not ours to end."""
        return not self.killed and not any(end.is_set() for end in self._ends)

    async def climbed(self) -> None:
        """Return when the cell has ended or resisted, or the climb was stopped. Giving up the wait does not stop it."""
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.result()

    async def cancel(self) -> None:
        """Stop climbing: the kernel is ended in another way."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _climb(self, kernel: Kernel, cell: Cell) -> None:
        ends = [asyncio.ensure_future(event.wait()) for event in self._ends]
        try:
            await within(cell.begun, _BEGIN)  # an interrupt before the code runs would be lost
            for patience in _PATIENCE:
                await kernel.interrupt()
                if (await asyncio.wait(ends, timeout=patience, return_when=asyncio.FIRST_COMPLETED))[0]:
                    return
            if not kernel.foreign:
                self.killed = True
                await kernel.close()
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)


async def presumed_end(cell: Cell) -> None:
    """Let a cell end whose reply came, and whose end did not: on its way to a busy program a message can be dropped.

    One whose reply cannot come any more has died: its kernel was closed.
    """
    await asyncio.wait({cell.reply})
    if cell.reply.cancelled():
        cell.die()
        return
    heard = -1
    while cell.heard != heard:
        heard = cell.heard
        if await within(cell.idle, _SILENCE):
            return
    cell.add(Produced(kind="stderr", data={"text/plain": _DROPPED}))
    cell.idle.set()


def death(kernel: Kernel) -> str:
    """Why the kernel is gone, in plain words and without a full stop."""
    code = kernel.exit_code
    if code is None:
        return "the kernel ended"
    if code >= 0:
        return f"the kernel ended with exit code {code}"
    if code == -signal.SIGINT:
        return "the interrupt ended the kernel"
    if code == -9:
        return "the kernel was killed, probably because the machine ran out of memory"
    try:
        name = signal.strsignal(-code)
    except ValueError:
        name = None
    return f"the kernel crashed with signal {-code}" + (f" ({name})" if name else "")
