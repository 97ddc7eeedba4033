"""The loop: ask, propose, decide, run, repeat. Receives every part it works with; imports none of them.

A session owns one ordered stream of events. `run(prompt)` is a view of it; what happens between turns (the user's own
cells, late output, a restart) flows through the same `emit` to the same consumers. The history is the fold of what was
emitted, and nothing else is remembered but files that could not be brought to where the code runs, for a retry.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from itertools import count

from interpreter import events as e
from interpreter import history as h
from interpreter import limits as bounds
from interpreter import repetition, room, running, seams
from interpreter.asking import ask, cell_id
from interpreter.background import Background, BackgroundCell
from interpreter.errors import InterpreterError, ModelError, StorageError, UsageError
from interpreter.history import History, Spent
from interpreter.limits import LimitReached, Limits
from interpreter.patience import Patience
from interpreter.seams import CellKeeper, Consumer, Host, Inspectable, Keeper, Ladder, Model, Produced, Runners, losing
from interpreter.stop import Stop, Stopped, race


class Session:
    """One conversation with its history and its runners. Lives on one event loop; one turn at a time.

    `consumers` are called with every event in the order given: recorders first, so that nothing is shown that was not
    kept. `history` continues an earlier session. `attach` names what should travel with a prompt besides what its
    author attached. A cell that runs for `background_after` seconds goes to the background by itself. `attended`: a
    person is there, which is kept.
    """

    def __init__(
        self,
        *,
        model: Model,
        ladder: Ladder,
        runners: Runners,
        host: Host,
        keeper: Keeper,
        consumers: Sequence[Consumer] = (),
        limits: Limits = Limits(),
        patience: Patience = Patience(),
        cell_timeout: float | None = None,
        background_after: float | None = None,
        id: str = "session",
        paths: Mapping[str, str] | None = None,
        attended: bool = True,
        history: History = History(),
        attach: seams.Attach = seams.nothing,
        carry: seams.Carry = seams.where_it_is,
    ) -> None:
        self.id = id
        self.history = history
        self._model = model
        self._ladder = ladder
        self._attach = attach
        self._carry = carry
        self._bench = running.Bench(host=host, runners=runners, keeper=keeper, timeout=cell_timeout)
        self._consumers = tuple(consumers)
        self._background = Background(lambda event: self._tell([event]), after=background_after)
        self._limits = limits
        self._patience = patience
        self._told = Spent()  # of which the user knows, as to --max-cost
        self._paths, self._attended = dict(paths or {}), attended
        self._stop: Stop | None = None
        self._uncarried: tuple[str, tuple[e.Attachment, ...], tuple[h.Entry, ...]] | None = None
        """The prompt and files of the last turn, if it failed since these could not be carried, and all it left."""
        self._afterwards: tuple[str, CellKeeper] | None = None
        self._begun = False
        runners.listen(self._late)

    @property
    def model(self) -> str:
        """The name of the model that answers."""
        return self._model.name

    @property
    def runners(self) -> Runners:
        """The languages that can run here."""
        return self._bench.runners

    @property
    def busy(self) -> bool:
        """Whether a turn or a cell of the user's is under way."""
        return self._stop is not None

    # ---- what a user does

    async def run(self, prompt: str, attachments: Sequence[e.Attachment] = ()) -> AsyncGenerator[e.Event, None]:
        """One turn, as it happens; the last event is `turn.finished`. Leave it early only through `aclosing`."""
        stop = Stop()
        async with aclosing(self._view(self._turn(prompt, tuple(attachments), (), stop), stop)) as events:
            async for event in events:
                yield event

    async def retry(self) -> AsyncGenerator[e.Event, None]:
        """Go on with a turn that failed or was interrupted: ask the model again, with all that was done.

        Where its files could not be carried, it begins once more, with them, in place of the one that failed.
        """
        stop = Stop()
        again = self._steps(stop) if self._uncarried is None else self._turn(*self._uncarried, stop)
        async with aclosing(self._view(again, stop)) as events:
            async for event in events:
                yield event

    async def run_cell(self, language: str, code: str) -> AsyncGenerator[e.Event, None]:
        """The user's own cell in the session's kernel or shell. The model is told of it at the next request.

        Raises `UsageError` if `language` cannot run here.
        """
        known = self.runners.resolve(language)
        if known is None:
            raise UsageError(f"{language} cannot run here. There is: {', '.join(self.runners.languages)}.")
        stop = Stop()
        async with aclosing(self._view(self._user_cell(known, code, stop), stop)) as events:
            async for event in events:
                yield event

    def interrupt(self) -> None:
        """End what runs: its stream ends by itself, and no code runs afterwards. Harmless when nothing runs."""
        if self._stop is not None:
            self._stop.set()

    @property
    def background(self) -> tuple[BackgroundCell, ...]:
        """The cells that run in the background, the oldest first."""
        return self._background.cells

    def detach(self) -> bool:
        """Send the running cell to the background: the turn goes on without it. False if no cell runs."""
        return self._background.detach()

    def interrupt_background(self, cell: str) -> bool:
        """Interrupt that cell in the background; False if there is none of that name."""
        return self._background.interrupt(cell)

    async def restart(self, language: str, reason: str = "the user asked for it") -> None:
        """Start the kernel or shell of `language` anew; a cell that it runs in the background is ended."""
        runner = self._bench.runners.get(language)
        names = runner.names if isinstance(runner, Inspectable) else ()
        await self._background.end(language)
        await runner.restart()
        self.emit(e.KernelRestarted(language=language, reason=losing(reason, names)))

    def switch(self, model: Model, ladder: Ladder, *, attach: seams.Attach = seams.nothing) -> None:
        """From the next request on `model` answers; the history and the runners stay."""
        self._model, self._ladder, self._attach = model, ladder, attach
        self.emit(e.ModelChanged(model=model.name))

    def resumed(self, lost: Sequence[str], *, notebook: str = "") -> None:
        """Tell that this session goes on, what could not be brought back, and the `notebook` that a new one is from."""
        self._begun = True
        self.emit(e.SessionResumed(session=self.id, lost=tuple(lost), notebook=notebook, attended=self._attended))

    def rebuilt(self, cells: int, stopped: str | None) -> None:
        """Tell that many earlier cells were run again, up to the one that `stopped` it, if one did."""
        self.emit(e.StateRebuilt(cells=cells, stopped=stopped))

    def undo(self, turns: int = 1) -> None:
        """Take the last turns back from the conversation; what their code did stays done."""
        self._uncarried = None
        self.emit(e.HistoryUndone(turns=turns))

    def compact(self) -> bool:
        """Send about half as much of the conversation from now on; False if nothing of it can go."""
        trimmed = room.wished(h.close(self.history), self._ladder.current())
        if trimmed is not None:
            self.emit(trimmed)
        return trimmed is not None

    async def close(self) -> None:
        """End every runner."""
        self.interrupt()
        await self._background.end()
        await self._bench.runners.close()
        self._end_late()

    # ---- the one stream

    def emit(self, event: e.Event) -> None:
        """Let `event` have happened: into the history, then to each consumer in order."""
        if not self._begun:
            self._begun = True
            self.emit(e.SessionStarted(session=self.id, model=self.model, paths=self._paths, attended=self._attended))
        self.history = h.apply(self.history, event)
        for consume in self._consumers:
            consume(event)

    async def _view(self, events: AsyncGenerator[e.Event, None], stop: Stop) -> AsyncGenerator[e.Event, None]:
        """Emit and pass on. If the viewer leaves or is cancelled, the turn is closed for the other consumers."""
        if self._stop is not None:
            await events.aclose()
            raise InterpreterError("This session is busy. Wait for the turn to end, or interrupt it.")
        self._stop, finished = stop, False
        try:
            async with aclosing(events):
                async for event in events:
                    self.emit(event)
                    finished = isinstance(event, e.TurnFinished)
                    yield event
        except StorageError as error:
            finished = True
            closing = [*self._cut_short(), e.TurnFinished(reason="failed", error=str(error))]
            self._tell(closing)
            for event in closing:
                yield event
        finally:
            stop.set()
            self._stop = None
            if not finished and self.history.open is not None:
                in_turn = isinstance(self.history.open, h.Reply)
                self._tell([*self._cut_short(), *([e.TurnFinished(reason="interrupted")] if in_turn else [])])

    def _tell(self, events: Sequence[e.Event]) -> None:
        """As `emit`, for how a turn is cut short: a recorder that no longer keeps anything is passed over."""
        for event in events:
            self.history = h.apply(self.history, event)
            for consume in self._consumers:
                with suppress(StorageError):
                    consume(event)

    def _cut_short(self) -> list[e.Event]:
        """The end of the cell that ran when its stream was closed, none if none did."""
        running_cell = self._open_cells()[:1] if isinstance(self.history.open, h.Reply) else [self.history.open]
        return [
            e.CodeFinished(cell=cell.id, status="interrupted", seconds=0.0)
            for cell in running_cell
            if isinstance(cell, h.Cell) and cell.decision in ("run", "edited") and cell.status is None
        ]

    def _late(self, language: str, produced: Produced) -> None:
        """What came after its cell had ended belongs to the latest of its language, and is cleaned like any."""
        cell = self.history.last_run(language)
        if cell is None:
            return
        if self._afterwards is None or self._afterwards[0] != cell.id:
            self._end_late()
            self._afterwards = (cell.id, self._bench.keeper.cell(cell.id))
        with suppress(StorageError):  # it has no stream that could say so; the next turn's does
            for event in self._afterwards[1].add(produced):
                self.emit(event)

    def _end_late(self) -> None:
        if self._afterwards is not None:
            with suppress(StorageError):
                for event in self._afterwards[1].close():
                    self.emit(event)
            self._afterwards = None

    # ---- a turn

    async def _turn(
        self, prompt: str, attachments: tuple[e.Attachment, ...], left: tuple[h.Entry, ...], stop: Stop
    ) -> AsyncGenerator[e.Event, None]:
        """The turn; a try that failed before it and `left` that history is taken back, if nothing came after it."""
        named = [file for file in self._attach(prompt) if file.path not in {given.path for given in attachments}]
        files, self._uncarried = (*attachments, *named), None
        started, end = e.TurnStarted(prompt=prompt), None
        try:
            carried = [await race(stop, self._carry(file)) for file in files]
            started = e.TurnStarted(prompt=prompt, attachments=tuple(carried))
        except InterpreterError as error:
            end = e.TurnFinished(reason="failed", error=str(error))
        except Stopped:
            end = e.TurnFinished(reason="interrupted")
        if left and self.history.entries == left:
            yield e.HistoryUndone(turns=1)
        if end is not None:
            self._uncarried = (prompt, files, h.apply(h.apply(self.history, started), end).entries)
        yield started
        if end is not None:
            yield end
            return
        async with aclosing(self._steps(stop)) as events:
            async for event in events:
                yield event

    async def _steps(self, stop: Stop) -> AsyncGenerator[e.Event, None]:
        """Steps until the model has nothing more to run, someone says no, or a limit is reached."""
        try:
            for step in count(1):
                if stop.is_set:
                    raise Stopped
                for warning in self._warnings():
                    yield warning
                bounds.check(self._limits, h.close(self.history), step)
                async with aclosing(self._asked(step, stop)) as reply:
                    async for event in reply:
                        yield event
                for warning in self._warnings():
                    yield warning
                async with aclosing(self._cells(stop)) as cells:
                    async for event in cells:
                        yield event
                if reason := self._over():
                    yield e.TurnFinished(reason=reason)
                    return
        except Stopped:
            yield e.TurnFinished(reason="interrupted")
        except LimitReached as limit:
            yield e.TurnFinished(reason=limit.reason, error=str(limit))
        except InterpreterError as error:
            if isinstance(error, StorageError):
                raise
            yield e.TurnFinished(reason="failed", error=str(error))

    async def _asked(self, step: int, stop: Stop) -> AsyncGenerator[e.Event, None]:
        """One request and its reply, with room made for it in the model's window."""
        trimmed = room.needed(h.close(self.history), self._ladder.current(), self._window())
        while True:
            if trimmed is not None:
                yield trimmed
            self.history = h.close(self.history)
            try:
                async with aclosing(
                    ask(self._model, self._ladder, self.history, step, stop, patience=self._patience)
                ) as reply:
                    async for event in reply:
                        yield event
            except ModelError as error:
                overflowed = error.remedy == "make room"
                self.history = h.close(self.history)
                trimmed = room.refused(self.history, self._ladder.current(), self._window()) if overflowed else None
                if trimmed is None:
                    raise
            else:
                return

    def _window(self) -> int | None:
        known = [window for window in (self._model.window, self._ladder.window) if window is not None]
        return min(known, default=None)

    def _warnings(self) -> list[e.Warned]:
        before, self._told = self._told, self.history.spent
        return [e.Warned(text=text) for text in bounds.warnings(self._limits, before, self._told)]

    def _over(self) -> e.TurnReason | None:
        """Why the turn ends after this reply, None if the model goes on."""
        calls = self.history.open.calls if isinstance(self.history.open, h.Reply) else ()
        if not calls:
            return "done"
        declined = any(isinstance(call, h.Cell) and call.status == "declined" and not call.note for call in calls)
        return "declined" if declined else None

    def _open_cells(self) -> list[h.Cell]:
        calls = self.history.open.calls if isinstance(self.history.open, h.Reply) else ()
        return [call for call in calls if isinstance(call, h.Cell) and call.status is None]

    async def _cells(self, stop: Stop) -> AsyncGenerator[e.Event, None]:
        """Decide and run the reply's cells in order; after one that did not end well the rest are not run."""
        failed = circle = ""
        for cell in self._open_cells():
            if stop.is_set or failed:
                note = failed or "The user interrupted before it."
                yield e.CodeDecided(cell=cell.id, decision="skipped", code=cell.proposed, note=note)
                continue
            caution = repetition.caution(self.history, cell)
            decided = await running.decide(self._bench, cell, stop, caution=caution)
            yield decided
            if decided.decision == "declined":
                circle = caution if decided.by == "auto" else ""
                failed = f"Cell {cell.id} before it was declined."
                continue
            status: e.CellStatus = "interrupted"
            async with aclosing(self._run(cell.id, cell.language, decided.code, stop)) as events:
                async for event in events:
                    if isinstance(event, e.CodeFinished | e.CodeDetached):
                        status = event.status if isinstance(event, e.CodeFinished) else "ok"
                    yield event
            failed = "" if status == "ok" else f"Cell {cell.id} before it ended with status {status!r}."
        if stop.is_set:
            raise Stopped
        if circle:
            raise LimitReached("loop", f"Stopped, since nobody could be asked. {circle} What was done is kept.")

    async def _run(self, cell: str, language: str, code: str, stop: Stop) -> AsyncGenerator[e.Event, None]:
        """Run decided code, unless the interrupt came between the decision and its start."""
        if stop.is_set:
            yield e.CodeFinished(cell=cell, status="interrupted", seconds=0.0)
            return
        async with aclosing(self._background.run(self._bench, cell, language, code, stop)) as events:
            async for event in events:
                yield event

    async def _user_cell(self, language: str, code: str, stop: Stop) -> AsyncGenerator[e.Event, None]:
        cell = cell_id(self.history.cells)
        yield e.CodeProposed(cell=cell, language=language, code=code, by="user")
        yield e.CodeDecided(cell=cell, decision="run", code=code)
        async with aclosing(self._run(cell, language, code, stop)) as events:
            async for event in events:
                yield event
        self.history = h.close(self.history)
