"""How long to wait before a failed request is sent again, and when to give up. Sends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from interpreter.errors import ModelError, ModelFault

RETRIES: Mapping[ModelFault, int] = {
    "rate": 5,
    "overload": 5,
    "server": 3,
    "dropped": 3,
    "connect": 2,
    "timeout": 1,
    "empty": 1,
}
"""How often a request that failed so is sent again; those not named never are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Waits `first` seconds, then twice as long each time, at most `longest`; a provider that asks for more is left.

    `sleep` does the waiting.
    """

    first: float = 1.0
    longest: float = 60.0
    sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep

    def wait(self, error: ModelError, failures: int) -> float | None:
        """Seconds to wait after `failures` failures (from 1), the last of them `error`; None: give up."""
        if failures > RETRIES.get(error.fault, 0):
            return None
        if error.retry_after is None:
            return min(self.first * 2.0 ** (failures - 1), self.longest)
        return max(error.retry_after, 0.0) if error.retry_after <= self.longest else None
