"""A scripted endpoint on loopback that enforces providers' own rules on four wires. Standard library only.

    with serve(code("print(6*7)"), say("It is 42.")) as endpoint:
        ...  # a model at endpoint.base("openai"); afterwards endpoint.requests holds what was sent

Answers are used up one by one by requests that keep the rules; a refused request uses up none. By hand:
`python -m tests.providers.server --script demo` prints its base URL and serves a conversation until interrupted.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.providers import anthropic_wire, gemini_wire, ollama_wire, openai_wire
from tests.providers.answers import Answer, Broken, Json, Raw, Refusal, Refuse, Rules, Say, code, say

__all__ = ["Broken", "Endpoint", "Raw", "Received", "Refuse", "Rules", "Say", "code", "say", "serve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came. `answered` is the HTTP status that it got, 0 if none."""

    path: str
    headers: Mapping[str, str]
    body: Json
    answered: int

    @property
    def key(self) -> str:
        """The key that was sent with it."""
        given = (self.headers.get(name, "") for name in ("authorization", "api-key", "x-api-key", "x-goog-api-key"))
        return next((key.removeprefix("Bearer ") for key in given if key), "")

    @property
    def roles(self) -> list[str]:
        """The roles of its messages."""
        messages: Any = self.body.get("messages", self.body.get("contents", []))
        return [message["role"] for message in messages]


@dataclass(kw_only=True)
class Endpoint:
    """A running endpoint. `requests` grows; `asked` is set at the first; `abandoned` when a client
    leaves before its reply is complete.

    `models` is what `/v1/models` lists. `pace`: seconds between two pieces of a stream. With `again` the script starts
    over when it is used up; without, further requests get status 418.
    """

    script: list[Answer]
    rules: Rules = field(default_factory=Rules)
    models: tuple[str, ...] = ("scripted",)
    pace: float = 0.0
    again: bool = False
    requests: list[Received] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    abandoned: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def base(self, provider: str = "openai") -> str:
        """The `api_base` for a provider: with `/v1` where its clients want that."""
        bare = ("anthropic", "gemini", "ollama", "ollama_chat", "azure")
        return self.url if provider in bare else f"{self.url}/v1"

    @property
    def bodies(self) -> list[Json]:
        """The bodies of all requests."""
        return [request.body for request in self.requests]

    @property
    def statuses(self) -> list[int]:
        """The HTTP status each request got."""
        return [request.answered for request in self.requests]


@contextmanager
def serve(
    *script: Answer,
    rules: Rules | None = None,
    models: tuple[str, ...] = ("scripted",),
    pace: float = 0.0,
    again: bool = False,
    port: int = 0,
    certificate: Path | None = None,
) -> Iterator[Endpoint]:
    """Serve `script` on loopback, on a free port unless one is given, for as long as the block lasts.

    With `certificate`, a file of it and its key, over TLS.
    """
    endpoint = Endpoint(script=list(script), rules=rules or Rules(), models=models, pace=pace, again=again)
    server = _Server(("127.0.0.1", port), _Handler)
    server.endpoint, server.pending, server.turn = endpoint, list(script), threading.Lock()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        endpoint.url = f"https://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    endpoint: Endpoint
    pending: list[Answer]
    turn: threading.Lock
    daemon_threads = False  # closed with the server, so that no thread outlives its test

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that broke off, as one that trusts no certificate does."""


class _Handler(BaseHTTPRequestHandler):
    """One connection, one request: keep-alive is refused, so that a closed socket means a client that left."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """The lists of models that the program looks for."""
        names = self.server.endpoint.models
        if self.path.endswith("/models"):
            listed = [{"id": name, "object": "model"} for name in names]
            self._json(200, {"object": "list", "data": listed})
        elif self.path.endswith("/api/tags"):
            self._json(200, {"models": [{"name": name, "model": name} for name in names]})
        else:
            self._json(404, {"error": {"message": f"there is nothing at {self.path}"}})

    def do_POST(self) -> None:
        """One request to the model."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        if self.path.endswith("/api/show"):
            self._json(200, {"capabilities": ["completion", "tools"], "model_info": {}, "template": ""})
            return
        wire = _wire(self.path)
        if wire is None:
            self._json(404, {"error": {"message": f"there is nothing at {self.path}"}})
            return
        with self.server.turn:
            refused = self._refused(wire, body)
            answer = None if refused else self._next()
            status = refused.status if refused else answer.status if isinstance(answer, Refuse) else 200
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(path=self.path, headers=headers, body=body, answered=status)
            self.server.endpoint.requests.append(received)
        self.server.endpoint.asked.set()
        try:
            if refused is not None:
                self._json(status, refused.body if refused.body is not None else wire.refusal(refused))
            elif answer is not None:
                self._answer(wire, answer, body)
        except (ConnectionError, TimeoutError):
            self.server.endpoint.abandoned.set()

    def _next(self) -> Answer:
        server = self.server
        if not server.pending and server.endpoint.again:
            server.pending = list(server.endpoint.script)
        if not server.pending:
            return Refuse(status=418, body={"error": {"message": "the script is used up"}})
        return server.pending.pop(0)

    def _refused(self, wire: ModuleType, body: Json) -> Refusal | None:
        rules, given = self.server.endpoint.rules, self.headers
        keys = [given.get(name, "") for name in ("authorization", "api-key", "x-api-key", "x-goog-api-key")]
        keys.append(self.path.partition("key=")[2])
        if rules.key is not None and rules.key not in [key.removeprefix("Bearer ") for key in keys]:
            return Refusal(words="Incorrect API key provided.", status=401, code="invalid_api_key")
        model = body.get("model") or self.path.rpartition("/models/")[2].partition(":")[0]
        if rules.model is not None and model != rules.model:
            return Refusal(words=f"The model `{model}` does not exist", status=404, code="model_not_found")
        length = len(json.dumps(body.get("messages", body.get("contents", ""))))
        if rules.window is not None and length > rules.window:
            words = f"This model's maximum context length is {rules.window} tokens. Your messages have {length} tokens."
            return Refusal(words=words, code="context_length_exceeded", param="messages")
        refused: Refusal | None = wire.check(body, rules)
        return refused

    # ---- sending

    def _answer(self, wire: ModuleType, answer: Answer, body: Json) -> None:
        if isinstance(answer, Refuse):
            self._send(answer.status, answer.body, answer.headers)
            return
        if isinstance(answer, Raw):
            self._stream(_framed(openai_wire, answer.events, done=answer.done))
            return
        said = answer.say if isinstance(answer, Broken) else answer
        if not (body.get("stream") or "streamGenerateContent" in self.path):
            if isinstance(answer, Broken):
                self._leave(stall=answer.stall)
            else:
                self._json(200, wire.whole(said, body))
            return
        pieces = list(wire.pieces(said, body))
        if isinstance(answer, Broken):
            if answer.pieces:
                self._stream(_framed(wire, pieces[: answer.pieces], done=False), ended=False)
            self._leave(stall=answer.stall)
            return
        self._stream(_framed(wire, pieces, done=wire is openai_wire), kind=_KINDS.get(wire.__name__, _SSE))

    def _json(self, status: int, value: object) -> None:
        self._send(status, value, {})

    def _send(self, status: int, value: object, headers: Mapping[str, str]) -> None:
        data = (value if isinstance(value, str) else json.dumps(value)).encode()
        kind = "text/html" if isinstance(value, str) else "application/json"
        self.send_response(status)
        for name, told in {"content-type": kind, **headers, "content-length": str(len(data))}.items():
            self.send_header(name, told)
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, parts: Iterator[bytes], *, kind: str = "text/event-stream", ended: bool = True) -> None:
        self.send_response(200)
        for name, told in {"content-type": kind, "transfer-encoding": "chunked", "connection": "close"}.items():
            self.send_header(name, told)
        self.end_headers()
        for part in parts:
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.flush()
            if self.server.endpoint.pace:
                time.sleep(self.server.endpoint.pace)
        if ended:
            self.wfile.write(b"0\r\n\r\n")

    def _leave(self, *, stall: bool) -> None:
        """End the reply in its middle: cut the connection, or wait for the client to leave."""
        endpoint = self.server.endpoint
        while stall and not endpoint.closing.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.02)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                endpoint.abandoned.set()
                break
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


_SSE = "text/event-stream"
_KINDS = {"tests.providers.ollama_wire": "application/x-ndjson"}


def _wire(path: str) -> ModuleType | None:
    bare = path.partition("?")[0]
    if bare.endswith("/chat/completions"):
        return openai_wire
    if bare.endswith("/v1/messages"):
        return anthropic_wire
    if "GenerateContent" in bare or bare.endswith(":generateContent"):
        return gemini_wire
    return ollama_wire if bare.endswith("/api/chat") else None


def _framed(wire: ModuleType, pieces: Any, *, done: bool) -> Iterator[bytes]:
    """Each piece as its wire frames it."""
    for piece in pieces:
        if isinstance(piece, str):
            yield piece.encode()
            continue
        line = json.dumps(piece)
        if wire is ollama_wire:
            yield f"{line}\n".encode()
        elif wire is anthropic_wire:
            yield f"event: {piece['type']}\ndata: {line}\n\n".encode()
        else:
            yield f"data: {line}\n\n".encode()
    if done:
        yield b"data: [DONE]\n\n"


DEMO: tuple[Answer, ...] = (
    code("import platform, sys\nprint(platform.system(), sys.version.split()[0])", text="Let me look around first."),
    code("squares = [n * n for n in range(10)]\nsquares", text="Now a little arithmetic.", id="call-2"),
    code("ls | head -5", language="shell", text="And the files here.", id="call-3"),
    say(
        "Done. Three things happened:\n\n1. I looked at **the machine**,\n2. computed the `squares`,\n"
        "3. and listed files.\n\n```python\nprint(sum(squares))  # only an example, not run\n```\n\nAnything else?"
    ),
)
SCRIPTS: Mapping[str, tuple[Answer, ...]] = {"demo": DEMO, "hello": (say("Hello! What shall we do?"),)}


def main(arguments: list[str]) -> None:
    """Serve a script until interrupted; the script starts over when it is used up."""
    import argparse

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--script", choices=sorted(SCRIPTS), default="demo")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0.05, help="seconds between two pieces of a stream")
    given = parser.parse_args(arguments)
    with serve(*SCRIPTS[given.script], pace=given.pace, again=True, port=given.port) as endpoint:
        sys.stdout.write(f"{endpoint.base()}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
