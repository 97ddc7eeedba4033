"""A kernel of another language than Python, for what must hold of every kernel. Started by its kernelspec.

Its cells are Python all the same, with `say(text)` for output and nothing else of ipykernel's. After `hush()` it no
longer says that a cell is over; after `answer(...)` that is all it says when it is asked for completions or help. A
cell that says `fail(words)` has failed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel


class Plain(Kernel):
    """Runs a cell, and says what it is told to say."""

    implementation = "plain"
    implementation_version = "1"
    language_info = {"name": "plain", "mimetype": "text/plain", "file_extension": ".txt"}  # noqa: RUF012 - ipykernel's
    banner = "Plain"

    def do_execute(self, code: str, silent: bool, *_: Any, **__: Any) -> dict[str, Any]:  # type: ignore[override]
        """Run `code`."""

        def say(text: str) -> None:
            told = {"name": "stdout", "text": text}
            self.send_response(self.iopub_socket, "stream", told)  # type: ignore[no-untyped-call]

        def hush() -> None:
            self._publish_status = lambda *_, **__: None  # type: ignore[method-assign]

        def answer(**content: Any) -> None:
            told = {"status": "ok", **content}
            vars(self).update(do_complete=lambda *_: told, do_inspect=lambda *_: told)

        def fail(words: str) -> None:
            reply.update(status="error", ename="", evalue=words, traceback=words)

        reply: dict[str, Any] = {"status": "ok", "payload": [], "user_expressions": {}}
        exec(code, {"answer": answer, "fail": fail, "say": say, "hush": hush, "time": time})
        return {**reply, "execution_count": self.execution_count}


def kernelspec(data: Path, name: str = "plain", **information: Any) -> None:
    """Write its kernelspec into a Jupyter data folder: with other `language_info` than its own, if some is given."""
    folder = data / "kernels" / name
    folder.mkdir(parents=True)
    other = f"from {__name__} import *; Plain.language_info = {information.get('language_info')!r}; launch()"
    start = ["-c", other] if information else ["-m", __name__]
    argv = [sys.executable, *start, "-f", "{connection_file}"]
    told = {"argv": argv, "display_name": name.title(), "language": name, "env": {"PYTHONPATH": str(Path.cwd())}}
    (folder / "kernel.json").write_text(json.dumps(told))


def launch() -> None:
    """Serve one."""
    IPKernelApp.launch_instance(kernel_class=Plain)


if __name__ == "__main__":
    launch()
