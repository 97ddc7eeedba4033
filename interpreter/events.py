"""What can happen in a session, as frozen values. Standard library only; no behaviour, no I/O.

Everything a session does is told in these events, in one order, and everything else (the history, the journal, the
notebook, the JSON output, the screen) is a fold over them. A wire name (`type`) once released never changes.
Every stream of deltas ends in one event that holds the whole, so a consumer that ignores all deltas loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

SCHEMA = 1
"""Version of the event schema, written into `session.started`."""

MimeBundle: TypeAlias = Mapping[str, object]
"""Media type to data, as Jupyter defines it: text as `str`, binary as base64 `str`, JSON as itself."""

Author: TypeAlias = Literal["model", "user"]
Choice: TypeAlias = Literal["run", "edited", "declined", "skipped"]
Approver: TypeAlias = Literal["asked", "always", "auto"]
"""The user was asked; said "always" before; or let everything run (`--yes`, `auto_run`)."""
Asker: TypeAlias = Literal["code", "program"]
"""The code asks for its input; or this program does, on behalf of the cell."""
OutputKind: TypeAlias = Literal["stdout", "stderr", "display", "result", "error"]
CellStatus: TypeAlias = Literal["ok", "error", "interrupted", "died", "timeout"]
TurnReason: TypeAlias = Literal["done", "interrupted", "declined", "step_limit", "budget", "loop", "failed"]
ProtocolName: TypeAlias = Literal["tools", "functions", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that travels with a prompt: absolute path, media type, size in bytes and, for text, its first lines."""

    path: str
    media_type: str
    size: int
    head: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How the provider named a proposed cell: its id, the function's name, and opaque data it wants echoed."""

    id: str
    name: str
    extra: Mapping[str, object] = field(default_factory=dict)


# ---- the session


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    """A session began. `paths` names its files: `journal`, `folder` and what else was opened.

    `attended`: a person was there; false where another program asked.
    """

    type: Literal["session.started"] = "session.started"
    schema: int = SCHEMA
    session: str
    model: str
    paths: Mapping[str, str] = field(default_factory=dict)
    attended: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResumed:
    """A kept session goes on. `lost` says in words what could not be brought back (a kernel's variables).

    With a `notebook` it is a new one, which goes on from what that file tells. `attended` as at its start.
    """

    type: Literal["session.resumed"] = "session.resumed"
    session: str
    lost: tuple[str, ...] = ()
    notebook: str = ""
    attended: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChanged:
    """From now on `model` answers."""

    type: Literal["model.changed"] = "model.changed"
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryUndone:
    """The last `turns` turns were taken back from the conversation (not from the world)."""

    type: Literal["history.undone"] = "history.undone"
    turns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryTrimmed:
    """Room was made for the model; `reason` says in words what went. Both counts are of the whole conversation.

    The oldest `dropped` turns are no longer sent; outputs in the oldest `shortened` turns are sent as a few lines, but
    for those of the latest reply, which go too only where `shortened` is more than there are turns.
    """

    type: Literal["history.trimmed"] = "history.trimmed"
    reason: str
    dropped: int
    shortened: int = 0


# ---- a turn


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted:
    """The user asked something."""

    type: Literal["turn.started"] = "turn.started"
    prompt: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFinished:
    """Always the turn's last event. `error` is one line for the user when `reason` is `failed` or a limit."""

    type: Literal["turn.finished"] = "turn.finished"
    reason: TurnReason
    error: str | None = None


# ---- a step: one request to the model


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """Request number `step` (from 1) of this turn goes to `model`, in `protocol`."""

    type: Literal["step.started"] = "step.started"
    step: int
    model: str
    protocol: ProtocolName


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReported:
    """The provider's own count for a request, or ours if `estimated`: of a reply that was cut it sends none.

    `tokens_in` includes `tokens_cached`; `cost` is in USD, None if unknown.
    """

    type: Literal["usage"] = "usage"
    tokens_in: int
    tokens_out: int
    tokens_cached: int = 0
    cost: float | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """Request `attempt` (from 1) failed for `reason`; the next one follows after `wait` seconds."""

    type: Literal["retrying"] = "retrying"
    attempt: int
    wait: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolChanged:
    """The endpoint refused `from_`; the same turn goes on in `to`."""

    type: Literal["protocol.changed"] = "protocol.changed"
    from_: ProtocolName
    to: ProtocolName
    reason: str


# ---- the model's reply


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta:
    """More of the model's thinking aloud."""

    type: Literal["reasoning.delta"] = "reasoning.delta"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """The whole of the thinking aloud of one reply."""

    type: Literal["reasoning"] = "reasoning"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """More of the model's words to the user."""

    type: Literal["text.delta"] = "text.delta"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The whole of the model's words in one reply."""

    type: Literal["text"] = "text"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDelta:
    """More of a cell's code, decoded from a half-received call. For display only: it is never executed."""

    type: Literal["code.delta"] = "code.delta"
    cell: str
    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeProposed:
    """A whole cell, strictly parsed. `call` is None for the user's own cells and for code in plain text."""

    type: Literal["code.proposed"] = "code.proposed"
    cell: str
    language: str
    code: str
    by: Author = "model"
    call: Call | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRejected:
    """A call that could not be read, as received (`raw`). It never runs; the model is told `reason`."""

    type: Literal["code.rejected"] = "code.rejected"
    cell: str
    raw: str
    reason: str
    call: Call | None = None


# ---- a cell


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDecided:
    """What the host decided, and the code that really runs. `note` goes to the model (why not, what changed)."""

    type: Literal["code.decided"] = "code.decided"
    cell: str
    decision: Choice
    code: str
    note: str = ""
    by: Approver = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Something a cell produced. `file` is where the whole is, when it was shortened, or where a picture was kept."""

    type: Literal["output"] = "output"
    cell: str
    kind: OutputKind
    data: MimeBundle
    display_id: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputCleared:
    """The cell took back what it had shown so far (`clear_output`)."""

    type: Literal["output.cleared"] = "output.cleared"
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRequested:
    """The running cell reads a line (`input()`, a password prompt). `secret`: what is typed is not shown or kept.

    `by`: this program asks on behalf of the cell, as whether to install a module, and the code does not.
    """

    type: Literal["input.requested"] = "input.requested"
    cell: str
    prompt: str
    secret: bool = False
    by: Asker = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputGiven:
    """What was typed; None if it was secret, or if nobody could answer. An input of the cell if its code asked."""

    type: Literal["input.given"] = "input.given"
    cell: str
    text: str | None = None
    by: Asker = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDetached:
    """After `seconds` a cell that runs was sent to the background: the turn goes on, and so does the cell.

    Its outputs and its `code.finished` come whenever they come, within other turns and between them.
    """

    type: Literal["code.detached"] = "code.detached"
    cell: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFinished:
    """A cell that ran ended. `seconds` is wall time, the waiting for input included.

    `ran` is false for one that was refused after all, since its language was busy: nothing of it has happened.
    """

    type: Literal["code.finished"] = "code.finished"
    cell: str
    status: CellStatus
    seconds: float
    ran: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRestarted:
    """The kernel or shell of `language` was started anew: its variables are gone."""

    type: Literal["kernel.restarted"] = "kernel.restarted"
    language: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRebuilt:
    """So many earlier `cells` were run again, for their variables; `stopped` is the one that did not end well."""

    type: Literal["state.rebuilt"] = "state.rebuilt"
    cells: int
    stopped: str | None = None


# ---- anything else


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Survivable trouble, in words for the user."""

    type: Literal["warning"] = "warning"
    text: str


Event: TypeAlias = (
    SessionStarted
    | SessionResumed
    | ModelChanged
    | HistoryUndone
    | HistoryTrimmed
    | TurnStarted
    | TurnFinished
    | StepStarted
    | UsageReported
    | Retrying
    | ProtocolChanged
    | ReasoningDelta
    | Reasoning
    | TextDelta
    | Text
    | CodeDelta
    | CodeProposed
    | CodeRejected
    | CodeDecided
    | Output
    | OutputCleared
    | InputRequested
    | InputGiven
    | CodeDetached
    | CodeFinished
    | KernelRestarted
    | StateRebuilt
    | Warned
)
"""Every event there is. Consumers `match` on it and end in `assert_never`."""
