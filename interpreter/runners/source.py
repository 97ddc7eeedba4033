"""A cell's code as bytes to be run. Changes none of it: what has no bytes is refused."""

from __future__ import annotations

from typing import Literal

from interpreter.errors import RunnerError


def encoded(code: str, errors: Literal["strict", "surrogateescape"] = "surrogateescape") -> bytes:
    """`code` in UTF-8; bytes that could not be read as text are themselves again, unless `errors` is `strict`.

    Raises `RunnerError` for half a character, which models write now and then, and which is no code anywhere.
    """
    try:
        return code.encode("utf-8", errors)
    except UnicodeEncodeError as error:
        half = f"U+{ord(code[error.start]):04X}"
        raise RunnerError(
            f"This code holds half a character ({half}), so it was not run. Write it as an escape."
        ) from error
