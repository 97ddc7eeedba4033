"""What a Python has that a kernel needs, asked of that Python itself and remembered until it changes. Installs nothing.

Only a Python that may be started is asked: see `PythonChoice` and who calls this.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from interpreter.errors import RunnerError

_PATIENCE = 30.0
"""Seconds a Python may take to answer; a cold one on a network disk takes several."""

_QUESTION = """
import sys
sys.path.pop(0)
import json
version = "%d.%d" % sys.version_info[:2]
if sys.version_info < (3, 8):
    print(json.dumps({"old": version}))
    sys.exit()
import importlib.util as u, os, sysconfig as s
managed = os.path.exists(os.path.join(s.get_path("stdlib"), "EXTERNALLY-MANAGED"))
print(json.dumps({
    "version": version, "abi": s.get_config_var("EXT_SUFFIX") or "",
    "packages": s.get_path("purelib"), "kernel": u.find_spec("ipykernel") is not None,
    "pip": u.find_spec("pip") is not None, "managed": managed and sys.prefix == sys.base_prefix}))
"""
"""Python 2 can read it as well, and then says what it is; `launcher.py` runs in no Python older than the one here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`version` is major.minor; Pythons of the same `abi` load the same compiled modules; `packages` is a folder.

    `managed`: it is the system's own, into which its package manager alone installs.
    """

    version: str
    abi: str
    packages: str
    kernel: bool
    pip: bool
    managed: bool


async def ask(executable: str, environment: Mapping[str, str], cache: Path) -> Facts:
    """The facts about `executable`, from `cache` while neither it nor its packages have changed.

    Raises `RunnerError` if it does not answer as a Python does, or is too old for a kernel.
    """
    return await asyncio.to_thread(_ask, executable, environment, cache / "pythons.json")


def _ask(executable: str, environment: Mapping[str, str], file: Path) -> Facts:
    known = _read(file)
    entry = known.get(executable)
    if isinstance(entry, dict):
        with contextlib.suppress(TypeError, KeyError):
            facts = Facts(**entry["facts"])
            if entry["changed"] == _changed(executable, facts):
                return facts
    facts = _fresh(executable, environment)
    known[executable] = {"facts": asdict(facts), "changed": _changed(executable, facts)}
    _write(file, known)
    return facts


def _fresh(executable: str, environment: Mapping[str, str]) -> Facts:
    clean = {name: value for name, value in environment.items() if name not in ("PYTHONPATH", "PYTHONSTARTUP")}
    try:
        done = subprocess.run(
            [executable, "-c", _QUESTION],
            env=clean,
            cwd=Path(executable).parent,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            stdin=subprocess.DEVNULL,
            check=True,
        )
        told = json.loads(done.stdout.splitlines()[-1])
        if old := told.get("old"):
            raise RunnerError(f"{executable} is Python {old}; code runs in 3.8 or later. Give --python another one.")
        return Facts(**told)
    except subprocess.CalledProcessError as error:
        words = (error.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise RunnerError(f"{executable} does not work: {words}. Give --python another one.") from error
    except (OSError, subprocess.TimeoutExpired, ValueError, TypeError, AttributeError, IndexError) as error:
        raise RunnerError(f"{executable} does not answer as a Python does. Give --python another one.") from error


def _changed(executable: str, facts: Facts) -> list[int]:
    """When the program and the folder of its packages were last changed, 0 for what is not there."""
    times = []
    for path in (executable, facts.packages):
        try:
            times.append(os.stat(path).st_mtime_ns)  # noqa: PTH116 - Path would follow the same link, more slowly
        except OSError:
            times.append(0)
    return times


def _read(file: Path) -> dict[str, object]:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(file: Path, known: Mapping[str, object]) -> None:
    """Whole or not at all; a cache that cannot be written is only slower."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as new:
            json.dump(known, new)
        Path(new.name).replace(file)
