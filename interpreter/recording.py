"""A session's records, opened together: its folder, journal, notebook and kept outputs. Builds no session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from interpreter.events import Event, SessionStarted
from interpreter.history import History
from interpreter.notebooks.document import NotebookKernel
from interpreter.places import Places
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.journal import Journal
from interpreter.recorders.notebook import NotebookRecorder
from interpreter.recorders.outputs import DiskKeeper
from interpreter.recorders.resume import Loaded, load
from interpreter.recorders.store import Store
from interpreter.seams import Consumer
from interpreter.secrets import Secrets
from interpreter.settings import LATEST, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Where a session is kept. `loaded` is what was kept of it before, None for a new one. Close it always."""

    folder: SessionFolder
    journal: Journal
    notebook: NotebookRecorder
    keeper: DiskKeeper
    loaded: Loaded | None

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """Those who keep, in their order."""
        return (self.journal, self.notebook)

    @property
    def history(self) -> History:
        """The conversation so far."""
        return self.loaded.history if self.loaded else History()

    async def close(self) -> None:
        """Write what is left and give the session up."""
        try:
            await self.notebook.close()
        finally:
            self.journal.close()


def opened(
    settings: Settings,
    home: Places,
    secrets: Secrets,
    *,
    kernel: NotebookKernel,
    begun: tuple[Event, ...],
    attended: bool,
    warn: Callable[[str], None],
) -> Records:
    """The records of a new session, which goes on from the events `begun`, or of the kept one that `settings` resume.

    `kernel` is what the session's notebook names; `attended`: a person is there, who means the latest session of a
    person's by the latest; `warn` is told of survivable trouble. Raises `UsageError` if no such
    session is kept, `StorageError` if it cannot be kept or another program has it.
    """
    store = Store(home.sessions)
    size = settings.keep_megabytes * 1_000_000 if settings.keep_megabytes else None
    store.retain(days=settings.keep_days, size=size)
    folder = store.create() if settings.resume is None else _resumed(store, settings.resume, attended, warn)
    journal = Journal(folder, secrets=secrets)  # first: it takes the session for this program
    try:
        if begun and settings.resume is None:
            started = SessionStarted(session=folder.id, model="", paths=folder.paths, attended=attended)
            for event in (started, *begun):
                journal(event)
        loaded = _loaded(journal) if begun or settings.resume else None
    except BaseException:
        journal.close()
        raise
    return Records(
        folder=folder,
        journal=journal,
        notebook=NotebookRecorder(folder, kernel=kernel, warn=warn),
        keeper=DiskKeeper(folder, secrets=secrets),
        loaded=loaded,
    )


def _loaded(journal: Journal) -> Loaded:
    """What is kept, and once each, what of it could not be read and what a crash did to it."""
    loaded = load(journal.folder)
    return replace(loaded, warnings=tuple(dict.fromkeys([*journal.mended, *loaded.warnings])))


def _resumed(store: Store, wanted: str, attended: bool, warn: Callable[[str], None]) -> SessionFolder:
    if wanted != LATEST:
        return store.find(wanted)
    found, latest = store.latest(attended=attended), store.latest()
    if found != latest:
        warn(
            f"Session {latest.id} is newer, but no person was there: interpreter --resume {latest.id} goes on with it."
        )
    return found
