"""One request to a model and the pieces of its reply, in no provider's dialect. Values only.

`models/` turns a `Request` into a call of a provider and its answer into `Chunk`s; `protocols/` makes the `Request`
from the history and reads the `Chunk`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from interpreter.events import Call

Message: TypeAlias = Mapping[str, object]
"""One message as OpenAI's chat completions define it: role, content and what belongs to a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent: messages in order, and the function definitions as `tools` or, in the original form, `functions`.

    The rest is how it is sent: `stream` in pieces, `usage` with a count of tokens at the end, `without` these options
    of the model's settings, `whole_name` with the model's name as typed, even if it begins like a provider's.
    """

    messages: tuple[Message, ...]
    tools: tuple[Message, ...] = ()
    functions: tuple[Message, ...] = ()
    stream: bool = True
    usage: bool = True
    without: tuple[str, ...] = ()
    whole_name: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDelta:
    """A fragment of a call. `index` and `id` tell calls apart where the provider sends them; `name` comes once."""

    index: int | None = None
    id: str | None = None
    name: str = ""
    arguments: str = ""
    extra: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCount:
    """The provider's own numbers for one request, or ours if `estimated`.

    `tokens_in` includes `tokens_cached`; `cost` in USD if known.
    """

    tokens_in: int
    tokens_out: int
    tokens_cached: int = 0
    cost: float | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One piece of a reply as it streams in. `finish` is the provider's finish reason, in the chunk that brings it."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[CallDelta, ...] = ()
    finish: str | None = None
    usage: TokenCount | None = None

    @property
    def letters(self) -> int:
        """Letters of the reply that it brings; a call has at least one."""
        calls = sum(1 + len(call.name) + len(call.arguments) for call in self.calls)
        return len(self.text) + len(self.reasoning) + calls


# ---- what a protocol reads out of chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """More of the words to the user."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningPiece:
    """More of the thinking aloud."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePiece:
    """More of the code of call number `position` (from 0) of this reply; for display only."""

    position: int
    language: str
    text: str


Piece: TypeAlias = TextPiece | ReasoningPiece | CodePiece


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCall:
    """A call whose arguments were strictly parsed."""

    language: str
    code: str
    call: Call | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableCall:
    """A call whose arguments cannot be used: what came, and the reason in words for the model."""

    raw: str
    reason: str
    call: Call | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole reply. `native`: the calls came as the provider's own calls; `fenced`: as a block in the text.

    `calls` keep their order in the reply; position n of a `CodePiece` is `calls[n]`.
    """

    text: str = ""
    reasoning: str = ""
    calls: tuple[ReadCall | UnreadableCall, ...] = ()
    native: bool = False
    fenced: bool = False
    finish: str | None = None
