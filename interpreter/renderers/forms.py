"""Which form of a value says it best, where a kernel gives several. Draws nothing."""

from __future__ import annotations

from collections.abc import Collection

_EVERY = frozenset({"text/markdown", "text/html", "text/latex"})


def says_something(plain: str) -> bool:
    """Whether the plain text of a value says more than what kind of object it is."""
    return bool(plain) and not (plain.startswith("<") and plain.endswith(">"))


def is_exact_in_plain(kinds: Collection[str], plain: str) -> bool:
    """Whether a value with these media types is one of R's: its kernel gives every form, and only `plain` as printed.

    Its Markdown and HTML lose signs and line ends.
    """
    return _EVERY.issubset(kinds) and says_something(plain)
