"""What was learnt of one endpoint, and what a refusal teaches. Pure values; where they are kept is not known here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Protocol

from interpreter.errors import ModelError
from interpreter.events import ProtocolName

_NO_CALLS_AT_ALL = re.compile(
    r"tool choice requires|(?:not|n't) support(?:ed)? (?:tool|function|parameters)|support tool use|requires? --jinja|"
    r"not enabled|No module named 'mcp'",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """The rung that is spoken with an endpoint, and what it takes.

    `native`: its model has made native calls. `system`, `stream`, `usage` and `pictures` are taken unless False;
    `alternate`: roles must alternate; `short_ids`: ids of calls must be nine letters and digits; `whole_name`: what
    looks like a provider's prefix belongs to the model's name. `without`: options it refuses. `window`: its tokens.
    """

    protocol: ProtocolName
    native: bool = False
    system: bool = True
    stream: bool = True
    usage: bool = True
    pictures: bool = True
    alternate: bool = False
    short_ids: bool = False
    whole_name: bool = False
    without: tuple[str, ...] = ()
    window: int | None = None


class Memory(Protocol):
    """Keeps what was learnt of one endpoint, between sessions."""

    def recall(self) -> Learnt | None:
        """What was kept, None if nothing was."""

    def keep(self, learnt: Learnt) -> None:
        """Keep it, in place of what was kept. Never fails: what cannot be kept is learnt again."""


class Forgetful:
    """Implements `Memory` and keeps nothing."""

    def recall(self) -> Learnt | None:
        """Nothing."""
        return None

    def keep(self, learnt: Learnt) -> None:
        """Let it go."""


def after(learnt: Learnt, error: ModelError, rungs: tuple[ProtocolName, ...]) -> Learnt | None:
    """What to try next when `error` refused a request made as `learnt` says; None when there is nothing left."""
    match error.refused:
        case "calls":
            return _down(learnt, rungs, far=bool(_NO_CALLS_AT_ALL.search(error.detail)))
        case "role":
            return _down(learnt, rungs, far=True) or _without_system(learnt)
        case "alternate":
            if learnt.alternate:
                return _without_system(learnt)
            return replace(_down(learnt, rungs, far=True) or learnt, alternate=True)
        case "system":
            return replace(learnt, system=False) if learnt.system else None
        case "stream":
            return replace(learnt, stream=False, usage=False) if learnt.stream else None
        case "usage":
            return replace(learnt, usage=False) if learnt.usage else None
        case "pictures":
            return replace(learnt, pictures=False) if learnt.pictures else None
        case "ids":
            return replace(learnt, short_ids=True) if not learnt.short_ids else None
        case "name":
            return replace(learnt, whole_name=True) if not learnt.whole_name else None
        case "parameter":
            new = error.parameter and error.parameter not in learnt.without
            return replace(learnt, without=(*learnt.without, error.parameter)) if new else None
        case None:
            unexplained = error.fault == "request" and not learnt.native
            return _down(learnt, rungs, far=True) if unexplained else None


def _down(learnt: Learnt, rungs: tuple[ProtocolName, ...], *, far: bool) -> Learnt | None:
    """One rung further down, or, if `far`, the lowest."""
    below = rungs[rungs.index(learnt.protocol) + 1 :]
    return replace(learnt, protocol=below[-1 if far else 0]) if below else None


def _without_system(learnt: Learnt) -> Learnt | None:
    return replace(learnt, system=False) if learnt.system and learnt.protocol == "text" else None
