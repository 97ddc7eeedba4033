"""A notebook given in place of a prompt: what its session goes on from, and in which kernel. Runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from interpreter.events import Event
from interpreter.runners.kernelspecs import data_folders, installed
from interpreter.settings import Settings

_OWN = ("", "python3")
"""What a notebook names that asks for no kernel but Python's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The settings with what the notebook asks for, and the events that it tells, none without a notebook."""

    settings: Settings
    events: tuple[Event, ...] = ()


def beginning(settings: Settings, environment: Mapping[str, str], warn: Callable[[str], None]) -> Beginning:
    """How the session of `settings` begins. Raises `UsageError` if their notebook cannot be read."""
    if settings.notebook is None or settings.resume is not None:
        return Beginning(settings=settings)
    from interpreter.notebooks.opening import open_notebook

    notebook = open_notebook(Path(settings.notebook))
    kernel = notebook.kernel if notebook.kernel not in _OWN and settings.kernel is None else settings.kernel
    if kernel != settings.kernel and settings.gateway is None:
        there = {spec.name for spec in installed(data_folders(environment))}
        if kernel not in there:
            warn(f"The notebook's kernel {kernel} is not installed here. Name another: --kernel NAME.")
            kernel = None
    return Beginning(settings=replace(settings, kernel=kernel), events=notebook.events)
