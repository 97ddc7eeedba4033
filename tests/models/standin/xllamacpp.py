"""Stands in for xllamacpp in the child: the real library's names, and a server that streams one fixed reply.

What it is asked is kept in a file of the same name with `.asked`. A file whose second line is `broken` cannot be
loaded. One with a port there is loaded for ever, and whoever listens on that port learns of it, by a connection that
lasts as long as this process.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class CommonParams(SimpleNamespace):
    """Takes any setting."""

    def __init__(self) -> None:
        super().__init__(model=SimpleNamespace(), sampling=SimpleNamespace())


class Server:
    """Loads `params.model.path` and listens until the process ends."""

    def __init__(self, params: CommonParams) -> None:
        _, _, wish = Path(params.model.path).read_text().partition("\n")
        if wish.strip() == "broken":
            raise RuntimeError("failed to load \x1b[31mmodel")
        if wish.strip().isdigit():
            self.connection = socket.create_connection(("127.0.0.1", int(wish)))
            threading.Event().wait()
        http = ThreadingHTTPServer((params.hostnames[0], params.port), _handler(params))
        threading.Thread(target=http.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{http.server_port}"


def _handler(params: CommonParams) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Authorization"] != f"Bearer {params.api_keys[0]}":
                self.send_error(401)
                return
            with Path(f"{params.model.path}.asked").open("ab") as file:
                file.write(asked + b"\n")
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            settings = f"{min(params.model_alias)} {params.n_ctx} {params.n_parallel} {os.environ['OMP_WAIT_POLICY']}"
            for delta, finish in (({"content": settings}, None), ({}, "stop")):
                choice = {"index": 0, "delta": delta, "finish_reason": finish}
                chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    return Handler
