"""The messages of a kernel in the order in which it sent them, each once, though some of them were lost on their way.

While the kernel is asked what was lost, what comes is held back. Knows no connection and reads no content.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from interpreter.runners.channels import Message
from interpreter.runners.inside.taught import PLACE

_RECENT = 64
"""Ids that are remembered of what was passed on last: some of them may be a server's own, unknown to the kernel."""


class Order:
    """Passes messages on to `receive`. Where one is missing it holds back what follows, and calls `missed`."""

    def __init__(self, receive: Callable[[Message], None], missed: Callable[[], None]) -> None:
        self._receive = receive
        self._missed = missed
        self._next: int | None = None  # the place of the next message that is counted, None: any
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._retold: set[str] = set()  # passed on because they were retold; each may still come by itself
        self._held: list[Message] | None = None

    @property
    def recent(self) -> Sequence[str]:
        """The ids of what was passed on last."""
        return tuple(self._recent)

    def came(self, message: Message) -> None:
        """A message came by itself."""
        if self._held is not None:
            self._held.append(message)
        elif self._next is not None and (_place(message) or 0) > self._next:
            self._held = [message]
            self._missed()
        else:
            self._once(message)

    def hold(self) -> None:
        """Hold back what comes from now on."""
        self._held = [] if self._held is None else self._held

    def release(self) -> None:
        """Pass on what is held back, whatever is missing in it, and hold nothing more."""
        held, self._held = self._held or (), None
        for message in held:
            self._once(message)

    def retold(self, messages: Sequence[Message], *, more: bool = False) -> None:
        """Put in what the kernel retold: all that it sent since one of the `recent`, up to some moment.

        `more`: what comes is still held back, since it is not all that there is.
        """
        retold = {message["header"]["msg_id"]: message for message in messages}
        held, self._held = self._held or [], None
        self._next = None  # what the kernel does not remember either is not asked for again
        # What came and is not retold is older than the kernel's memory, or younger than its answer.
        first = next((place for place, message in enumerate(held) if message["header"]["msg_id"] in retold), 0)
        for message in held[:first]:
            self._once(message)
        for message in _after(self._recent, retold):
            self._retold.add(message["header"]["msg_id"])
            self._pass_on(message)
        self._held = [] if more else None
        for message in held[first:]:
            self.came(message)

    def _once(self, message: Message) -> None:
        """Pass it on, unless it was when it was retold."""
        identity = message["header"]["msg_id"]
        if identity in self._retold:
            self._retold.discard(identity)
        else:
            self._pass_on(message)

    def _pass_on(self, message: Message) -> None:
        self._recent.append(message["header"]["msg_id"])
        if (place := _place(message)) is not None:
            self._next = max(place + 1, self._next or 0)
        self._receive(message)


def _place(message: Message) -> int | None:
    """How many messages on iopub the kernel sent before this one, None if it does not count them."""
    place: int | None = message.get("metadata", {}).get(PLACE)
    return place


def _after(known: Iterable[str], messages: dict[str, Message]) -> Sequence[Message]:
    """The messages behind the last of them that is known."""
    passed = set(known)
    places = [place for place, identity in enumerate(messages) if identity in passed]
    return tuple(messages.values())[places[-1] + 1 if places else 0 :]
