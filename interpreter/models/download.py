"""Fetches a file from one address, going on where an earlier attempt stopped. It does not choose the address."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from interpreter.models.catalogue import UrlSource
from interpreter.models.partial import PartialFile, PassedOver
from interpreter.stop import Stop, race, until_stopped

if TYPE_CHECKING:
    import httpx

STALL = 30.0
"""Seconds without a byte, after which a source that had begun is given up."""


async def download(source: UrlSource, part: PartialFile, *, patience: float, stop: Stop, stall: float = STALL) -> None:
    """Append what `part` misses.

    `PassedOver` if nothing answers within `patience` seconds, or something else than this file does; `Stopped` when
    `stop` is set. What came until then stays in `part`.
    """
    import httpx

    timeout = httpx.Timeout(stall, connect=patience)
    try:
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=True) as client:
            response = await race(stop, _answer(client, source.url, part.size, patience))
            try:
                _accept(response, part)
                async for block in until_stopped(stop, response.aiter_raw()):
                    await part.append(block)
            finally:
                await response.aclose()
    except TimeoutError as error:
        raise PassedOver(f"no answer within {patience:g} seconds") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise PassedOver(_reason(error)) from error
    if part.missing:
        raise PassedOver("the connection ended early")


async def _answer(client: httpx.AsyncClient, url: str, start: int, patience: float) -> httpx.Response:
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    async with asyncio.timeout(patience):
        return await client.send(client.build_request("GET", url, headers=headers), stream=True)


def _accept(response: httpx.Response, part: PartialFile) -> None:
    """Check that `response` is this file, from where `part` ends or from the start."""
    total = part.size + part.missing
    if response.status_code == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("content-range", ""))
        if match is None or int(match[1]) != part.size or match[2] not in (str(total), "*"):
            raise PassedOver("it holds another file, or does not resume")
    elif response.status_code == 200:
        if response.headers.get("content-length", str(total)) != str(total):
            raise PassedOver("it holds another file")
        part.cut(0)
    else:
        raise PassedOver(f"it answered HTTP {response.status_code}")


def _reason(error: Exception) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in str(error)).strip()
    return (text or type(error).__name__)[:200]
