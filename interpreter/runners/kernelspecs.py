"""The kernelspecs installed here, read from their folders: names and languages. Starts none, and imports no Jupyter.

A folder `kernels/NAME` with a `kernel.json` in one of Jupyter's data folders is a kernelspec; the first of a name wins.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernelspec:
    """A kernel that can be started by `name`; `language` is what it says it runs, in small letters."""

    name: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What must be known of the kernels of a language beyond their kernelspec.

    `aliases`: what else models call it. `lag`: the seconds by which what a cell printed may come after the word that
    the cell is over. `ended`: words of an error which tell that what runs the code has ended, but not the kernel.
    """

    aliases: tuple[str, ...] = ()
    lag: float = 0.0
    ended: tuple[str, ...] = ()


QUIRKS: Mapping[str, Quirks] = {
    "c++17": Quirks(aliases=("c++", "cpp")),
    "javascript": Quirks(aliases=("js", "node")),
    "julia": Quirks(aliases=("jl",)),
    "octave": Quirks(aliases=("matlab",), ended=("End of File", "Bad file descriptor")),
    "r": Quirks(aliases=("rscript",)),
    "ruby": Quirks(aliases=("rb",)),
    "rust": Quirks(aliases=("rs",)),
    "typescript": Quirks(aliases=("ts", "javascript", "deno"), lag=0.05),  # Deno's kernel
}
"""By the kernelspec's language, in small letters."""
SOCKETS = ("IJulia", "IRkernel", "calysto", "ipykernel", "metakernel", "octave_kernel")
"""Words of the command of a kernel that takes sockets in a private folder; most know only ports of this machine."""


def installed(folders: Iterable[Path]) -> tuple[Kernelspec, ...]:
    """Every kernelspec that can be started, by name: it can be read, and what it starts was not removed since."""
    found: dict[str, Kernelspec] = {}
    for folder in folders:
        for file in sorted(folder.glob("kernels/*/kernel.json")):
            name = file.parent.name.lower()
            if name not in found and (language := _language(file)):
                found[name] = Kernelspec(name=name, language=language)
    return tuple(found[name] for name in sorted(found))


def data_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Jupyter's data folders, in the order in which Jupyter looks; those of the user's Python before those of ours."""
    yield from (Path(place) for place in environment.get("JUPYTER_PATH", "").split(os.pathsep) if place)
    prefixes = [environment.get("VIRTUAL_ENV"), environment.get("CONDA_PREFIX"), sys.prefix]
    yield from (Path(prefix) / "share" / "jupyter" for prefix in prefixes if prefix)
    yield _user_folder(environment)
    if sys.platform == "win32":
        yield Path(environment.get("PROGRAMDATA", "C:\\ProgramData")) / "jupyter"
    else:
        yield from (Path("/usr/local/share/jupyter"), Path("/usr/share/jupyter"))


def _language(file: Path) -> str:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    argv = said.get("argv") if isinstance(said, dict) else None
    if not isinstance(argv, list) or not argv or (Path(str(argv[0])).is_absolute() and not Path(argv[0]).exists()):
        return ""
    language = said.get("language")
    return language.strip().lower() if isinstance(language, str) else ""


def _user_folder(environment: Mapping[str, str]) -> Path:
    if named := environment.get("JUPYTER_DATA_DIR"):
        return Path(named)
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or os.curdir)
    match sys.platform:
        case "darwin":
            return home / "Library" / "Jupyter"
        case "win32":
            return Path(environment.get("APPDATA", home)) / "jupyter"
        case _:
            return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"
