"""Which protocol to speak with an endpoint, and how: learnt from what it refuses and what works. No I/O.

The rungs are `tools`, `functions`, `text`. Where the conversation stands is not known here: whoever asks renders the
whole history anew for `current()`, so a step down in the middle of a turn loses and repeats nothing.
"""

from __future__ import annotations

from dataclasses import replace

from interpreter.errors import ModelError
from interpreter.events import ProtocolName
from interpreter.protocols.adapted import Adapted
from interpreter.protocols.brief import Brief
from interpreter.protocols.exchange import Reply
from interpreter.protocols.functions import FunctionsProtocol
from interpreter.protocols.learnt import Forgetful, Learnt, Memory, after
from interpreter.protocols.text import TextProtocol
from interpreter.protocols.tools import ToolsProtocol
from interpreter.seams import CallProtocol

ALL: tuple[ProtocolName, ...] = ("tools", "functions", "text")
WITHOUT_FUNCTIONS: tuple[ProtocolName, ...] = ("tools", "text")
"""For providers whose translation of the original form loses the pairing of call and result."""


class LearnedLadder:
    """Implements `Ladder`: begins where `memory` says, else at the first of `rungs`, and goes down when refused.

    What is tried is kept only after a reply has come of it; where nothing is left to try, the last that worked is
    restored. `rules` is what the `text` rung adds to the brief.
    """

    def __init__(
        self,
        brief: Brief,
        *,
        memory: Memory | None = None,
        rungs: tuple[ProtocolName, ...] = ALL,
        rules: str = "",
    ) -> None:
        self._brief = brief
        self._rules = rules
        self._rungs = rungs
        self._memory: Memory = memory or Forgetful()
        self._kept = self._memory.recall()
        begin = self._kept or Learnt(protocol=rungs[0])
        self._works = begin if begin.protocol in rungs else replace(begin, protocol=rungs[0])
        self._tried = self._works

    @property
    def window(self) -> int | None:
        """How many tokens the endpoint takes, if it ever said so."""
        return self._tried.window

    def current(self) -> CallProtocol:
        """The protocol for the next request."""
        return Adapted(self._protocol(), self._tried)

    def refused(self, error: ModelError) -> bool:
        """Whether another attempt, in another way, makes sense."""
        if error.window is not None:
            self._works = replace(self._works, window=error.window)
            self._tried = replace(self._tried, window=error.window)
        if error.remedy != "adapt":
            return False
        following = after(self._tried, error, self._rungs)
        self._tried = following or self._works
        return following is not None

    def worked(self, reply: Reply) -> None:
        """A reply came, so the endpoint takes what was sent. Keep that, and see how its model calls."""
        if reply.native and reply.calls:
            self._tried = replace(self._tried, native=True)
        self._works = self._tried
        if reply.fenced and self._tried.protocol != "text" and "text" in self._rungs:
            self._tried = replace(self._tried, protocol="text")  # kept once a reply has come in it
        elif (learnt := self._to_keep()) != self._kept:
            self._kept = learnt
            self._memory.keep(learnt)

    def _to_keep(self) -> Learnt:
        """What works; a protocol that was chosen says nothing about the one to begin with when none is."""
        if len(self._rungs) > 1:
            return self._works
        return replace(self._works, protocol=self._kept.protocol if self._kept else "tools")

    def _protocol(self) -> CallProtocol:
        match self._tried.protocol:
            case "tools":
                return ToolsProtocol(self._brief, lenient=not self._tried.native)
            case "functions":
                return FunctionsProtocol(self._brief, lenient=not self._tried.native)
            case "text":
                return TextProtocol(self._brief, rules=self._rules)


class FixedProtocol(LearnedLadder):
    """The one protocol that the user, or the embedded model, chose; how it is spoken is learnt all the same."""

    def __init__(self, name: ProtocolName, brief: Brief, *, memory: Memory | None = None, rules: str = "") -> None:
        super().__init__(brief, memory=memory, rungs=(name,), rules=rules)
