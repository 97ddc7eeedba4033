"""A Python notebook as one script that runs: words as comments, shell cells through subprocess. Runs nothing.

Cells are marked in the percent format, which editors know. What a plain Python cannot run (a magic, a cell that failed)
is a comment; the result always compiles.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from interpreter.errors import UsageError
from interpreter.notebooks.document import Json
from interpreter.notebooks.opening import language
from interpreter.protocols.content import clean
from interpreter.replay.plan import Planned, plan

_TRANSPARENT = ("time", "capture", "timeit", "prun")
"""Cell magics that run the rest of the cell."""
_SHELLS = ("bash", "sh")


def script(document: Json) -> str:
    """The script. Raises `UsageError` if the notebook is not in Python."""
    main = language(document)
    if main not in ("", "python"):
        raise UsageError(f"This notebook is in {main}, not in Python. Export it to ipynb, md or html.")
    planned = {cell.id: cell for cell in plan(document)}
    body: list[str] = []
    for cell in document["cells"]:
        if cell["id"] in planned and cell["cell_type"] == "code":
            body.append("# %%\n" + _code(planned[cell["id"]]))
        elif cell["cell_type"] == "markdown" and cell["source"].strip():
            body.append("# %% [markdown]\n" + _commented(cell["source"]))
    return "\n\n".join([*_imports(body), *body]) + "\n"


def _imports(body: list[str]) -> Iterator[str]:
    """What the script needs beside what the cells import themselves."""
    names = {node.id for text in body for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    used = {"ast": "_ast", "asyncio": "_loop", "subprocess": "_subprocess"}
    lines = [f"import {module} as _{module}" for module, name in used.items() if name in names]
    lines += ["from IPython.display import display"] if "display" in names else []
    lines += ["\n_loop = _asyncio.new_event_loop()"] if "_loop" in names else []
    if lines:
        yield "\n".join(lines)


def _code(cell: Planned) -> str:
    if cell.left_out:
        return _commented(f"Left out: {cell.left_out}.\n{cell.code}")
    if cell.fails:
        return _commented(f"Left out: it failed.\n{cell.code}")
    if not cell.main and cell.language != "shell":
        return _commented(f"Left out: it is {cell.language}.\n{cell.code}")
    code = _python(cell.code) if cell.main else _shell(cell.code)
    return code if _compiles(code) else _awaited(code) or _commented(cell.code)


def _python(code: str) -> str:
    """Code without IPython's own syntax."""
    if code.startswith("%%"):
        magic, _, rest = code.partition("\n")
        name = magic[2:].split(maxsplit=1)[0] if magic[2:].split() else ""
        if name in _SHELLS:
            return _shell(rest)
        return _commented(magic) + "\n" + (_python(rest) if name in _TRANSPARENT else _commented(rest))
    if _compiles(code) or _awaited(code):
        return code
    return "\n".join(map(_line, code.split("\n")))


def _line(line: str) -> str:
    """A line with a magic as a comment, one that asks the shell as a call."""
    stripped = line.lstrip()
    indent = line[: len(line) - len(stripped)]
    if stripped.startswith("!"):
        return indent + _shell(stripped[1:])
    return f"{indent}pass  # {stripped}" if stripped.startswith(("%", "?")) else line


def _shell(code: str) -> str:
    return f"_subprocess.run(['bash', '-c', {_literal(code)}], check=True)"


def _awaited(code: str) -> str:
    """Code with `await` outside a function, as IPython runs it; empty if that is not what is wrong with it."""
    try:
        compile(code, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return ""
    compiled = f"compile({_literal(code)}, '<cell>', 'exec', flags=_ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)"
    return f"_loop.run_until_complete(eval({compiled}))"


def _literal(text: str) -> str:
    """`text` as a readable Python literal."""
    readable = f'"""\\\n{text.replace(chr(92), chr(92) * 2)}\n"""'
    if '"""' in text or text.endswith('"') or "\n" not in text:
        return repr(text)
    return readable


def _compiles(code: str) -> bool:
    try:
        compile(code, "<cell>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in clean(text).splitlines())
