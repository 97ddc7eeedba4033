"""The `tools` protocol: code travels as a tool call, its result as a tool-role message. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from interpreter.events import ProtocolName
from interpreter.history import Cell, History, RejectedCall, Reply
from interpreter.protocols import content, definition, messages
from interpreter.protocols.brief import Brief
from interpreter.protocols.calls import CallReader
from interpreter.protocols.exchange import Message, Request


class ToolsProtocol:
    """Implements `CallProtocol`. `lenient`: a call written out as text counts, until native calls were seen."""

    name: ProtocolName = "tools"

    def __init__(self, brief: Brief, *, lenient: bool = True) -> None:
        self._brief = brief
        self._lenient = lenient

    def request(self, history: History) -> Request:
        """The whole conversation in this dialect, and the tool."""
        tool = {"type": "function", "function": definition.execute_code(self._brief.languages)}
        return Request(messages=messages.conversation(self._brief, history, self._reply), tools=(tool,))

    def reader(self) -> CallReader:
        """A reader for one reply."""
        return CallReader(self._brief.resolve, lenient=self._lenient)

    def _reply(self, reply: Reply, head: int, tail: int) -> Iterator[Message]:
        if not reply.calls:
            yield {"role": "assistant", "content": reply.text}
            return
        yield {"role": "assistant", "content": reply.text, "tool_calls": [_call(call) for call in reply.calls]}
        for call in reply.calls:
            yield {"role": "tool", "tool_call_id": _id(call), "content": result(call, head, tail)}
        if self._brief.sees_images:
            yield from messages.of_pictures(call for call in reply.calls if isinstance(call, Cell))


def result(call: Cell | RejectedCall, head: int, tail: int) -> str:
    """What the model is told of one call."""
    if isinstance(call, RejectedCall):
        return f"The call cannot be used, and nothing was run. {call.reason} Send it again, put right."
    return content.result(call, head=head, tail=tail)


def written_arguments(call: Cell | RejectedCall) -> str:
    """The call's arguments as JSON; those that could not be read are wrapped, since endpoints demand valid JSON."""
    if isinstance(call, RejectedCall):
        return json.dumps({"unreadable": call.raw[:2000]})
    return json.dumps({"language": call.language, "code": call.proposed}, ensure_ascii=False)


def _call(call: Cell | RejectedCall) -> Message:
    extra = dict(call.call.extra) if call.call else {}
    function = {"name": definition.NAME, "arguments": written_arguments(call)}
    return {"id": _id(call), "type": "function", "function": function, **extra}


def _id(call: Cell | RejectedCall) -> str:
    """The provider's id; ours where it sent none (cell ids are unique in a session)."""
    return call.call.id if call.call and call.call.id else f"call_{call.id}"
