"""The parameters of a saved command: found in code, read from what a person types, put before the cells. Runs nothing.

As in papermill, the cell tagged `parameters` holds the defaults as plain assignments, and a cell tagged
`injected-parameters` behind it holds the values of one run.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interpreter.errors import UsageError
from interpreter.notebooks.document import Json

PARAMETERS, INJECTED = "parameters", "injected-parameters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A variable that a run may set; `default` is a plain value, and says of what type the others are."""

    name: str
    default: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Code, and the assignments that were taken out of it, each as it stood there."""

    code: str
    taken: Mapping[str, str]


def parameters(document: Json) -> tuple[Parameter, ...]:
    """The parameters that the notebook declares."""
    return tuple(
        Parameter(name=name, default=ast.literal_eval(value))
        for cell in document["cells"]
        if cell["cell_type"] == "code" and PARAMETERS in cell["metadata"].get("tags", ())
        for name, (_, value) in _assignments(cell["source"]).items()
    )


def taken_out(code: str, names: Sequence[str] | None = None) -> Split:
    """`code` without its plain assignments, or those of `names`, that stand on lines of their own."""
    found = {
        name: statement
        for name, (statement, _) in _assignments(code).items()
        if (names is None and not name.startswith("_")) or (names is not None and name in names)
    }
    lines = code.split("\n")
    taken = {name: "\n".join(lines[it.lineno - 1 : it.end_lineno]) for name, it in found.items()}
    gone = {number for it in found.values() for number in range(it.lineno, (it.end_lineno or it.lineno) + 1)}
    rest = "\n".join(line for number, line in enumerate(lines, 1) if number not in gone)
    return Split(code=rest.strip("\n"), taken=taken)


def given(name: str, known: Sequence[Parameter], typed: Sequence[str]) -> dict[str, object]:
    """The values in `typed`, flags and values as on a command line. Raises `UsageError` for what the command lacks."""
    values: dict[str, object] = {}
    rest = list(typed)
    while rest:
        flag, equals, value = rest.pop(0).partition("=")
        parameter = next((it for it in known if flag == f"--{it.name.replace('_', '-')}"), None)
        parameter = parameter or next((it for it in known if flag == f"--{it.name}"), None)
        if parameter is None:
            raise UsageError(_unknown(name, known, flag))
        if not equals:
            if not rest:
                raise UsageError(f"{flag} takes a value, such as {parameter.default!r}.")
            value = rest.pop(0)
        values[parameter.name] = _read(flag, parameter.default, value)
    return values


def injected(document: Json, values: Mapping[str, object]) -> Json:
    """`document` with a cell that sets `values`, behind the defaults."""
    if not values:
        return document
    source = "# Parameters\n" + "\n".join(f"{name} = {value!r}" for name, value in values.items())
    cell: Json = {
        "cell_type": "code",
        "id": INJECTED,
        "metadata": {"tags": [INJECTED]},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    cells = document["cells"]
    place = next(number for number, it in enumerate(cells, 1) if PARAMETERS in it["metadata"].get("tags", ()))
    return {**document, "cells": [*cells[:place], cell, *cells[place:]]}


def _assignments(code: str) -> dict[str, tuple[ast.stmt, ast.expr]]:
    """The top-level `NAME = plain value` of `code`, each alone on its lines and the only one of its name."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, tuple[ast.stmt, ast.expr]] = {}
    for index, statement in enumerate(body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _plain(value) and _alone(body, index):
                found[name] = (statement, value)
            case _:
                pass
    stored = [it.id for it in ast.walk(ast.parse(code)) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store)]
    return {name: it for name, it in found.items() if stored.count(name) == 1}


def _plain(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _alone(body: Sequence[ast.stmt], index: int) -> bool:
    mine = body[index]
    before, after = body[index - 1] if index else None, body[index + 1] if index + 1 < len(body) else None
    return not (before and before.end_lineno == mine.lineno) and not (after and after.lineno == mine.end_lineno)


def _unknown(name: str, known: Sequence[Parameter], flag: str) -> str:
    listed = ", ".join(f"--{it.name.replace('_', '-')}" for it in known)
    has = f"It has {listed}." if listed else "It has none."
    if not flag.startswith("--"):
        return f"{name} takes its parameters as --NAME VALUE, not {flag!r}. {has}"
    return f"{name} has no parameter {flag}. {has} Options of the program stand before the command's name."


def _read(flag: str, default: object, typed: str) -> object:
    """`typed` as a value of the default's type."""
    if isinstance(default, str):
        return typed
    if isinstance(default, bool) and typed.lower() in ("true", "yes", "on", "false", "no", "off"):
        return typed.lower() in ("true", "yes", "on")
    try:
        value: object = ast.literal_eval(typed)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = typed
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if default is None or type(value) is type(default):
        return value
    raise UsageError(f"{flag} must be like {default!r} ({type(default).__name__}), not {typed!r}.")
