"""What an interrupt strikes in a kernel. A part of the launcher."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Interrupts:
    """Lets an interrupt strike the code of a cell, never the kernel's own: there it could cost a reply, or the kernel.

    One that comes before the code begins strikes as it does; one that comes behind it is forgotten. A cell that awaits
    is cancelled, and the event loop woken for it, which ipykernel's own handler does not. `settle` is done behind each
    cell, and not struck either.
    """

    def __init__(self, kernel: Any, settle: Iterable[Callable[[], None]]) -> None:
        self._settle = settle
        self._due = False
        self._theirs: Any = signal.default_int_handler  # the handler while a cell runs, which may set its own
        self._execute, self._run, self._trigger = kernel.do_execute, kernel.shell.run_code, kernel.shell.events.trigger
        kernel.do_execute, kernel.shell.run_code = self._begin, self._statement
        kernel.shell.events.trigger = self._hooks
        kernel._cancel_on_sigint = lambda _: nullcontext()

    def _begin(self, *arguments: Any, **named: Any) -> Any:
        """A cell begins. The handler stays behind its reply, until ipykernel ignores the signal again."""
        self._due, self._theirs = False, signal.default_int_handler
        self._handle(self._later)
        return self._execute(*arguments, **named)

    def _later(self, *_: object) -> None:
        self._due = True

    async def _statement(self, code: Any, result: Any = None, *, async_: bool = False) -> Any:
        """Run one statement of a cell."""
        handler = self._canceller() if async_ and self._theirs is signal.default_int_handler else self._theirs
        before = self._handle(handler)
        try:
            if self._due:
                self._due, code, async_ = False, compile("raise KeyboardInterrupt", "<interrupt>", "exec"), False
            return await self._run(code, result, async_=async_)
        finally:
            if (left := self._handle(before)) is not handler:
                self._theirs = left

    def _canceller(self) -> Any:
        """The handler for a statement that awaits: raises in its code, and cancels it while it waits."""
        try:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
        except RuntimeError:  # another kind of loop
            return signal.default_int_handler

        def handler(*_: object) -> None:
            if task is None or asyncio.current_task() is task:
                raise KeyboardInterrupt
            loop.call_soon_threadsafe(task.cancel)

        return handler

    def _hooks(self, event: str, *arguments: Any, **named: Any) -> None:
        """What is done around a cell, such as drawing its figures, may take long."""
        if event == "post_execute":
            for settle in self._settle:
                settle()
        with suppress(KeyboardInterrupt):  # between two of them; each shows its own
            before = self._handle(signal.default_int_handler)
            try:
                self._trigger(event, *arguments, **named)
            finally:
                self._handle(before)

    def _handle(self, handler: Any) -> Any:
        """Let `handler` be the one for interrupts; the one before. Only the main thread has them."""
        if threading.current_thread() is not threading.main_thread():
            return handler
        before = signal.signal(signal.SIGINT, handler)
        return signal.default_int_handler if before is None else before  # None: one that Python does not know
