"""What a scripted endpoint does with a request, in no wire's dialect. Values only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Json: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call in a reply. `arguments` are JSON as the model wrote them, right or wrong."""

    arguments: str
    id: str = "call-1"
    name: str = "execute_code"
    signature: str = ""
    """What a Gemini endpoint wants echoed with the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A reply: words, thinking and calls, in the form that the request offers (a fenced block where it offers none).

    `finish` overrides the finish reason. `listed`: the words are a list of parts
    (on OpenAI's wire, in a stream); `thinks_in` is the name of the field for thinking there, and with `counts` the last
    piece holds the usage, asked for or not. `usage` is what the endpoint counts, (in, out, cached).
    """

    text: str = ""
    reasoning: str = ""
    calls: tuple[Called, ...] = ()
    finish: str | None = None
    listed: bool = False
    thinks_in: str = "reasoning_content"
    counts: bool = False
    usage: tuple[int, int, int] = (20, 5, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """An HTTP error (or any answer that is no reply). A `body` of str is sent as it is, else as JSON."""

    status: int = 400
    body: object = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Server-sent events as given: each a JSON value, or text sent untouched; `done`: ends in `[DONE]`."""

    events: tuple[object, ...]
    done: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A reply whose stream stops after `pieces` pieces: the connection is cut, or nothing more comes (`stall`).

    With no pieces there are no headers either."""

    say: Say
    pieces: int = 2
    stall: bool = False


Answer: TypeAlias = Say | Refuse | Raw | Broken


def code(code: str, *, language: str = "python", text: str = "", id: str = "call-1", signature: str = "") -> Say:
    """A reply with one call that runs `code`."""
    written = json.dumps({"language": language, "code": code})
    return Say(text=text, calls=(Called(arguments=written, id=id, signature=signature),))


def say(text: str) -> Say:
    """A reply of words alone."""
    return Say(text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an endpoint accepts, beyond the rules its wire always has. Each False or narrower set is a refusal.

    `complaint` is the body of the refusal of a role, for providers that word it in their own way.
    """

    roles: Sequence[str] = ("system", "developer", "user", "assistant", "tool", "function")
    tools: bool = True
    functions: bool = True
    stream: bool = True
    usage_option: bool = True
    system: bool = True
    alternate: bool = False
    pictures: bool = True
    short_ids: bool = False
    parameters: Sequence[str] = ()
    """Further parameters of the request that are refused by name (`temperature`)."""
    model: str | None = None
    """The only model there is; None: any."""
    key: str | None = None
    """The only key that is accepted; None: any."""
    window: int | None = None
    """How many characters of messages fit."""
    complaint: object | None = None
    status: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is refused: HTTP status and words."""

    words: str
    status: int = 400
    code: str | None = None
    param: str | None = None
    body: object | None = None
