"""What a session needs from outside, as small protocols, and the values that cross them.

Whoever implements one of these (a model, a runner, a host, a keeper) imports this file and never the session; the
session imports none of them and receives them from the composition root. Fakes of each are in `interpreter.testing`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from interpreter import events as e
from interpreter.errors import ModelError
from interpreter.history import History
from interpreter.protocols.exchange import Chunk, Piece, Reply, Request
from interpreter.stop import Stop

# ---- files that travel with a prompt

Attach: TypeAlias = Callable[[str], Sequence[e.Attachment]]
"""The files that a prompt names."""


Carry: TypeAlias = Callable[[e.Attachment], Coroutine[Any, Any, e.Attachment]]
"""Brings an attached file to where the code runs; the attachment with its path there."""


def nothing(_: str) -> Sequence[e.Attachment]:
    """No file: names in a prompt are words."""
    return ()


async def where_it_is(file: e.Attachment) -> e.Attachment:
    """The file as it is: the code runs on this machine."""
    return file


# ---- the model


class Model(Protocol):
    """One model at one endpoint."""

    @property
    def name(self) -> str:
        """The name as the user gave it."""

    @property
    def window(self) -> int | None:
        """How many tokens of input it takes, None while that is not known."""

    def stream(self, request: Request, stop: Stop) -> AsyncGenerator[Chunk, None]:
        """The pieces of the reply to one request, one attempt, no retries.

        Raises `ModelError` for whatever goes wrong and `Stopped` when `stop` is set. The socket is closed when the
        generator is closed, however that happens.
        """


class Reader(Protocol):
    """Reads the chunks of one reply. `done` turns true when the reply is complete though more may stream."""

    @property
    def done(self) -> bool:
        """Whether the rest of the stream is not wanted."""

    def feed(self, chunk: Chunk) -> Sequence[Piece]:
        """What of `chunk` can be shown now."""

    def close(self) -> Reply:
        """The whole reply, its calls strictly parsed."""


class CallProtocol(Protocol):
    """How code travels inside a reply: renders the whole history anew at each request, and reads replies."""

    @property
    def name(self) -> e.ProtocolName:
        """`tools`, `functions` or `text`."""

    def request(self, history: History) -> Request:
        """The request that continues `history`, in this protocol's dialect."""

    def reader(self) -> Reader:
        """A reader for one reply."""


class Ladder(Protocol):
    """Which protocol is spoken with this endpoint, learnt from what it refuses and what works."""

    @property
    def window(self) -> int | None:
        """How many tokens of input the endpoint said it takes, None if it never did."""

    def current(self) -> CallProtocol:
        """The protocol for the next request."""

    def refused(self, error: ModelError) -> bool:
        """Take a failed request into account; whether to ask again at once, in another way."""

    def worked(self, reply: Reply) -> None:
        """Take a reply into account: it was read in the current protocol."""


# ---- runners


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """Output of the running cell, as it comes: streams as `{"text/plain": ...}`, values as MIME bundles."""

    kind: e.OutputKind
    data: e.MimeBundle
    display_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """The cell took back its output so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The cell reads a line; the runner waits for `Runner.answer`. `by`: its code asks, or the program for it."""

    prompt: str
    secret: bool = False
    by: e.Asker = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """The kernel or shell had to be started anew: its state is gone. `reason` is made by `losing`."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Always the last: how the cell ended."""

    status: e.CellStatus


_NAMED = 20
"""Lost names that are told one by one."""


def losing(reason: str, names: Sequence[str]) -> str:
    """`reason` with the variables that went with the kernel, as far as they are known."""
    if not names:
        return reason
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{reason}; lost: {', '.join(names[:_NAMED])}{more}"


Happening: TypeAlias = Produced | Cleared | Asked | Restarted | Ended


class Runner(Protocol):
    """Executes the cells of one language, one at a time, and keeps their state between them."""

    def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        """Run one cell. Starts what must be started first; ends with `Ended`, whatever happens to the process.

        When `stop` is set, or after `timeout` seconds, the cell is interrupted, harder each time, and drained; the
        status is then `interrupted` or `timeout`. Closing the generator early interrupts the cell too.
        Raises `RunnerError` if nothing could be started.
        """

    async def answer(self, text: str | None) -> None:
        """What was typed for the last `Asked`; None means end of input: nobody can answer."""

    async def restart(self) -> None:
        """Throw the state away and start anew."""

    async def close(self) -> None:
        """End the process and everything it started; harmless when nothing runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A name alive in a kernel: its type, its shape or value in a few words, and its size in bytes if known."""

    name: str
    type: str
    summary: str
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    """What can stand in place of `code[start:end]`, `start` and `end` in characters."""

    matches: tuple[str, ...]
    start: int
    end: int


RunnerState: TypeAlias = Literal["absent", "starting", "idle", "busy", "dead"]


@runtime_checkable
class Inspectable(Protocol):
    """A runner that can be asked about its state without running a cell; each answer is empty where it cannot."""

    @property
    def state(self) -> RunnerState:
        """What the process does now; asks nobody."""

    @property
    def names(self) -> tuple[str, ...]:
        """The user's names, as known after the last cell: what a restart loses; asks nobody."""

    async def variables(self) -> tuple[Variable, ...]:
        """The user's variables, also while a cell runs where the kernel can."""

    async def complete(self, code: str, cursor: int) -> Completions:
        """Completions of `code` at `cursor`, both in characters."""

    async def inspect(self, code: str, cursor: int) -> str:
        """The help text of what stands at `cursor`, without escape codes."""


class Runners(Protocol):
    """The languages that can run here, each with its runner, started when first needed."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The canonical names, the main one first; what the model may ask for."""

    def resolve(self, name: str) -> str | None:
        """The canonical name for `name` or an alias in any case; None if it cannot run here."""

    def get(self, language: str) -> Runner:
        """The runner of a canonical name."""

    def listen(self, late: Callable[[str, Produced], None]) -> None:
        """Tell `late` (language, output) what comes after a cell has ended: threads, background jobs."""

    async def close(self) -> None:
        """Close every runner."""


# ---- the host: whoever answers the session's two questions


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A cell that may run if the host says so. `caution`: why a person should look, whatever was said before."""

    cell: str
    language: str
    code: str
    by: e.Author = "model"
    caution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`run` as proposed; `edited`: run `code` instead; `declined`: do not, and tell the model `note` if any."""

    choice: Literal["run", "edited", "declined"]
    code: str = ""
    note: str = ""
    by: e.Approver = "asked"


class Host(Protocol):
    """A terminal, auto-yes, a test script, an editor, your program."""

    async def decide(self, proposal: Proposal) -> Decision:
        """May this code run?"""

    async def read_line(self, request: e.InputRequested) -> str | None:
        """What is typed into this `input()`; None if nobody can answer."""


# ---- consumers


class Consumer(Protocol):
    """Draws or keeps events. Called in order, with each event, on the event loop; must not block for long."""

    def __call__(self, event: e.Event, /) -> None:
        """Take one event. A recorder raises `StorageError` when it can no longer keep what it is given."""


class CellKeeper(Protocol):
    """Cleans the outputs of one cell before they become events."""

    def add(self, produced: Produced) -> Iterable[e.Output]:
        """The events for one output: keys masked, the middle of a long text held back, pictures kept as files."""

    def close(self) -> Iterable[e.Output]:
        """What was held back: the tail of a long text, with the file that holds the whole."""


class Keeper(Protocol):
    """Keeps whole outputs and pictures beside the session."""

    def cell(self, cell: str) -> CellKeeper:
        """The keeper of one cell's outputs."""
