"""A file server on loopback that serves one file well, and badly in every way a real one does. Checks nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FileServer:
    """Serves `data`; `asked` holds each request's path and range. Held requests end with the server."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[str, str | None]] = []
        self.held = threading.Event()
        self.reached = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    def url(self, path: str) -> str:
        """The address of one way to be served."""
        return f"http://127.0.0.1:{self._http.server_port}/{path}"

    @contextmanager
    def running(self) -> Iterator[FileServer]:
        """The server, answering until the block ends."""
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.held.set()
            self._http.shutdown()
            self._http.server_close()
            thread.join()


def _handler(server: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ways = {
                "whole": self._whole,
                "without-ranges": lambda: self._send(200, server.data),
                "changed": lambda: self._send(200, bytes(len(server.data))),
                "longer": lambda: self._send(200, server.data + b"more"),
                "elsewhere": lambda: self._send(302, b"", Location="/whole"),
                "cut": lambda: self._part(wait=False),
                "stalling": lambda: self._part(wait=True),
                "silent": self._wait,
            }
            server.asked.append((self.path.strip("/"), self.headers.get("Range")))
            ways.get(self.path.strip("/"), lambda: self.send_error(404))()

        def _whole(self) -> None:
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if asked is None:
                self._send(200, server.data)
                return
            start, size = int(asked[1]), len(server.data)
            self._send(206, server.data[start:], **{"Content-Range": f"bytes {start}-{size - 1}/{size}"})

        def _send(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _part(self, *, wait: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(server.data)))
            self.end_headers()
            self.wfile.write(server.data[: len(server.data) // 2])
            if wait:
                self._wait()

        def _wait(self) -> None:
            self.wfile.flush()
            server.reached.set()
            server.held.wait()

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    return Handler
