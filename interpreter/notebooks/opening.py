"""A notebook as a session to go on with: events that tell it, their history, and its kernel. Runs nothing.

Ours comes back as it was: who said what, what the model proposed, what was decided. In any other notebook the text is
taken for the user's words and the code for the user's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from interpreter import events as e
from interpreter.history import History, fold
from interpreter.notebooks import outputs
from interpreter.notebooks.document import OURS, Json
from interpreter.notebooks.file import load

_NEVER_RUN = "It was not run in the notebook."
_TEXTS = ("role", "language", "by", "model", "decision", "approved", "note", "proposed", "status")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(_TEXTS, str),
    "seconds": (int, float),
    "inputs": list,
    "attachments": list,
}
"""Of what kind each of our notes is."""
_LONGEST = 1e10
"""Seconds; no cell can have run longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedNotebook:
    """`events` tell what is in the notebook, as the begin of a new session's journal; `history` is their fold.

    `kernel` is the name of its kernelspec and `language` what that runs, both empty if the notebook does not say.
    """

    events: tuple[e.Event, ...]
    history: History
    kernel: str
    language: str


def open_notebook(path: Path) -> OpenedNotebook:
    """The session that the notebook at `path` holds. Raises `UsageError` if it cannot be read."""
    document = load(path)
    told = tuple(events(document))
    return OpenedNotebook(
        events=told, history=fold(told), kernel=kernelspec(document).get("name", ""), language=language(document)
    )


def kernelspec(document: Json) -> Mapping[str, str]:
    """What the notebook says of its kernel."""
    spec = document["metadata"].get("kernelspec")
    return spec if isinstance(spec, Mapping) else {}


def language(document: Json) -> str:
    """The language of the notebook's code, in lower case; empty if it does not say."""
    named = document["metadata"].get("language_info", {}).get("name") or kernelspec(document).get("language", "")
    return str(named).lower()


def ours(cell: Json) -> Mapping[str, Any]:
    """What this program noted of a cell; empty where it did not write it."""
    about = cell["metadata"].get(OURS)
    return about if isinstance(about, Mapping) and "role" in about and _is_whole(about) else {}


def _is_whole(about: Mapping[str, Any]) -> bool:
    """Whether nobody has changed what this program noted into something that it cannot have noted."""
    attachments = about.get("attachments", [])
    return (
        all(isinstance(about[name], kind) for name, kind in _KINDS.items() if name in about)
        and about.get("approved", "asked") in get_args(e.Approver)
        and abs(about.get("seconds", 0)) < _LONGEST
        and all(isinstance(line, str | None) for line in about.get("inputs", []))
        and all(isinstance(it, Mapping) and isinstance(it.get("size"), int) for it in attachments)
    )


def code_of(cell: Json, main: str) -> tuple[str, str]:
    """Language and code of a code cell: what is not in the notebook's own language stands behind a magic."""
    written = str(ours(cell).get("language") or main)
    source: str = cell["source"]
    if written != main and source.startswith(("%%bash", "%%script")):
        source = source.partition("\n")[2]
    return written, source


def events(document: Json) -> Iterator[e.Event]:
    """The events that tell the notebook, each turn with its end."""
    reading = _Reading(language(document) or "python")
    for cell in document["cells"]:
        yield from reading.told(cell)
    yield from reading.ended()


class _Reading:
    """What is open while the cells are read in order: a turn, and in it a reply."""

    def __init__(self, main: str) -> None:
        self._main = main
        self._turn = False
        self._reply: object = None
        self._cells = 0

    def ended(self, reason: e.TurnReason = "done") -> Iterator[e.Event]:
        """The end of the open turn."""
        if self._turn:
            self._turn, self._reply = False, None
            yield e.TurnFinished(reason=reason)

    def told(self, cell: Json) -> Iterator[e.Event]:
        """One cell. Restarts are not told again: the kernel will be a fresh one."""
        about = ours(cell)
        match about.get("role"):
            case "prompt":
                yield from self._asked(_unquoted(cell["source"]), _attachments(about))
            case "reply":
                yield from self._step(about)
                yield e.Text(text=cell["source"])
            case "note":
                if ended := about.get("ended"):
                    yield from self.ended(ended)
            case "code":
                yield from self._code(cell, about)
            case _ if cell["cell_type"] == "markdown" and cell["source"].strip():
                yield from self._asked(cell["source"])
                yield from self.ended()
            case _ if cell["cell_type"] == "code" and cell["source"].strip():
                yield from self._code(cell, {})
            case _:
                pass

    def _asked(self, prompt: str, attachments: tuple[e.Attachment, ...] = ()) -> Iterator[e.Event]:
        yield from self.ended()
        self._turn = True
        yield e.TurnStarted(prompt=prompt, attachments=attachments)

    def _step(self, about: Mapping[str, Any]) -> Iterator[e.Event]:
        """The begin of the reply to which a part belongs, unless that is the open one."""
        if self._reply != about.get("reply"):
            self._reply = about.get("reply")
            number = self._reply if isinstance(self._reply, int) else 1
            yield e.StepStarted(step=number, model=str(about.get("model", "")), protocol="tools")

    def _code(self, cell: Json, about: Mapping[str, Any]) -> Iterator[e.Event]:
        by: e.Author = "model" if about.get("by") == "model" and self._turn else "user"
        if by == "model":
            yield from self._step(about)
        else:
            yield from self.ended()
        self._cells += 1
        identity = f"c{self._cells}"
        written, code = code_of(cell, self._main)
        proposed = str(about.get("proposed", code))
        yield e.CodeProposed(cell=identity, language=written, code=proposed, by=by)
        came = outputs.read(identity, cell.get("outputs", ()))
        decision = about.get("decision")
        if cell["cell_type"] != "code" or decision in ("declined", "skipped"):
            left: e.Choice = "declined" if decision == "declined" else "skipped"
            yield e.CodeDecided(cell=identity, decision=left, code=proposed, note=str(about.get("note", "")))
        elif not about and not came and cell.get("execution_count") is None:
            yield e.CodeDecided(cell=identity, decision="skipped", code=code, note=_NEVER_RUN)
        else:
            chosen: e.Choice = "edited" if decision == "edited" else "run"
            approver = about.get("approved", "asked")
            yield e.CodeDecided(cell=identity, decision=chosen, code=code, note=str(about.get("note", "")), by=approver)
            yield from came
            status, seconds = _status(about, came), float(about.get("seconds", 0.0))
            yield e.CodeFinished(cell=identity, status=status, seconds=seconds, ran=about.get("status") != "skipped")


def _status(about: Mapping[str, Any], came: tuple[e.Output, ...]) -> e.CellStatus:
    kept = about.get("status")
    if kept in get_args(e.CellStatus):
        return cast("e.CellStatus", kept)
    if kept is not None and kept != "skipped":  # it was running when the notebook was written
        return "died"
    return "error" if any(output.kind == "error" for output in came) else "ok"


def _unquoted(source: str) -> str:
    """A prompt from its quotation; as it stands, if somebody wrote something else."""
    *lines, last = source.split("\n")
    if not all(line.startswith(">") for line in (*lines, last)):
        return source
    return "\n".join([*(line.removesuffix("  ")[1:].removeprefix(" ") for line in lines), last[1:].removeprefix(" ")])


def _attachments(about: Mapping[str, Any]) -> tuple[e.Attachment, ...]:
    return tuple(
        e.Attachment(path=str(it.get("path")), media_type=str(it.get("media_type")), size=int(it.get("size", 0)))
        for it in about.get("attachments", ())
    )
