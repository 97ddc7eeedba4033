"""Which protocol to speak with an endpoint: `tools`, then `functions`, then `text`. Pure state, no memory on disk."""

from __future__ import annotations

from interpreter.errors import ModelError
from interpreter.events import ProtocolName
from interpreter.protocols.brief import Brief
from interpreter.protocols.exchange import Reply
from interpreter.protocols.functions import FunctionsProtocol
from interpreter.protocols.text import TextProtocol
from interpreter.protocols.tools import ToolsProtocol
from interpreter.seams import CallProtocol


class FixedProtocol:
    """Implements `Ladder` with one rung: the protocol the user, or the embedded model, chose.

    Once the model has made a native call, its prose is prose: code written out as text no longer counts.
    """

    def __init__(self, name: ProtocolName, brief: Brief, *, rules: str = "") -> None:
        self._name = name
        self._brief = brief
        self._rules = rules
        self._native = False

    def current(self) -> CallProtocol:
        """The one protocol."""
        match self._name:
            case "tools":
                return ToolsProtocol(self._brief, lenient=not self._native)
            case "functions":
                return FunctionsProtocol(self._brief, lenient=not self._native)
            case "text":
                return TextProtocol(self._brief, rules=self._rules)

    def refused(self, error: ModelError) -> bool:
        """There is no other rung."""
        return False

    def worked(self, reply: Reply) -> None:
        """Remember that native calls are made here."""
        self._native = self._native or (reply.native and bool(reply.calls))
