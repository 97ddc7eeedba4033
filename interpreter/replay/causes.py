"""Why a Python cell may bring something else each time, guessed from its code. Decides nothing: outputs do that."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

RANDOM, CLOCK, NETWORK, MACHINE = (
    "random numbers without a seed",
    "the time of the run",
    "an answer from the network",
    "something of this machine or process",
)

_SOURCES: Mapping[str, str] = {
    "random": RANDOM,
    "numpy.random": RANDOM,
    "torch.rand": RANDOM,
    "torch.randn": RANDOM,
    "torch.randint": RANDOM,
    "secrets": RANDOM,
    "os.urandom": RANDOM,
    "uuid.uuid1": RANDOM,
    "uuid.uuid4": RANDOM,
    "time": CLOCK,
    "timeit": CLOCK,
    "datetime.datetime.now": CLOCK,
    "datetime.datetime.today": CLOCK,
    "datetime.datetime.utcnow": CLOCK,
    "datetime.date.today": CLOCK,
    "pandas.Timestamp.now": CLOCK,
    "pandas.Timestamp.today": CLOCK,
    "requests": NETWORK,
    "httpx": NETWORK,
    "urllib.request": NETWORK,
    "socket": NETWORK,
    "id": MACHINE,
    "hash": MACHINE,
    "os.getpid": MACHINE,
    "platform": MACHINE,
    "tempfile": MACHINE,
}
"""A called name, or what it begins with, and what comes of it."""
_HARMLESS = frozenset({"time.sleep"})
_SEEDS: Mapping[str, str] = {
    "random.seed": "random",
    "numpy.random.seed": "numpy.random",
    "torch.manual_seed": "torch",
}
_SEEDED_BY_ARGUMENT = frozenset({"random.Random", "numpy.random.default_rng", "numpy.random.RandomState"})
_METHODS = frozenset({"sample"})
"""Methods that draw at random unless they are given a `random_state`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tainted:
    """A variable that holds something else each time, and the cell that made it."""

    reason: str
    cell: str


class Suspicion:
    """Looks at a notebook's Python cells in order: what is imported and seeded in one counts in those after it."""

    def __init__(self) -> None:
        self._imports: dict[str, str] = {}
        self._seeded: set[str] = set()
        self._tainted: dict[str, _Tainted] = {}

    def causes(self, cell: str, code: str) -> tuple[str, ...]:
        """Why `code` may bring something else each time; empty if nothing is known against it."""
        tree = _tree(code)
        if tree is None:
            return ()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._imports.update(_imported(node))
        own: dict[str, None] = {}
        inherited: dict[str, None] = {}
        for statement in tree.body:
            called, through = self._statement(statement, cell)
            own |= called
            inherited |= through
        return tuple(own or inherited)

    def _statement(self, statement: ast.stmt, cell: str) -> tuple[dict[str, None], dict[str, None]]:
        """What comes of one statement itself, and of the variables in it; those that it sets hold it from now on."""
        called: dict[str, None] = {}
        through: dict[str, _Tainted] = {}
        stored: set[str] = set()
        for node in ast.walk(statement):
            match node:
                case ast.Call() if reason := self._called(node):
                    called[reason] = None
                case ast.Name(id=name, ctx=ast.Load()) if name in self._tainted:
                    through[name] = self._tainted[name]
                case ast.Name(id=name, ctx=ast.Store()):
                    stored.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    stored.add(name)
                case _:
                    pass
        reasons = [*called, *(tainted.reason for tainted in through.values())]
        for name in stored:
            self._tainted.pop(name, None)
            if reasons:
                self._tainted[name] = _Tainted(reason=reasons[0], cell=cell)
        elsewhere = {name: tainted for name, tainted in through.items() if tainted.cell != cell}
        return called, {f"{it.reason}, through {name!r} of cell {it.cell}": None for name, it in elsewhere.items()}

    def _called(self, call: ast.Call) -> str:
        """What comes of calling this, empty if nothing that is known."""
        name = self._name(call.func)
        if name in _SEEDS:
            self._seeded.add(_SEEDS[name])
            return ""
        if name in _HARMLESS or (name in _SEEDED_BY_ARGUMENT and (call.args or call.keywords)):
            return ""
        if any(name == seeded or name.startswith(f"{seeded}.") for seeded in self._seeded):
            return ""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            if reason := _SOURCES.get(".".join(parts[:length])):
                return reason
        drawn = isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS and parts[0] not in self._imports
        return RANDOM if drawn and not any(word.arg == "random_state" for word in call.keywords) else ""

    def _name(self, node: ast.expr) -> str:
        """The dotted name behind the aliases of imports, empty where a module's own name would deceive."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        root = self._imports.get(node.id) or (node.id if node.id in ("id", "hash") else "")
        return ".".join([root, *reversed(parts)]) if root else ""


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The names that an import gives, with what each stands for."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"
        elif alias.asname:
            yield alias.asname, alias.name
        else:
            root = alias.name.partition(".")[0]
            yield root, root


def _tree(code: str) -> ast.Module | None:
    """The code as Python reads it, without IPython's own lines."""
    plain = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in code.split("\n"))
    try:
        return ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError):
        return None
