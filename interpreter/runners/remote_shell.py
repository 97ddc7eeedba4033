"""The shell behind a server: a bash for each cell, which goes on where the last one stopped. Keeps no process.

A Python kernel of its own starts it, so that Python stays free. What of a shell can be written down goes through a file
beside that kernel: folder, variables and functions; its options, aliases, traps and jobs do not.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncGenerator
from contextlib import aclosing

from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.source import encoded
from interpreter.seams import Happening, Produced
from interpreter.stop import Stop

_START = """
import atexit, codecs, os, shutil, signal, subprocess, sys, tempfile, threading
if "_SHELL_STATE" not in os.environ:
    os.environ["_SHELL_STATE"] = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, os.environ["_SHELL_STATE"], True)
def pass_on(source, sink):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while data := os.read(source.fileno(), 65536):
        sink.write(decoder.decode(data))
bash = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
pairs = (bash.stdout, sys.stdout), (bash.stderr, sys.stderr)
readers = [threading.Thread(target=pass_on, args=pair, daemon=True) for pair in pairs]
try:
    for reader in readers:
        reader.start()
    with bash.stdin as script:
        script.write({code!r}.encode())
    bash.wait()
    for reader in readers:
        reader.join(1)  # longer than the rest takes; a job in the background keeps it open
except KeyboardInterrupt:
    bash.send_signal(signal.SIGINT)
    try:
        bash.wait(1)
    except subprocess.TimeoutExpired:
        bash.kill()
        bash.wait()
if bash.returncode:
    raise subprocess.CalledProcessError(bash.returncode, "bash")
"""
"""Runs in a Python from 3.8. IPython's own `%%bash` passes on a hundred bytes a time, a flood to any server."""
_STATE = '{ declare -p; declare -f; printf "cd %q\\n" "$PWD"; } 2> /dev/null'
_KEEP = f'{_STATE} > "$_SHELL_STATE/new" && mv "$_SHELL_STATE/new" "$_SHELL_STATE/last"'
_GO_ON = f""". "$_SHELL_STATE/last" 2> /dev/null; trap '{_KEEP}' EXIT; """
"""On one line with the code, so that the lines of errors are those of the code."""


class ShellCells:
    """Implements `Runner`."""

    def __init__(self, python: JupyterRunner) -> None:
        self._python = python

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        """See `Runner.run`."""
        encoded(code, "strict")
        apart = f"{_GO_ON}eval {shlex.quote(code)} < /dev/null"  # what it runs could read the rest of it else
        start = f"__import__('builtins').exec({_START.format(code=apart)!r}, {{}})"
        async with aclosing(self._python.run(start, stop, timeout=timeout)) as happenings:
            async for happening in happenings:
                yield _briefly(happening)

    async def answer(self, text: str | None) -> None:
        """See `Runner.answer`."""
        await self._python.answer(text)

    async def restart(self) -> None:
        """See `Runner.restart`."""
        await self._python.restart()

    async def close(self) -> None:
        """See `Runner.close`."""
        await self._python.close()


def _briefly(happening: Happening) -> Happening:
    """How the shell ended, instead of where in Python's own code that was noticed."""
    if isinstance(happening, Produced) and happening.kind == "error":
        raised = happening.data.get("application/vnd.jupyter.error")
        if isinstance(raised, dict) and raised["ename"] == "CalledProcessError":
            ended = raised["evalue"].rpartition("' ")[2]  # behind the code: "returned non-zero exit status 3."
            ended = re.sub(r"^died with <Signals\.(\w+).*", r"was ended by \1.", ended)
            return Produced(kind="error", data={"text/plain": f"The shell {ended}"})
    return happening
