"""The messages of a kernel in the order in which it sent them, each once, though a connection lost some of them.

While the kernel is asked what was lost, what comes is held back. Knows no connection and reads no content.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from interpreter.runners.channels import Message

_RECENT = 64
"""Ids that are remembered of what was passed on last: some of them may be a server's own, unknown to the kernel."""


class Order:
    """Passes messages on to `receive`."""

    def __init__(self, receive: Callable[[Message], None]) -> None:
        self._receive = receive
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._retold: set[str] = set()  # passed on because they were retold; each may still come by itself
        self._held: list[Message] | None = None

    @property
    def recent(self) -> Sequence[str]:
        """The ids of what was passed on last."""
        return tuple(self._recent)

    def came(self, message: Message) -> None:
        """A message came by itself."""
        identity = message["header"]["msg_id"]
        if identity in self._retold:
            self._retold.discard(identity)
        elif self._held is not None:
            self._held.append(message)
        else:
            self._pass_on(message)

    def hold(self) -> None:
        """Hold back what comes from now on."""
        self._held = [] if self._held is None else self._held

    def release(self) -> None:
        """Pass on what is held back, and hold nothing more."""
        held, self._held = self._held or (), None
        for message in held:
            self.came(message)

    def retold(self, messages: Sequence[Message], *, more: bool = False) -> None:
        """Put in what the kernel retold: all that it sent since one of the `recent`, up to some moment.

        `more`: what comes is still held back, since it is not all that there is.
        """
        retold = {message["header"]["msg_id"]: message for message in messages}
        held, self._held = self._held or [], None
        # What came and is not retold is older than the kernel's memory, or younger than its answer.
        first = next((place for place, message in enumerate(held) if message["header"]["msg_id"] in retold), 0)
        for message in held[:first]:
            self.came(message)
        for message in _after(self._recent, retold):
            self._retold.add(message["header"]["msg_id"])
            self._pass_on(message)
        self._held = [] if more else None
        for message in held[first:]:
            self.came(message)

    def _pass_on(self, message: Message) -> None:
        self._recent.append(message["header"]["msg_id"])
        self._receive(message)


def _after(known: Iterable[str], messages: dict[str, Message]) -> Sequence[Message]:
    """The messages behind the last of them that is known."""
    passed = set(known)
    places = [place for place, identity in enumerate(messages) if identity in passed]
    return tuple(messages.values())[places[-1] + 1 if places else 0 :]
