"""Fails at mutable module state, at names that say nothing, and where everything is caught and swallowed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

EMPTY_NAMES = re.compile(r"^(utils?|helpers?|common|misc|base_.*|.*manager.*)$")
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_CALLS = frozenset({"list", "dict", "set", "bytearray", "defaultdict", "OrderedDict", "deque", "Counter"})
BROAD = frozenset({"Exception", "BaseException"})
EDGE = "interpreter/cli.py"
"""The one file that may swallow anything, once: there a bug becomes a line and an exit code."""


def is_mutable(value: ast.expr | None) -> bool:
    """Whether `value` builds a container that could be changed later."""
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] in MUTABLE_CALLS
    return isinstance(value, MUTABLE)


def state(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Lines that make module state; a table in capitals is never changed by convention, `__all__` by Python."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, f"global {', '.join(node.names)}"
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            names = [ast.unparse(target) for target in statement.targets]
        elif isinstance(statement, ast.AnnAssign):
            names = [ast.unparse(statement.target)]
        else:
            continue
        for name in names:
            if is_mutable(statement.value) and name != "__all__" and not name.strip("_").isupper():
                yield statement.lineno, f"{name} is mutable module state"


def broad(tree: ast.Module) -> Iterator[int]:
    """Lines that catch everything and do not end in raising it, or an error of ours, again."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type] if node.type else []
            if not caught or any(ast.unparse(kind) in BROAD for kind in caught):
                yield node.lineno


def main(root: Path) -> int:
    """Report what was found under `root`'s package."""
    found = []
    for path in sorted((root / "interpreter").rglob("*.py")):
        place = path.relative_to(root)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if EMPTY_NAMES.match(path.stem):
            found.append(f"{place} has a name that says nothing")
        found += [f"{place}:{line} {reason}" for line, reason in state(tree)]
        catches = [f"{place}:{line} swallows everything" for line in broad(tree)]
        found += catches[1:] if place.as_posix() == EDGE else catches
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path()))
