"""Replies that are still to come, by the id of the request they answer. Sends and receives nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any


class Answers:
    """Each reply as a future; whoever waits no longer cancels it."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}

    def expected(self, identity: str) -> asyncio.Future[Mapping[str, Any]]:
        """The reply to the request of that id."""
        future: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = future
        future.add_done_callback(lambda _: self._waiting.pop(identity, None))
        return future

    def came(self, message: Mapping[str, Any]) -> None:
        """A message came that may be a reply."""
        future = self._waiting.get(message["parent_header"].get("msg_id", ""))
        if future is not None and not future.done():
            future.set_result(message)

    def cancel(self) -> None:
        """No reply comes any more."""
        for future in tuple(self._waiting.values()):
            future.cancel()
