"""The messages of a kernel in the order in which it sent them, each once, though some of them were lost on their way.

A kernel that counts them gives each its place. Where one is missing, what follows is held back until the kernel has
told it again. Knows no connection and reads no content.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from interpreter.runners.channels import Message
from interpreter.runners.inside.taught import PLACE


class Order:
    """Passes messages on to `receive`. Where one is missing it holds back what follows, and calls `missed`.

    What has no place is from somebody else, such as the server, and passed on as it comes.
    """

    def __init__(self, receive: Callable[[Message], None], missed: Callable[[], None]) -> None:
        self._receive = receive
        self._missed = missed
        self._first = 0  # the place of the first message that was counted
        self._next: int | None = None  # the place of the next one, None: any
        self._held: list[Message] | None = None

    @property
    def after(self) -> int:
        """The place of the last message that was passed on."""
        return -1 if self._next is None else self._next - 1

    def came(self, message: Message) -> None:
        """A message came by itself."""
        place = _place(message)
        if self._held is not None:
            self._held.append(message)
        elif self._next is not None and place is not None and place > self._next:
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
        """Put in what the kernel retold: all that it remembers from behind the place `after`, up to some moment.

        `more`: what comes is still held back, since it is not all that there is.
        """
        held, self._held = self._held or [], None
        oldest = next((place for message in messages if (place := _place(message)) is not None), None)
        if oldest is None:
            self._next = None  # what the kernel does not remember is not asked for again
        while held and oldest is not None and (_place(held[0]) or 0) < oldest:  # older than the kernel's memory
            self._once(held.pop(0))
        for message in messages:
            self._once(message)
        self._held = [] if more else None
        for message in held:
            self.came(message)

    def _once(self, message: Message) -> None:
        """Pass it on, unless it was before, when it was retold."""
        place = _place(message)
        if place is not None:
            if self._next is None:
                self._first = place
            elif self._first <= place < self._next:
                return
            self._next = max(place + 1, self._next or 0)
        self._receive(message)


def _place(message: Message) -> int | None:
    """How many messages the kernel sent before this one, None if it was not counted."""
    place: int | None = message.get("metadata", {}).get(PLACE)
    return place
