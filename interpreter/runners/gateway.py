"""A Jupyter Server or Enterprise Gateway through its REST interface: kernelspecs, kernels, files. No messages."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from interpreter.errors import RunnerError
from interpreter.runners import hubs
from interpreter.runners.address import TOKENS, Address
from interpreter.runners.kernelspecs import Kernelspec
from interpreter.runners.local_files import contents, keep

if TYPE_CHECKING:
    import ssl

    import httpx

_PATIENCE = 20.0
"""Seconds an answer may take."""
_START = 180.0
"""Seconds a kernel may take to start: a cluster may have to find a machine for it first."""
_OWN_WILL = {"Cookie": "_xsrf=00000000000000000000000000000000", "X-XSRFToken": "00000000000000000000000000000000"}
"""Twice the same: no page made a browser send this. A server that wants no token asks for it."""
_AWAY = (424, 502, 503, 504)
"""What a hub or a proxy answers in place of a server that is not there."""
_DISTRUST = "CERTIFICATE_VERIFY_FAILED"


class TokenRefused(RunnerError):
    """The server wants another token than it was given, or one at all. `brief` says so to who can type one."""

    def __init__(self, brief: str) -> None:
        super().__init__(f"{brief} Give its token in {TOKENS[0]} or {TOKENS[1]}.")
        self.brief = brief


class Unreachable(RunnerError):
    """Nobody answers there now, or only somebody in its place; a moment later it may be there again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A kernel that runs there: its id, its kernelspec, and what it does, in the server's words."""

    id: str
    name: str
    state: str


def variables(environment: Mapping[str, str]) -> Mapping[str, str]:
    """What an Enterprise Gateway wants to know for a new kernel, above all for whom it is."""
    name = environment.get("USER") or environment.get("LOGNAME") or environment.get("USERNAME")
    given = {name: value for name, value in environment.items() if name.startswith("KERNEL_")}
    return {"KERNEL_USERNAME": name, **given} if name else given


class Gateway:
    """The server at `address`. Every method raises `RunnerError` in one line if it cannot be done.

    Kernels are started with `variables`.
    """

    def __init__(self, address: Address, variables: Mapping[str, str] = MappingProxyType({})) -> None:
        self.address = address
        self._variables = variables
        self._client: httpx.AsyncClient | None = None
        self._context: ssl.SSLContext | None = None

    @property
    def encryption(self) -> ssl.SSLContext:
        """How certificates are checked, for every connection to it: by what the user's network names, or as usual."""
        import ssl

        import httpx

        if self._context is None:
            own = None if os.environ.get("SSL_CERT_FILE") else os.environ.get("REQUESTS_CA_BUNDLE")
            try:
                self._context = ssl.create_default_context(cafile=own) if own else httpx.create_ssl_context()
            except OSError as error:  # none, or no certificates
                named = "REQUESTS_CA_BUNDLE" if own else "SSL_CERT_FILE"
                why = error.strerror or error
                raise RunnerError(f"The certificates that {named} names cannot be read: {why}. Check it.") from error
        return self._context

    async def kernelspecs(self) -> tuple[Kernelspec, ...]:
        """What can be started there, the server's default first."""
        told = await self._json("GET", "/api/kernelspecs")
        with self._taken_apart():
            found = [Kernelspec(name=n, language=s["spec"]["language"].lower()) for n, s in told["kernelspecs"].items()]
            return tuple(sorted(found, key=lambda spec: (spec.name != told["default"], spec.name)))

    async def start(self, name: str) -> str:
        """Start a kernel of that kernelspec in the folder of the files; its id."""
        body = {"name": name, "path": "", "env": dict(self._variables)}
        told = await self._json("POST", "/api/kernels", body, patience=_START)
        with self._taken_apart():
            return str(told["id"])

    async def kernels(self) -> tuple[There, ...]:
        """The kernels that run there."""
        running = await self._json("GET", "/api/kernels")
        with self._taken_apart():
            return tuple(_there(told) for told in running)

    async def kernel(self, id: str) -> There | None:
        """The kernel of that id; None if there is none."""
        response = await self._response("GET", f"/api/kernels/{quote(id, safe='')}")
        if response.status_code == 404 and not hubs.speaks(response):
            return None
        told = self._read(response)
        with self._taken_apart():
            return _there(told)

    async def state(self, id: str) -> str | None:
        """What the kernel of that id does; None if there is none."""
        found = await self.kernel(id)
        return None if found is None else found.state

    async def interrupt(self, kernel: str) -> None:
        """Interrupt the kernel of that id."""
        await self._json("POST", f"/api/kernels/{quote(kernel)}/interrupt", {})

    async def end(self, kernel: str) -> None:
        """End the kernel of that id; harmless when it is gone."""
        response = await self._response("DELETE", f"/api/kernels/{quote(kernel)}")
        if response.status_code != 404:
            self._checked(response)

    async def keeps_files(self) -> bool:
        """Whether it has files of its own; a pure gateway to kernels has none."""
        response = await self._response("GET", "/api/contents?content=0")
        if response.status_code == 404 and not hubs.speaks(response):
            return False
        self._checked(response)
        return True

    async def upload(self, local: Path, folder: str) -> str:
        """Copy a file into that folder on the server, which is made if it is not there; its path there."""
        content = await contents(local)
        await self._json("PUT", f"/api/contents/{quote(folder)}", {"type": "directory"})
        name = f"{folder}/{local.name}"
        body = {"type": "file", "format": "base64", "content": base64.b64encode(content).decode()}
        told = await self._json("PUT", f"/api/contents/{quote(name)}", body, patience=_START)
        with self._taken_apart():
            return str(told["path"])

    async def download(self, remote: str, local: Path) -> None:
        """Copy a file from the server's folder to `local`, which is replaced."""
        told = await self._json("GET", f"/api/contents/{quote(remote)}?type=file&format=base64", patience=_START)
        with self._taken_apart():
            content = base64.b64decode(told["content"])
        await keep(content, local)

    async def close(self) -> None:
        """Close the connections to it."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # ---- requests

    async def _json(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, patience: float = _PATIENCE
    ) -> Any:
        return self._read(await self._response(method, path, body, patience=patience))

    async def _response(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, patience: float = _PATIENCE
    ) -> httpx.Response:
        import httpx

        if self._client is None:
            headers = {**self.address.headers, **_OWN_WILL}
            # Through no proxy: the websocket cannot take one, and a server of one's own seldom lies behind it.
            self._client = httpx.AsyncClient(headers=headers, verify=self.encryption, trust_env=False)
        try:
            response = await self._client.request(method, self.address.url + path, json=body, timeout=patience)
            if hubs.is_behind(response) and response.next_request is not None:
                response = await self._client.send(response.next_request)  # what the hub has to say instead
        except httpx.TimeoutException as error:
            words = f"The server at {self.address.url} did not answer within {patience:.0f} seconds. Try again later."
            raise Unreachable(words) from error
        except httpx.HTTPError as error:
            raise Unreachable(self._unreached(str(error))) from error
        return response

    def _unreached(self, why: str) -> str:
        """What to do about a connection that could not be had, or was of no use."""
        url = self.address.url
        if _DISTRUST in why:
            told = why.partition("failed: ")[2].partition(" (_ssl")[0].rstrip(".")
            return f"The certificate of {url} is not trusted here: {told}. Name the file of your own in SSL_CERT_FILE."
        if "SSL" in why:
            return f"What answers at {url} speaks no https. Check the address and its port."
        why = why or "it hung up; a server of https does so when it is asked in http"
        return f"Nobody answers at {url} ({why}). Check the address, and that the server runs."

    def _read(self, response: httpx.Response) -> Any:
        self._checked(response)
        if not response.content:
            return {}
        with self._taken_apart():
            return response.json()

    def _checked(self, response: httpx.Response) -> None:
        """Raise for an answer that is none; a login page is where a server sends those whom it does not know."""
        code, url = response.status_code, self.address.url
        if hubs.speaks(response) and (words := hubs.refusal(response, url)) is not None:
            raise (Unreachable if code in _AWAY else RunnerError)(words)
        if moved := self._moved(response):
            raise RunnerError(f"The server at {url} has moved to {moved}. Give that address.")
        if code == 401 or response.is_redirect or (code == 403 and _message(response) == "Forbidden"):
            given = "token" if self.address.token else "name and password" if self.address.login else ""
            wanted = f"refuses this {given}" if given else "wants a token"
            source = f" You get one at {hubs.home(url)}/token." if hubs.is_behind(response) else ""
            raise TokenRefused(f"The server at {url} {wanted}.{source}")
        if code == 404:
            raise RunnerError(f"The server at {url} has no {response.url.path}. Check the address and the name.")
        if not response.is_success:
            words = f"The server at {url} answered {code}: {_message(response)}"
            raise (Unreachable if code in _AWAY else RunnerError)(words)

    def _moved(self, response: httpx.Response) -> str | None:
        """The address that the server sends us to instead of its own, None if it does not, or to a login page."""
        there = response.next_request
        path = response.url.path.removeprefix(urlsplit(self.address.url).path)
        if there is None or there.url.query or not there.url.path.endswith(path):
            return None
        return str(there.url).removesuffix(path)

    @contextmanager
    def _taken_apart(self) -> Iterator[None]:
        """An answer that has another form than Jupyter's comes from a stranger."""
        try:
            yield
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            words = f"What answers at {self.address.url} is no Jupyter server. Check the address."
            raise RunnerError(words) from error


def _message(response: httpx.Response) -> str:
    """The server's own words on what is wrong, in one line."""
    try:
        told = response.json()
    except ValueError:
        told = {}
    words = str(told.get("message") or response.reason_phrase) if isinstance(told, dict) else response.reason_phrase
    return " ".join(words.split())[:300]


def _there(told: Any) -> There:
    return There(id=str(told["id"]), name=str(told["name"]), state=str(told.get("execution_state")))
