"""The child process that serves one GGUF file with llama.cpp on loopback. Run as a file; the program never imports it.

One line of JSON comes on stdin (`model`, `name`, `key`, `context`, `parent`), one line goes out on stdout (`address`).
After that stdin stays open and silent: its end is the end of whoever started this, however that came, and so of this.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from importlib import import_module
from typing import Any

_PR_SET_PDEATHSIG = 1
_LONGEST_REPLY = 2048  # tokens


def main() -> None:
    """Serve until stdin ends."""
    wanted = json.loads(sys.stdin.readline())
    die_with(wanted["parent"])
    server = serve(wanted)
    sys.stdout.write(json.dumps({"address": server.listening_address}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # at once: a reply that nobody reads any more would be finished first


def die_with(parent: int) -> None:
    """Be killed with the process `parent`, where the system can do that.

    While a model is loaded the library holds the interpreter's lock, so the end of stdin would be noticed only later.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was already gone
        os._exit(0)


def serve(wanted: dict[str, Any]) -> Any:
    """The running server: on loopback, with a port of the system's choice, for one request at a time."""
    xllamacpp: Any = import_module("xllamacpp")  # without types
    params = xllamacpp.CommonParams()
    params.model.path = wanted["model"]
    params.model_alias = {wanted["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [wanted["key"]]
    params.ui = False
    params.use_jinja = True
    params.warmup = True
    params.n_ctx = wanted["context"]
    params.n_parallel = 1  # more slots share the window, and answers would depend on what else is asked
    params.n_predict = _LONGEST_REPLY
    params.sampling.temp = 0.0
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
