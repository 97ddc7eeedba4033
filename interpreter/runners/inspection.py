"""Questions about a kernel's state that run no cell and change nothing. Each answer is empty where none can be had."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interpreter.protocols.content import clean
from interpreter.runners import cell as cells
from interpreter.runners.channels import Channel
from interpreter.runners.kernels import Kernel
from interpreter.seams import Completions, Variable

_PATIENCE = 2.0
"""Seconds an answer may take; code that holds the interpreter's lock lets nobody answer."""

NOTHING = Completions(matches=(), start=0, end=0)


async def variables(kernel: Kernel, *, busy: bool) -> tuple[Variable, ...]:
    """The user's variables. Beside a running cell only a kernel of our launcher answers: on its control channel.

    Jupyter's own way there would be a subshell, but what runs in one takes over the running cell's output and input.
    """
    if kernel.ours:
        told = (await _ask(kernel, "control", "interpreter_variables_request", {})).get("variables", ())
    elif kernel.language == "python" and not busy:
        told = await _evaluated(kernel)
    else:
        told = ()
    return tuple(Variable(name=name, type=kind, summary=words, size=size) for name, kind, words, size in told)


async def complete(kernel: Kernel, code: str, cursor: int) -> Completions:
    """Completions by the kernel, which must be idle."""
    told = await _ask(kernel, "shell", "complete_request", {"code": code, "cursor_pos": cursor})
    if told.get("status") != "ok":
        return NOTHING
    matches, start, end = (told.get(name) for name in ("matches", "cursor_start", "cursor_end"))
    if not (isinstance(matches, list) and isinstance(start, int) and isinstance(end, int)):
        return NOTHING
    return Completions(matches=tuple(match for match in matches if isinstance(match, str)), start=start, end=end)


async def inspect(kernel: Kernel, code: str, cursor: int) -> str:
    """The kernel's help text, which must be idle."""
    told = await _ask(kernel, "shell", "inspect_request", {"code": code, "cursor_pos": cursor, "detail_level": 0})
    data = told.get("data")
    help_text = data.get("text/plain") if told.get("found") and isinstance(data, Mapping) else None
    return clean(help_text) if isinstance(help_text, str) else ""


async def names(kernel: Kernel) -> tuple[str, ...] | None:
    """The user's names in an idle Python kernel; None if they could not be told."""
    return cells.names(await _silently(kernel, cells.NAMES))


async def _ask(kernel: Kernel, channel: Channel, kind: str, content: Mapping[str, object]) -> Mapping[str, Any]:
    """The content of the reply; empty if none came in time, or the kernel was closed meanwhile."""
    _, reply = kernel.send(channel, kind, content)
    done, _ = await asyncio.wait({reply}, timeout=_PATIENCE)
    if not done or reply.cancelled():
        reply.cancel()
        return {}
    answer: Mapping[str, Any] = reply.result()["content"]
    return answer


async def _evaluated(kernel: Kernel) -> Any:
    """The report of `inspected.py`, evaluated in the kernel: no name is bound and no cell is counted."""
    built_in = "__import__('builtins')"
    expression = f"(lambda o: ({built_in}.exec({_source()!r}, o), o['report']({built_in}.globals()))[1])({{}})"
    told = await _silently(kernel, {"report": f"__import__('json').dumps({expression})"})
    text = told.get("user_expressions", {}).get("report", {}).get("data", {}).get("text/plain")
    if text is None:
        return ()
    import json

    return json.loads(ast.literal_eval(text))


async def _silently(kernel: Kernel, expressions: Mapping[str, str]) -> Mapping[str, Any]:
    """The reply to a request that runs no code and evaluates `expressions`."""
    content = {
        "code": "",
        "silent": True,
        "store_history": False,
        "allow_stdin": False,
        "stop_on_error": False,
        "user_expressions": expressions,
    }
    return await _ask(kernel, "shell", "execute_request", content)


def _source() -> str:
    return (Path(__file__).with_name("inside") / "inspected.py").read_text(encoding="utf-8")
