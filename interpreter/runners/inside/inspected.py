"""What a kernel's variables are. Runs inside the kernel, in any Python from 3.8.

It looks and never touches: a property, a length or a representation is asked only of types that are known to answer
without effects; of any other value only the name of its type is told.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 500
NOT_THE_USERS = ("In", "Out", "exit", "get_ipython", "open", "quit")
SHOWN = 60
PLAIN = (int, float, complex, bool, str, bytes, type(None), range)
SIZED = (list, tuple, dict, set, frozenset, bytearray)
SHAPED = (
    "numpy",
    "pandas",
    "polars",
    "torch",
    "scipy",
    "xarray",
    "pyarrow",
    "geopandas",
    "jax",
    "jaxlib",
    "tensorflow",
)


def report(namespace: Mapping[str, Any]) -> list[list[object]]:
    """Name, type, summary and size in bytes (or None) of the user's variables, in the order they were made."""
    told: list[list[object]] = []
    for name, value in list(namespace.items()):
        if name.startswith("_") or name in NOT_THE_USERS or type(value).__name__ == "module":
            continue
        told.append([name, type(value).__name__, summary(value), size(value)])
        if len(told) == MOST:
            break
    return told


def summary(value: Any) -> str:
    """The value or its shape in a few words; nothing where asking could have effects."""
    kind = type(value)
    if kind in PLAIN:
        if kind in (str, bytes) and len(value) > SHOWN:
            return f"{value[: SHOWN - 10]!r} and {len(value) - SHOWN + 10} more"
        if kind is int and value.bit_length() > 512:
            return f"{value.bit_length()} bits"
        return repr(value)
    if kind in SIZED:
        return f"{len(value)} item" + ("" if len(value) == 1 else "s")
    if not shaped(kind):
        return ""
    shape = getattr(value, "shape", None)
    words = "x".join(map(str, shape)) if isinstance(shape, tuple) else ""
    inner = getattr(value, "dtype", None)
    return " ".join(word for word in (words, str(inner) if words and inner is not None else "") if word)


def size(value: Any) -> int | None:
    """The bytes of the value itself, without what it refers to."""
    kind = type(value)
    if kind in PLAIN or kind in SIZED:
        return sys.getsizeof(value)
    if not shaped(kind):
        return None
    if kind.__module__.partition(".")[0] == "pandas" and hasattr(kind, "memory_usage"):
        used = value.memory_usage()
        return int(used.sum() if hasattr(used, "sum") else used)
    found = getattr(value, "nbytes", None)
    return int(found) if isinstance(found, int) else None


def shaped(kind: type) -> bool:
    """Whether `kind` itself, no class of the user's made from it, is an array or a table of a known library."""
    return isinstance(kind.__module__, str) and kind.__module__.partition(".")[0] in SHAPED
