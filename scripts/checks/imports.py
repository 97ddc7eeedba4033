"""Fails where an import points the wrong way. Reads the source; imports none of it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

CORE = (
    "interpreter.events",
    "interpreter.history",
    "interpreter.seams",
    "interpreter.session",
    "interpreter.asking",
    "interpreter.running",
    "interpreter.background",
    "interpreter.limits",
    "interpreter.repetition",
    "interpreter.room",
    "interpreter.patience",
    "interpreter.stop",
    "interpreter.errors",
    "interpreter.wire",
    "interpreter.protocols",
)
PARTS = tuple(
    f"interpreter.{name}"
    for name in (
        *("models", "runners", "recorders", "renderers", "repl", "hosts"),
        *("notebooks", "exports", "saved"),
    )
)
AGAIN = ("interpreter.replay",)
"""Runs cells without a session, so it may name how a cell is run."""
EDGE = tuple(f"interpreter.{name}" for name in ("cli", "__main__", "api"))
LATE = ("litellm", "jupyter_client", "nbformat", "pydantic", "httpx", "tornado", "xllamacpp")

FORBIDDEN = (
    (CORE, ("rich", "prompt_toolkit", "argparse", "litellm", "jupyter_client")),
    (CORE, (*PARTS, *EDGE)),
    (PARTS, ("interpreter.session", "interpreter.asking", "interpreter.running", *EDGE)),
    (AGAIN, ("interpreter.session", "interpreter.asking", *EDGE)),
    (("interpreter.protocols",), ("interpreter.session", "interpreter.asking", "interpreter.running")),
    (("interpreter.history",), ("interpreter.protocols", "interpreter.seams", "interpreter.session")),
    (
        ("interpreter.events", "interpreter.errors", "interpreter.stop"),
        ("interpreter.history", "interpreter.protocols"),
    ),
)
"""Who may not import what, at any depth and in any function; the words and reasons are in ARCHITECTURE.md."""

REPL_EXEMPT = "interpreter.repl"
"""The REPL is handed the session it talks to, so it may name it."""


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    """Whether `module` is one of `prefixes` or lies inside one."""
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


def imported(node: ast.AST) -> tuple[str, ...]:
    """The modules an import statement may name; `from a import b` names both `a` and `a.b`."""
    if isinstance(node, ast.Import):
        return tuple(alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
    return ()


def runs_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and what under it runs when the module is imported: no function bodies, no type-checking blocks."""
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
        for branch in node.orelse:
            yield from runs_at_import(branch)
        return
    for child in ast.iter_child_nodes(node):
        yield from runs_at_import(child)


def wrong(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and reason of every import of `module` that a rule forbids."""
    for node in ast.walk(tree):
        for name in imported(node):
            for importers, targets in FORBIDDEN:
                exempt = within(module, (REPL_EXEMPT,)) and name.startswith("interpreter.session")
                if within(module, importers) and within(name, targets) and not exempt:
                    yield getattr(node, "lineno", 0), f"{module} may not import {name}"
            if within(name, ("litellm",)) and module != "interpreter.models.litellm":
                yield getattr(node, "lineno", 0), f"{name} is named in interpreter/models/litellm.py only"
    for node in runs_at_import(tree):
        for name in imported(node):
            if within(name, LATE):
                yield getattr(node, "lineno", 0), f"{name} is imported inside the function that first needs it"


def main(root: Path) -> int:
    """Report every import under `root`'s package that points the wrong way."""
    found = []
    for path in sorted((root / "interpreter").rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        places = sorted(set(wrong(module, tree)))
        found += [f"{path.relative_to(root)}:{line} {reason}" for line, reason in places]
    sys.stdout.writelines(f"{place}\n" for place in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path()))
