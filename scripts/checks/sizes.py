"""Fails where a file is longer than 400 lines or a function longer than 60."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

FILE, FUNCTION = 400, 60


def main() -> int:
    """Report every place that outgrew its bound."""
    found = []
    for path in sorted(Path("interpreter").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > FILE:
            found.append(f"{path}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > FUNCTION:
                    found.append(f"{path}:{node.lineno} {node.name}: {length} lines")
    sys.stdout.writelines(f"{place}\n" for place in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
