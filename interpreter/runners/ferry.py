"""Files to and from a Python kernel, piece by piece in cells of their own. For servers that keep no files themselves.

An Enterprise Gateway is one: its kernels live on machines that share nothing. No name is bound in the kernel, and no
cell is counted there.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import aclosing

from interpreter.errors import RunnerError
from interpreter.runners.jupyter import JupyterRunner
from interpreter.seams import Ended, Produced
from interpreter.stop import Stop

_PIECE = 600_000
"""Bytes in a cell; a websocket of a proxy may take no message above a megabyte."""
_PUT = """
import base64, pathlib
path = pathlib.Path({path!r})
path.parent.mkdir(parents=True, exist_ok=True)
with path.open({mode!r}) as file:
    file.write(base64.b64decode({data!r}))
"""
_GET = """
import base64, pathlib
with pathlib.Path({path!r}).open("rb") as file:
    file.seek({start})
    print(base64.b64encode(file.read({length})).decode())
"""


async def put(python: JupyterRunner, content: bytes, path: str) -> None:
    """Write `content` to `path` where the kernel runs. Raises `RunnerError` if that fails."""
    for start in range(0, max(len(content), 1), _PIECE):
        data = base64.b64encode(content[start : start + _PIECE]).decode()
        await _told(python, _PUT.format(path=path, mode="ab" if start else "wb", data=data))


async def get(python: JupyterRunner, path: str) -> bytes:
    """What stands in `path` where the kernel runs. Raises `RunnerError` if it cannot be read."""
    content = b""
    while len(content) % _PIECE == 0:
        told = await _told(python, _GET.format(path=path, start=len(content), length=_PIECE))
        try:
            piece = base64.b64decode(told, validate=True)
        except binascii.Error as error:
            raise RunnerError(f"The kernel's answer for {path} is damaged. Try again.") from error
        if not piece:
            break
        content += piece
    return content


async def _told(python: JupyterRunner, source: str) -> str:
    """What the code prints, run in a namespace of its own."""
    if python.state == "busy":
        raise RunnerError("Files travel through the kernel here, and it is busy. Wait for the end of its cell.")
    printed, why, status = "", "", ""
    code = f"__import__('builtins').exec({source!r}, {{}})"
    async with aclosing(python.run(code, Stop(), counted=False)) as happenings:
        async for happening in happenings:
            match happening:
                case Produced(kind="stdout", data=data):
                    printed += str(data["text/plain"])
                case Produced(kind="error", data=data):
                    why = str(data["text/plain"]).strip().rpartition("\n")[2]
                case Ended():
                    status = happening.status
                case _:
                    pass
    if status != "ok":
        raise RunnerError(f"The kernel cannot do that: {why or status}")
    return printed.strip()
