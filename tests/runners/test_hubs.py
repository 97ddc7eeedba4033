"""What is said where a server is not reached: a hub before it, another address, a certificate that is not trusted."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from interpreter.errors import RunnerError
from interpreter.runners.address import Address, address
from interpreter.runners.gateway import Gateway, TokenRefused

TOKEN = "a-token-of-the-hub"


class Hub(BaseHTTPRequestHandler):
    """JupyterHub 6, as its answers were recorded: ada's server is stopped, and /old has moved."""

    def do_GET(self) -> None:
        """Send on to the hub, and answer there."""
        known = self.headers["authorization"] == f"token {TOKEN}"
        if self.path.startswith("/old/"):
            self._answer(301, "/new/" + self.path.removeprefix("/old/"))
        elif not self.path.startswith("/hub/"):
            self._answer(302, f"/hub{self.path}")
        elif not self.path.startswith("/hub/user/"):
            self._answer(404)
        elif not known:
            self._answer(302, "/hub/login?next=there")
        else:
            self._answer(424 if self.path.startswith("/hub/user/ada/") else 404)

    def _answer(self, status: int, location: str = "") -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        if not self.path.startswith("/old/"):
            self.send_header("x-jupyterhub-version", "6.1.1")
        if location:
            self.send_header("location", location)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """Says nothing of a client that broke off, as one that trusts no certificate does."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[str]:
    """The address of a hub, over TLS with that certificate."""
    with Quiet(("127.0.0.1", 0), Hub) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http{'s' if certificate else ''}://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def hub() -> Iterator[str]:
    """The address of a hub."""
    with serving() as url:
        yield url


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody trusts, with its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("makes its certificate with openssl")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    asked += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(file), "-out", str(file.with_suffix(".crt"))]
    subprocess.run([openssl, *asked], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + file.with_suffix(".crt").read_bytes())
    return file


def refusal(url: str, token: str | None = TOKEN) -> RunnerError:
    """What is said where the kernelspecs should have come."""

    async def ask() -> RunnerError:
        gateway = Gateway(Address(url=url, token=token))
        try:
            with pytest.raises(RunnerError) as raised:
                await gateway.kernelspecs()
        finally:
            await gateway.close()
        return raised.value

    return asyncio.run(ask())


def test_whoever_asks_a_hub_for_a_server_that_is_stopped_is_told_where_to_start_it(hub: str) -> None:
    there = f"{hub}/user/ada"
    assert str(refusal(there)) == f"No server runs at {there}. Start it at {hub}/hub/spawn/ada."


def test_a_hub_wants_its_token_first_and_says_where_to_get_one(hub: str) -> None:
    there = f"{hub}/user/ada"
    refused = refusal(there, None)
    assert isinstance(refused, TokenRefused)
    assert refused.brief == f"The server at {there} wants a token. You get one at {hub}/hub/token."
    assert str(refused) == f"{refused.brief} Give its token in INTERPRETER_GATEWAY_TOKEN or JUPYTER_TOKEN."


def test_a_hub_is_no_server_and_shows_none_of_somebody_else(hub: str) -> None:
    own = "Give the address of your own server there: it ends in /user/NAME."
    assert str(refusal(hub)) == f"A JupyterHub answers at {hub}. {own}"
    assert str(refusal(f"{hub}/hub")) == f"A JupyterHub answers at {hub}/hub. {own}"
    check = "Check the name at its end, and whose token you gave."
    assert str(refusal(f"{hub}/user/eve")) == f"The hub shows you no server at {hub}/user/eve. {check}"


def test_a_server_that_has_moved_says_where_to(hub: str) -> None:
    assert str(refusal(f"{hub}/old/x")) == f"The server at {hub}/old/x has moved to {hub}/new/x. Give that address."


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("https://hub/user/ada/lab/tree/work/a.ipynb?token=t", "https://hub/user/ada"),
        ("https://hub/hub/user/ada/lab/workspaces/auto-a", "https://hub/user/ada"),
        ("https://hub/user/lab", "https://hub/user/lab"),
        ("https://host/team/tree/", "https://host/team"),
        ("https://host/notebooks/a.ipynb", "https://host"),
    ],
)
def test_the_address_that_a_browser_shows_of_a_page_is_taken_for_its_server(shown: str, meant: str) -> None:
    assert address(shown, {}).url == meant


def test_a_certificate_that_is_not_trusted_is_named_with_the_way_out(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with serving(certificate) as url:
        told = "is not trusted here: self-signed certificate. Name the file of your own in SSL_CERT_FILE."
        assert str(refusal(url)) == f"The certificate of {url} {told}"
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(certificate))
            assert str(refusal(url)).startswith(f"A JupyterHub answers at {url}.")
        plain = url.replace("https", "http")
        assert str(refusal(plain)).startswith(f"Nobody answers at {plain} (")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.parent))
        unread = "The certificates that SSL_CERT_FILE names cannot be read: Is a directory. Check it."
        assert str(refusal(url)) == unread


def test_https_where_only_http_is_spoken_is_told_as_that(hub: str) -> None:
    url = hub.replace("http", "https")
    assert str(refusal(url)) == f"What answers at {url} speaks no https. Check the address and its port."


def test_a_server_is_asked_without_the_proxy_that_its_websocket_could_not_take(
    hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert str(refusal(hub)).startswith(f"A JupyterHub answers at {hub}.")
