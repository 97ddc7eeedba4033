"""The `functions` protocol, the original form: a function definition in the request, `finish_reason ==
"function_call"` in the reply, and the output fed back as a function-role message. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from interpreter.events import ProtocolName
from interpreter.history import Cell, History, Reply
from interpreter.protocols import definition, messages, tools
from interpreter.protocols.brief import Brief
from interpreter.protocols.calls import CallReader
from interpreter.protocols.exchange import Message, Request


class FunctionsProtocol:
    """Implements `CallProtocol`. `lenient`: a call written out as text counts, until native calls were seen."""

    name: ProtocolName = "functions"

    def __init__(self, brief: Brief, *, lenient: bool = True) -> None:
        self._brief = brief
        self._lenient = lenient

    def request(self, history: History) -> Request:
        """The whole conversation in this dialect, and the function."""
        function = definition.execute_code(self._brief.languages)
        return Request(messages=messages.conversation(self._brief, history, self._reply), functions=(function,))

    def reader(self) -> CallReader:
        """A reader for one reply."""
        return CallReader(self._brief.resolve, lenient=self._lenient)

    def _reply(self, reply: Reply, head: int, tail: int) -> Iterator[Message]:
        """One call a message, its result right after: the dialect knows no others."""
        if not reply.calls:
            yield {"role": "assistant", "content": reply.text}
            return
        for position, call in enumerate(reply.calls):
            function_call = {"name": definition.NAME, "arguments": tools.written_arguments(call)}
            words = reply.text if position == 0 else ""
            yield {"role": "assistant", "content": words, "function_call": function_call}
            yield {"role": "function", "name": definition.NAME, "content": tools.result(call, head, tail)}
        if self._brief.sees_images:
            yield from messages.of_pictures(call for call in reply.calls if isinstance(call, Cell))
