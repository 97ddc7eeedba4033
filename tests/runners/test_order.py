"""What a kernel that counts its messages says comes whole, once and in order, whatever is dropped or overtakes."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Mapping
from typing import Any

import pytest

from interpreter.runners.channels import Channel, Message
from interpreter.runners.inside.taught import Memory
from interpreter.runners.order import Order
from interpreter.runners.recovery import Recovery


class Session:
    """As much of a kernel's session as numbers its messages."""

    def __init__(self) -> None:
        self.count = itertools.count()

    def msg(self, kind: str, content: Any, parent: Any, **_: Any) -> dict[str, Any]:
        """A message of that kind."""
        header = {"msg_id": f"m{next(self.count)}", "msg_type": kind, "session": "kernel"}
        return {"header": header, "parent_header": parent or {}, "metadata": {}, "content": content}

    def send(self, _: Any, message: Message, **__: Any) -> Message:
        """The message, as it was sent."""
        return message


def names(messages: list[Message]) -> list[str]:
    """Their ids."""
    return [message["header"]["msg_id"] for message in messages]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_dropped_and_what_overtakes_is_passed_on_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    memory = Memory(Session())
    heard: list[Message] = []
    due: list[bool] = []
    order = Order(heard.append, lambda: due.append(True))
    sent: list[Message] = []
    on_its_way: list[Message] = []
    for number in range(400):
        kind = chance.choice(["stream", "stream", "display_data", "status", "input_request"])
        sent.append(memory.send(None, kind, {"number": number}))
        if number == 0 or chance.random() > 0.1:
            on_its_way.insert(len(on_its_way) - (number > 1 and chance.random() < 0.1), sent[-1])
        while on_its_way and chance.random() < 0.6:
            order.came(on_its_way.pop(0))
        if due and chance.random() < 0.3:
            due.clear()
            order.retold(memory.since(order.after)[0])
    for message in on_its_way:
        order.came(message)
    order.hold()
    order.retold(memory.since(order.after)[0])
    assert names(heard) == names(sent)


def test_what_the_kernel_forgot_is_not_asked_for_twice() -> None:
    memory = Memory(Session())
    heard: list[Message] = []
    asked: list[int] = []
    order = Order(heard.append, lambda: asked.append(order.after))
    sent = [memory.send(None, "stream", {"text": "x" * 5_000_000}) for _ in range(9)]
    order.came(sent[0])
    order.came(sent[8])
    told, whole = memory.since(order.after)
    order.retold(told)
    order.came(memory.send(None, "stream", {"text": "y"}))
    assert (names(heard), asked, whole) == (["m0", "m6", "m7", "m8", "m9"], [0], False)


class FakeLine:
    """Implements `Line`: nothing is answered, and what is repeated is kept."""

    def __init__(self) -> None:
        self.repeated: list[str] = []

    def send(self, _: Channel, kind: str, __: Mapping[str, object]) -> tuple[str, asyncio.Future[Message]]:
        """See `Line.send`."""
        return kind, asyncio.get_running_loop().create_future()

    def repeat(self, text: str) -> None:
        """See `Line.repeat`."""
        self.repeated.append(text)


@pytest.mark.parametrize(("asks_again", "repeated"), [(False, ["first"]), (True, [])])
def test_an_answer_is_typed_again_after_a_cut_unless_the_kernel_asked_anew(
    asks_again: bool, repeated: list[str]
) -> None:
    async def story() -> None:
        line, session = FakeLine(), Session()
        recovery = Recovery(line, lambda _: None)
        recovery.asked("c1", "a cell")
        recovery.typed("first")
        if asks_again:
            recovery.came({**session.msg("input_request", {}, {"msg_id": "c1"}), "channel": "stdin"})
        recovery.connected()
        await asyncio.sleep(0)
        assert line.repeated == repeated
        await recovery.close()

    asyncio.run(story())
