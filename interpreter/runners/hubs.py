"""What a JupyterHub answers in place of the server behind it, in words. Asks nothing and starts no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_HUB, _USER = "/hub/", "/user/"


def is_behind(response: httpx.Response) -> bool:
    """Whether a hub, or a server behind one, answered."""
    return "x-jupyterhub-version" in response.headers


def speaks(response: httpx.Response) -> bool:
    """Whether the hub itself answered: whoever asks for a server that is not there is sent on to it."""
    return is_behind(response) and _HUB in response.url.path


def home(url: str) -> str:
    """The hub before the server at `url`; its pages are below."""
    return url.partition(_USER)[0] + _HUB.rstrip("/")


def refusal(response: httpx.Response, url: str) -> str | None:
    """Why there is no server at `url`, in a line; None where the hub wants to know first who asks."""
    path = response.url.path
    if _USER not in path:
        return f"A JupyterHub answers at {url}. Give the address of your own server there: it ends in {_USER}NAME."
    if response.is_redirect:
        return None
    if response.status_code in (403, 404):
        return f"The hub shows you no server at {url}. Check the name at its end, and whose token you gave."
    return f"No server runs at {url}. Start it at {home(url)}/spawn/{url.partition(_USER)[2]}."
