"""A call protocol made fit for an endpoint: what `Learnt` says of it, applied to each request and reply. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from interpreter.events import ProtocolName
from interpreter.history import History
from interpreter.protocols.exchange import Message, Request
from interpreter.protocols.learnt import Learnt
from interpreter.protocols.messages import joined
from interpreter.protocols.thinking import ThoughtReader
from interpreter.seams import CallProtocol, Reader


class Adapted:
    """Implements `CallProtocol` over another one."""

    def __init__(self, inner: CallProtocol, learnt: Learnt) -> None:
        self._inner = inner
        self._learnt = learnt

    @property
    def name(self) -> ProtocolName:
        """The inner protocol's."""
        return self._inner.name

    def request(self, history: History) -> Request:
        """The inner protocol's request, without what the endpoint does not take."""
        request, learnt = self._inner.request(history), self._learnt
        messages = with_ids(request.messages, short=learnt.short_ids)
        if not learnt.pictures:
            messages = tuple(map(without_pictures, messages))
        if not learnt.system:
            messages = without_system(messages)
        if learnt.alternate:
            messages = alternating(messages)
        return replace(
            request,
            messages=messages,
            stream=learnt.stream,
            usage=learnt.usage,
            without=learnt.without,
            whole_name=learnt.whole_name,
        )

    def reader(self) -> Reader:
        """The inner protocol's reader, behind one that tells thinking apart."""
        return ThoughtReader(self._inner.reader())


def with_ids(messages: Sequence[Message], *, short: bool) -> tuple[Message, ...]:
    """`messages` with ids of calls that are unique, and, if `short`, of nine letters and digits.

    Some servers give every call the same id, or one that another provider does not take. An id is replaced by the
    call's place in the conversation, so it is the same at every request.
    """
    seen: set[str] = set()
    waiting: list[str] = []  # the new ids of the calls whose results come next, in order
    calls = 0
    result: list[Message] = []
    for message in messages:
        called: Any = message.get("tool_calls") or ()
        renamed = []
        for call in called:
            calls += 1
            id = str(call["id"])
            ours = (f"call{number:05}" for number in count(calls))  # which a model may have learnt to write itself
            new = next(each for each in ours if each not in seen) if short or id in seen else id
            seen.add(new)
            waiting.append(new)
            renamed.append({**call, "id": new})
        if renamed:
            result.append({**message, "tool_calls": renamed})
        elif message["role"] == "tool":
            result.append({**message, "tool_call_id": waiting.pop(0)})
        else:
            result.append(message)
    return tuple(result)


def without_pictures(message: Message) -> Message:
    """The message with its words alone, which name the picture's file."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": "\n\n".join(part["text"] for part in content if part.get("type") == "text")}


def without_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """`messages` with the system text at the head of the first prompt."""
    system, *rest = messages
    if not rest or rest[0]["role"] != "user":
        return ({"role": "user", "content": system["content"]}, *rest)
    return ({"role": "user", "content": joined(system["content"], rest[0]["content"])}, *rest[1:])


def alternating(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """`messages` with neighbours of one plain role joined."""
    result: list[Message] = []
    for message in messages:
        last = result[-1] if result else None
        plain = message["role"] in ("user", "assistant") and "tool_calls" not in message
        if last is not None and plain and last["role"] == message["role"] and "tool_calls" not in last:
            result[-1] = {**message, "content": joined(last["content"], message["content"])}
        else:
            result.append(message)
    return tuple(result)
