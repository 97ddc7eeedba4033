"""The modules a kernel needs, as they are installed for this program: what may be lent to a Python without ipykernel.

Only ipykernel and what it requires is named, so none of our other packages can be imported by the user's code.
"""

from __future__ import annotations

import sysconfig
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from interpreter.runners.probing import Facts

_NEVER = frozenset({"debugpy"})
"""Required by ipykernel, kept out by our launcher, and not for the user's code to find."""


def fits(facts: Facts) -> bool:
    """Whether that Python loads modules compiled for ours."""
    return facts.abi == str(sysconfig.get_config_var("EXT_SUFFIX"))


def closure() -> dict[str, str]:
    """Each top-level module of ipykernel and of what it requires, with the folder it lies in; empty if unknown."""
    modules: dict[str, str] = {}
    waiting, seen = ["ipykernel"], set(_NEVER)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            return {}
        waiting += _required(found)
        folder = str(Path(str(found.locate_file(""))))
        modules |= dict.fromkeys(_modules(found), folder)
    return modules


def in_folder(folder: Path) -> dict[str, str]:
    """The top-level modules of a folder that holds nothing but what a kernel needs."""
    names = {path.name.partition(".")[0] for path in folder.iterdir() if _importable(path.name)}
    return {name: str(folder) for name in names if name not in _NEVER}


def _required(found: Distribution) -> list[str]:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    required = (Requirement(line) for line in found.requires or ())
    return [
        canonicalize_name(need.name) for need in required if need.marker is None or need.marker.evaluate({"extra": ""})
    ]


def _modules(found: Distribution) -> set[str]:
    tops = {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}
    return {top.partition(".")[0] for top in tops if _importable(top)}


def _importable(name: str) -> bool:
    """A package's folder or a module's file; no metadata, no `.pth`, no program."""
    stem, _, suffix = name.partition(".")
    return stem.isidentifier() and (not suffix or suffix == "py" or suffix.endswith(("so", "pyd")))
