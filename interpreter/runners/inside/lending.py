"""Which modules a kernel finds that its Python lacks, or finds otherwise. A part of the launcher."""

from __future__ import annotations

from importlib import import_module
from importlib.machinery import PathFinder
from importlib.metadata import DistributionFinder, MetadataPathFinder
from importlib.util import spec_from_loader
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

LISTED = "matplotlib-inline"
"""Matplotlib looks for its backend, which draws into cells, among the entry points of all distributions."""


class Borrowed(DistributionFinder):
    """Finds the modules that the kernel itself needs and this Python lacks; the last that is asked, and for no other.

    `modules` maps each top-level name to the folder it lies in.
    """

    def __init__(self, modules: dict[str, str]) -> None:
        self._modules = modules

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of a borrowed top-level module; what lies inside one is found by Python's own finder."""
        folder = self._modules.get(name)
        return PathFinder.find_spec(name, [folder], target) if folder and path is None else None

    def find_distributions(self, context: Any = None) -> Iterable[Any]:
        """The metadata of one distribution by its name; of what is borrowed a listing of all shows `LISTED` alone."""
        name = (context.name if context is not None else None) or LISTED
        folders = sorted(set(self._modules.values()))
        return MetadataPathFinder.find_distributions(DistributionFinder.Context(name=name, path=folders))


class ProgressAsText:
    """Has `tqdm.auto` draw its bars as text: it takes any kernel's front end for a browser, where they would move."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of the module in which tqdm chooses how it draws."""
        return spec_from_loader(name, self) if name == "tqdm.autonotebook" else None  # type: ignore[arg-type]

    def create_module(self, _: Any) -> None:
        """An ordinary one."""

    def exec_module(self, module: Any) -> None:
        """Choose."""
        std: Any = import_module("tqdm.std")
        module.tqdm, module.trange = std.tqdm, std.trange
