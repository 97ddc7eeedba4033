"""`Interpreter`: the session for Python programs, synchronous and asynchronous.

Code is declined unless `auto_run=True` or a `host` says otherwise. The synchronous names are derived from the one
asynchronous implementation, which runs on an event loop of its own in a thread, so they also work where a loop is
already running (a notebook).
"""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from interpreter import events as e
from interpreter.hosts import AutoRun, Decline
from interpreter.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import TracebackType

    from interpreter.history import History
    from interpreter.seams import Host
    from interpreter.session import Session

T = TypeVar("T")
_DECLINED = "The model's code was declined, so it was not run. Give auto_run=True, or a host that decides on each cell."


class Interpreter:
    """A conversation with a model that runs code on this machine.

    Keyword arguments are fields of `interpreter.settings.Settings` (`model`, `api_base`, `api_key`, ...), over those of
    `settings` where that is given.
    `host` decides on each cell; without one nothing runs unless `auto_run` is true. `session` is a ready session in
    place of one built from settings. Close it, or use it in a `with` or `async with` statement: kernels and shells end
    with it.

    Raises `UsageError` for settings that cannot be used, at once or when the first turn needs them; what fails in a
    turn is told in its `turn.finished`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        host: Host | None = None,
        auto_run: bool = False,
        session: Callable[[], Coroutine[Any, Any, Session]] | None = None,
        **options: Any,
    ) -> None:
        self._host = host or (AutoRun() if auto_run else Decline())
        self._settings = Settings(**options) if settings is None else replace(settings, **options)
        self._make = session
        self._session: Session | None = None
        self._end: Callable[[], Awaitable[None]] | None = None
        self._loop = _LoopThread()
        self._building = asyncio.Lock()
        self._closing = threading.Lock()
        self._ending: Future[None] | None = None

    # ---- synchronous

    def chat(self, prompt: str) -> str:
        """Ask, let everything happen, and return the model's last words. Raises `ModelError` if the turn failed.

        Warns if there is more that was not done: code that was declined, a limit that was met.
        """
        words, undone = self._loop.result(self._chat(prompt))
        if undone:
            warnings.warn(undone, stacklevel=2)
        return words

    @contextmanager
    def stream(self, prompt: str) -> Iterator[Iterator[e.Event]]:
        """The turn's events as they happen: `with interpreter.stream("...") as events: for event in events: ...`.

        Leaving the block early interrupts the turn.
        """
        events = self._events(prompt)
        try:
            yield self._loop.iterate(events)
        finally:
            self._loop.result(_aclose(events))

    def interrupt(self) -> None:
        """End the running turn; from any thread."""
        if self._session is not None:
            self._loop.call(self._session.interrupt)

    @property
    def history(self) -> History:
        """The conversation so far."""
        return self._loop.result(self._ready()).history

    def close(self) -> None:
        """End kernels and shells. An interrupt ends only the waiting: a second `close` waits for the same end."""
        with self._closing:
            if self._ending is None and self._end is not None:
                self._ending = self._loop.begun(_awaited(self._end))
            if self._ending is not None:
                try:
                    self._ending.result()
                finally:
                    if self._ending.done():
                        self._end = self._ending = None
            self._loop.close()

    def __enter__(self) -> Interpreter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ---- asynchronous

    async def achat(self, prompt: str) -> str:
        """As `chat`, awaited."""
        words, undone = await self._loop.awaited(self._chat(prompt))
        if undone:
            warnings.warn(undone, stacklevel=2)
        return words

    async def astream(self, prompt: str) -> AsyncGenerator[e.Event, None]:
        """The turn's events as they happen. Leave it early through `contextlib.aclosing`, which interrupts it."""
        events = self._events(prompt)
        try:
            while True:
                try:
                    yield await self._loop.awaited(_next(events))
                except StopAsyncIteration:
                    return
        finally:
            await self._loop.awaited(_aclose(events))

    async def aclose(self) -> None:
        """As `close`, awaited; whoever is cancelled meanwhile does not wait, and all the same everything ends.

        `asyncio.run` waits for that before it returns.
        """
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self.close))

    async def __aenter__(self) -> Interpreter:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    # ---- on the loop of the thread

    async def _ready(self) -> Session:
        async with self._building:
            if self._session is None and self._make is not None:
                self._session = await self._make()
                self._end = self._session.close
            return self._session or await self._assembled()

    async def _assembled(self) -> Session:
        from interpreter.assembly import assemble

        assembly = await assemble(self._settings, host=self._host)
        self._session, self._end = assembly.session, assembly.close
        return assembly.session

    async def _events(self, prompt: str) -> AsyncGenerator[e.Event, None]:
        session = await self._ready()
        async with aclosing(session.run(prompt)) as events:
            async for event in events:
                yield event

    async def _chat(self, prompt: str) -> tuple[str, str]:
        """The last words, and why the turn ended before the model was done; empty if it was."""
        from interpreter.errors import ModelError

        words = undone = ""
        async with aclosing(self._events(prompt)) as events:
            async for event in events:
                if isinstance(event, e.Text):
                    words = event.text
                elif isinstance(event, e.TurnFinished) and event.reason == "failed":
                    raise ModelError(event.error or "The turn failed.", fault="request")
                elif isinstance(event, e.TurnFinished):
                    undone = event.error or (_DECLINED if event.reason == "declined" else "")
        return words, undone


async def _next(events: AsyncGenerator[T, None]) -> T:
    return await anext(events)


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _aclose(events: AsyncGenerator[T, None]) -> None:
    await events.aclose()


async def _ended(work: Coroutine[Any, Any, object]) -> None:
    """Return when the task that runs `work` has cleaned up."""
    tasks = [task for task in asyncio.all_tasks() if task.get_coro() is work]
    await asyncio.gather(*tasks, return_exceptions=True)


class _LoopThread:
    """An event loop in a daemon thread, started at the first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="interpreter", daemon=True)
            self._thread.start()
        return self._loop

    def begun(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """The future result of `work`, which runs whether anybody waits for it or not."""
        return asyncio.run_coroutine_threadsafe(work, self._started())

    def result(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, waited for; an interrupt of the waiting thread cancels it, and waits for its end."""
        future = self.begun(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            self.begun(_ended(work)).result()
            raise

    async def awaited(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, awaited from another loop."""
        return await asyncio.wrap_future(self.begun(work))

    def iterate(self, events: AsyncGenerator[T, None]) -> Iterator[T]:
        """The items of `events`, waited for one by one."""
        while True:
            try:
                item = self.result(_next(events))
            except StopAsyncIteration:
                return
            yield item

    def call(self, function: Callable[[], None]) -> None:
        """Call `function` on the loop, soon."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(function)

    def close(self) -> None:
        """Stop the loop and its thread; harmless when none runs."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        self._loop = self._thread = None
