"""A Jupyter Server or Enterprise Gateway through its REST interface: kernelspecs, kernels, files. No messages.

The token travels in a header alone: not in an address, where logs of servers would keep it.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from interpreter.errors import RunnerError, UsageError
from interpreter.runners.kernelspecs import Kernelspec

if TYPE_CHECKING:
    import ssl

    import httpx

TOKENS = ("INTERPRETER_GATEWAY_TOKEN", "JUPYTER_TOKEN")
"""The variables that may hold the token; the first that is set counts."""

_PATIENCE = 20.0
"""Seconds an answer may take."""
_START = 180.0
"""Seconds a kernel may take to start: a cluster may have to find a machine for it first."""


class TokenRefused(RunnerError):
    """The server wants another token than it was given, or one at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a gateway is, without a query and a slash at its end, and the token for it."""

    url: str
    token: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request carries. Every kind of server takes this form of it."""
        return {} if self.token is None else {"Authorization": f"token {self.token}"}


def address(url: str, environment: Mapping[str, str]) -> Address:
    """The address that the user gave, with the token in it or in the environment. Raises `UsageError` if it is none."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"--gateway takes the http or https address of a Jupyter server, not {url.partition('?')[0]!r}."
        )
    path = parts.path.rstrip("/")
    path = path.removesuffix("/lab").removesuffix("/tree")  # as it stands in a browser
    token = token_in(url) or next((environment[name] for name in TOKENS if environment.get(name)), None)
    return Address(url=urlunsplit((parts.scheme, parts.netloc, path, "", "")), token=token)


def token_in(url: str | None) -> str | None:
    """The token that stands in an address, None if none does."""
    return parse_qs(urlsplit(url).query).get("token", [None])[0] if url else None


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
        """How certificates are checked, for every connection to it."""
        import httpx

        if self._context is None:
            self._context = httpx.create_ssl_context()
        return self._context

    async def kernelspecs(self) -> tuple[Kernelspec, ...]:
        """What can be started there, the server's default first."""
        told = await self._json("GET", "/api/kernelspecs")
        try:
            found = [Kernelspec(name=n, language=s["spec"]["language"].lower()) for n, s in told["kernelspecs"].items()]
            return tuple(sorted(found, key=lambda spec: (spec.name != told["default"], spec.name)))
        except (KeyError, TypeError, AttributeError) as error:
            raise self._stranger() from error

    async def start(self, name: str) -> str:
        """Start a kernel of that kernelspec in the folder of the files; its id."""
        body = {"name": name, "path": "", "env": dict(self._variables)}
        told = await self._json("POST", "/api/kernels", body, patience=_START)
        return str(told["id"])

    async def state(self, kernel: str) -> str | None:
        """What the kernel of that id does, in the server's words; None if there is none."""
        response = await self._response("GET", f"/api/kernels/{quote(kernel)}")
        if response.status_code == 404:
            return None
        return str(self._read(response).get("execution_state"))

    async def interrupt(self, kernel: str) -> None:
        """Interrupt the kernel of that id."""
        await self._json("POST", f"/api/kernels/{quote(kernel)}/interrupt", {})

    async def end(self, kernel: str) -> None:
        """End the kernel of that id; harmless when it is gone."""
        response = await self._response("DELETE", f"/api/kernels/{quote(kernel)}")
        if response.status_code != 404:
            self._checked(response)

    async def upload(self, local: Path, folder: str) -> str:
        """Copy a file into that folder on the server, which is made if it is not there; its path there."""
        await self._json("PUT", f"/api/contents/{quote(folder)}", {"type": "directory"})
        name = f"{folder}/{local.name}"
        try:
            content = base64.b64encode(await asyncio.to_thread(local.read_bytes)).decode()
        except OSError as error:
            raise RunnerError(f"Cannot read {local}: {error.strerror or error}. Check the path.") from error
        body = {"type": "file", "format": "base64", "content": content}
        told = await self._json("PUT", f"/api/contents/{quote(name)}", body, patience=_START)
        return str(told["path"])

    async def download(self, remote: str, local: Path) -> None:
        """Copy a file from the server's folder to `local`, which is replaced."""
        told = await self._json("GET", f"/api/contents/{quote(remote)}?type=file&format=base64", patience=_START)
        try:
            await asyncio.to_thread(local.write_bytes, base64.b64decode(told["content"]))
        except OSError as error:
            raise RunnerError(f"Cannot write {local}: {error.strerror or error}. Check the path.") from error

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
            self._client = httpx.AsyncClient(headers=dict(self.address.headers), verify=self.encryption)
        try:
            return await self._client.request(method, self.address.url + path, json=body, timeout=patience)
        except httpx.TimeoutException as error:
            words = f"The server at {self.address.url} did not answer within {patience:.0f} seconds. Try again later."
            raise RunnerError(words) from error
        except httpx.HTTPError as error:
            words = f"Nobody answers at {self.address.url} ({error}). Check the address, and that the server runs."
            raise RunnerError(words) from error

    def _read(self, response: httpx.Response) -> Any:
        self._checked(response)
        if not response.content:
            return {}
        try:
            return response.json()
        except ValueError as error:
            raise self._stranger() from error

    def _checked(self, response: httpx.Response) -> None:
        """Raise for an answer that is none; a login page is where a server sends those whom it does not know."""
        code, url = response.status_code, self.address.url
        if code == 401 or response.is_redirect or (code == 403 and _message(response) == "Forbidden"):
            wanted = "wants a token" if self.address.token is None else "refuses this token"
            raise TokenRefused(f"The server at {url} {wanted}. Give its token in {TOKENS[0]} or {TOKENS[1]}.")
        if code == 404:
            raise RunnerError(f"The server at {url} has no {response.url.path}. Check the address and the name.")
        if not response.is_success:
            raise RunnerError(f"The server at {url} answered {code}: {_message(response)}")

    def _stranger(self) -> RunnerError:
        return RunnerError(f"What answers at {self.address.url} is no Jupyter server. Check the address.")


def _message(response: httpx.Response) -> str:
    """The server's own words on what is wrong, in one line."""
    try:
        told = response.json()
    except ValueError:
        told = {}
    words = str(told.get("message") or response.reason_phrase) if isinstance(told, dict) else response.reason_phrase
    return " ".join(words.split())[:300]
