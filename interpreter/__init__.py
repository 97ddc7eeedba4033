"""Local Interpreter: a language model writes code, and it runs on your own machine. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interpreter.api import Interpreter

__version__ = "0.1.0"

__all__ = ["Interpreter"]


def __getattr__(name: str) -> object:
    """`Interpreter`, imported when it is first asked for, so that `--version` does not pay for it."""
    if name == "Interpreter":
        from interpreter.api import Interpreter

        return Interpreter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
