"""Servers on this machine are found by their list of models, quickly, and never sent anything else."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from interpreter.models.found import Place, Server, look, usual_places

OLLAMA = {
    "models": [
        {"name": "llama3.2:3b", "details": {"family": "llama"}},
        {"name": "nomic-embed-text:latest", "details": {"family": "nomic-bert"}},
        {"name": "odd\x1b[31mname"},
    ]
}
OPENAI = {"object": "list", "data": [{"id": "qwen3-4b", "object": "model"}, {"id": "text-embedding-nomic"}]}


@contextmanager
def answering(status: int, body: bytes, *, hold: bool = False) -> Iterator[tuple[str, list[str]]]:
    """A server with one answer; its address, and what it was asked."""
    asked: list[str] = []
    held = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            if hold:
                held.wait()
                return
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}", asked
    finally:
        held.set()
        http.shutdown()
        http.server_close()
        thread.join()


def found(*places: Place, patience: float = 10.0) -> tuple[Server, ...]:
    """Those of `places` that answered."""
    return asyncio.run(look(places, patience=patience))


def place(base: str, *, path: str = "/models", provider: str = "openai") -> Place:
    """A place to look at."""
    return Place(server="some server", base=base, path=path, provider=provider)


def test_servers_are_named_with_the_models_that_answer_prompts() -> None:
    with (
        answering(200, json.dumps(OLLAMA).encode()) as (ollama, asked_ollama),
        answering(200, json.dumps(OPENAI).encode()) as (studio, asked_studio),
    ):
        servers = found(place(ollama, path="/api/tags", provider="ollama_chat"), place(f"{studio}/v1"))
    assert servers == (
        Server(server="some server", api_base=ollama, models=("ollama_chat/llama3.2:3b",)),
        Server(server="some server", api_base=f"{studio}/v1", models=("openai/qwen3-4b",)),
    )
    assert (asked_ollama, asked_studio) == (["GET /api/tags"], ["GET /v1/models"])


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>a web page</html>"),
        (200, b'["a list"]'),
        (200, b'{"data": "words"}'),
        (200, b'{"data": [7, {"id": 7}]}'),
        (200, b'{"data": []}'),
        (200, b""),
        (404, b'{"data": [{"id": "model"}]}'),
        (200, b"\xff\xfe\x00"),
    ],
)
def test_whatever_is_no_list_of_models_is_no_server(status: int, body: bytes) -> None:
    with answering(status, body) as (base, _):
        assert found(place(base)) == ()


def test_a_port_that_nobody_listens_on_is_no_server() -> None:
    assert found(place("http://127.0.0.1:9")) == ()


def test_one_that_does_not_answer_in_time_does_not_keep_the_others() -> None:
    with answering(200, b"", hold=True) as (silent, _), answering(200, json.dumps(OPENAI).encode()) as (good, _):
        servers = found(place(silent), place(good), patience=2.0)
    assert [server.api_base for server in servers] == [good]


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("gpu.lan:11435", "http://gpu.lan:11435"),
        ("http://gpu.lan", "http://gpu.lan:80"),
        ("https://gpu.lan", "https://gpu.lan:443"),
        ("[::1]:8000", "http://[::1]:8000"),
        (":8000", "http://127.0.0.1:8000"),
        ("nonsense:port", "http://127.0.0.1:11434"),
    ],
)
def test_ollama_is_looked_for_where_its_variable_says(host: str, base: str) -> None:
    ollama, studio, llama = usual_places({"OLLAMA_HOST": host} if host else {})
    assert (ollama.base, ollama.path) == (base, "/api/tags")
    assert (studio.base, llama.base) == ("http://127.0.0.1:1234/v1", "http://127.0.0.1:8080/v1")
