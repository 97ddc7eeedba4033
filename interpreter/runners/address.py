"""The address of a server as people have it, and the token or login that stands in it. Asks no server.

A token travels in a header alone, as a name and password do: not in an address, where logs of servers would keep it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

from interpreter.errors import UsageError

TOKENS = ("INTERPRETER_GATEWAY_TOKEN", "JUPYTER_TOKEN")
"""The variables that may hold the token; the first that is set counts."""
_PAGES = re.compile(r"(?<!/user)/(?:lab|tree|notebooks|doc|edit|consoles)(?:/.*)?$")
"""What a browser shows of a server behind its own address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a gateway is, without a query and a slash at its end, and the token for it.

    `login` is the `name:password` of whoever stands before it, such as a proxy; it counts where there is no token.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    login: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request carries. Every kind of server takes this form of a token."""
        if self.token is not None:
            return {"Authorization": f"token {self.token}"}
        return {} if self.login is None else {"Authorization": f"Basic {_encoded(self.login)}"}


def address(url: str, environment: Mapping[str, str]) -> Address:
    """The address that the user gave, with the token in it or in the environment. Raises `UsageError` if it is none."""
    try:
        parts = _parts(url)
        parts.port  # noqa: B018 - looking at it is what checks it
    except ValueError:  # whose words may repeat a password
        what = "--gateway takes the http or https address of a Jupyter server"
        raise UsageError(f"{what}; the host or port of this one cannot be read.") from None
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("http", "https") or not parts.hostname:
        given = urlunsplit((parts.scheme, host, parts.path, "", ""))
        raise UsageError(f"--gateway takes the http or https address of a Jupyter server, not {given!r}.")
    path = _PAGES.sub("", parts.path.rstrip("/")).replace("/hub/user/", "/user/")  # as it stands in a browser
    token = token_in(url) or next((environment[name] for name in TOKENS if environment.get(name)), None)
    return Address(url=urlunsplit((parts.scheme, host, path, "", "")), token=token, login=_login(parts))


def token_in(url: str | None) -> str | None:
    """The token that stands in an address, None if none does."""
    return parse_qs(urlsplit(url).query).get("token", [None])[0] if url else None


def secrets_in(url: str | None) -> tuple[str, ...]:
    """Everything in an address that nobody else may see: the token, the password, and the forms it travels in.

    A name without a password counts as one, since some take a token there.
    """
    try:
        parts, token = _parts(url or ""), token_in(url)
    except ValueError:  # no address, so nothing is sent either
        return ()
    found = [] if token is None else [token]
    if (login := _login(parts)) is not None:
        written = parts.netloc.rpartition("@")[0]
        found += [word.partition(":")[2] or word.removesuffix(":") for word in (written, login)]
        found.append(_encoded(login))
    return tuple(dict.fromkeys(found))


def _parts(url: str) -> SplitResult:
    return urlsplit(url if "://" in url else f"http://{url}")


def _login(parts: SplitResult) -> str | None:
    """The `name:password` before the host, None if there is none."""
    written = parts.netloc.rpartition("@")[0]
    name, _, password = written.partition(":")
    return f"{unquote(name)}:{unquote(password)}" if written else None


def _encoded(login: str) -> str:
    return base64.b64encode(login.encode()).decode()
