"""A draft as an nbformat 4.5 document of plain dictionaries, ready to be written. Reads no file and runs nothing.

What never ran becomes Markdown, so that "Run All" in a front end runs nothing that was declined. What should not be run
again, and what is meant to fail, carries the tags that Jupyter's own tools obey.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from interpreter import __version__
from interpreter import events as e
from interpreter.notebooks import outputs
from interpreter.notebooks.draft import Code, Draft, Part, Words, draft

Json: TypeAlias = dict[str, Any]

OURS = "local_interpreter"
"""The key of our metadata, in the document and in each cell."""
SUPERSEDED, NOT_RUN, UNDONE = "superseded", "not-run", "undone"
RAISES, SKIP = "raises-exception", "skip-execution"
"""Tags that nbclient obeys: an expected failure, and a cell that is not to be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookKernel:
    """The kernelspec that opens the notebook with the session's kernel; `python` is its program where it has one."""

    name: str = "python3"
    display_name: str = "Python 3 (ipykernel)"
    language: str = "python"
    python: str = ""


PYTHON = NotebookKernel()
_PROGRAMS: Mapping[str, str] = {"javascript": "node", "r": "Rscript -", "typescript": "deno run -"}
"""The program that runs a language from its standard input, where it is not named like the language."""


def document(source: Draft | Iterable[e.Event], kernel: NotebookKernel = PYTHON) -> Json:
    """The notebook of a draft, or of a session's events."""
    folded = source if isinstance(source, Draft) else draft(source)
    return {"cells": [cell(part, kernel) for part in folded.parts], **frame(folded, kernel)}


def frame(folded: Draft, kernel: NotebookKernel = PYTHON) -> Json:
    """All of the document but its cells."""
    spent = {name: value for name, value in asdict(folded.spent).items() if value}
    ours = {"program": f"local-interpreter {__version__}", "session": folded.session, "model": folded.model, **spent}
    spec = {"name": kernel.name, "display_name": kernel.display_name, "language": kernel.language}
    ours |= {"python": kernel.python} if kernel.python else {}
    return {
        "metadata": {"kernelspec": spec, "language_info": _language(kernel.language), OURS: ours},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def cell(part: Part, kernel: NotebookKernel = PYTHON) -> Json:
    """One cell of the document."""
    if isinstance(part, Words):
        return _markdown(part, _spoken(part), _about_words(part))
    ran = part.decision in ("run", "edited")
    if not ran:
        return _markdown(part, _not_run(part), _about_code(part), NOT_RUN)
    magic = _magic(part.language, kernel)
    if magic is None:
        return _markdown(part, fenced(part.code, part.language), _about_code(part), *_tags(part))
    return {
        "cell_type": "code",
        "id": part.id,
        "metadata": _metadata(_about_code(part), [*_tags(part), *_undone(part)]),
        "source": f"{magic}\n{part.code}" if magic else part.code,
        "outputs": outputs.written(part.outputs, part.count),
        "execution_count": part.count,
    }


def fenced(code: str, language: str) -> str:
    """`code` as a Markdown fence that nothing in it can close."""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{language}\n{code}\n{fence}"


def quoted(text: str) -> str:
    """`text` as a Markdown quotation that keeps its lines."""
    *lines, last = text.split("\n")
    return "\n".join([*(f"> {line}  " if line else ">" for line in lines), f"> {last}" if last else ">"])


def _magic(language: str, kernel: NotebookKernel) -> str | None:
    """The line with which a cell of `language` runs in the notebook: empty in its own, None where there is none.

    Unlike in a session, each such cell is a process of its own.
    """
    if language == kernel.language:
        return ""
    if kernel.language != "python":
        return None
    return "%%bash" if language == "shell" else f"%%script {_PROGRAMS.get(language, language)}"


def _markdown(part: Part, source: str, about: Json, *tags: str) -> Json:
    metadata = _metadata(about, [*tags, *_undone(part)])
    return {"cell_type": "markdown", "id": part.id, "metadata": metadata, "source": source}


def _metadata(about: Json, tags: list[str]) -> Json:
    return {OURS: about} | ({"tags": tags} if tags else {})


def _spoken(words: Words) -> str:
    match words.role:
        case "prompt":
            return quoted(words.text)
        case "reply":
            return words.text
        case "note":
            return f"*{words.text}*"


def _not_run(code: Code) -> str:
    what = {"declined": "**Declined.**", "skipped": "**Not run.**", None: "**Proposed.**"}.get(code.decision, "")
    return f"{what} {code.note}".rstrip() + "\n\n" + fenced(code.proposed, code.language)


def _tags(code: Code) -> Iterator[str]:
    if code.superseded:
        yield SUPERSEDED
    if code.status == "skipped":
        yield NOT_RUN
    if code.status == "error":
        yield RAISES
    elif code.status not in ("ok", None):
        yield SKIP


def _undone(part: Part) -> list[str]:
    return [UNDONE] if part.undone else []


def _about_words(words: Words) -> Json:
    return _told(
        {
            "role": words.role,
            "turn": words.turn,
            "reply": words.reply,
            "model": words.model,
            "attachments": [asdict(attachment) for attachment in words.attachments],
            "ended": words.ended,
            "usage": _usage(words.usage),
        }
    )


def _about_code(code: Code) -> Json:
    never = code.decision in ("declined", "skipped")
    return _told(
        {
            "role": "code",
            "turn": code.turn,
            "reply": code.reply,
            "language": code.language,
            "by": code.by,
            "model": code.model,
            "decision": code.decision,
            "approved": code.approved,
            "note": code.note,
            "proposed": code.proposed if code.decision != "run" else None,
            "status": code.decision if never else code.status or "open",
            "seconds": round(code.seconds, 3),
            "started": code.started,
            "inputs": code.inputs,
            "usage": _usage(code.usage),
        }
    )


def _usage(usage: e.UsageReported | None) -> Json | None:
    if usage is None:
        return None
    return {
        name: value
        for name, value in asdict(usage).items()
        if value is not None and value is not False and name != "type"
    }


def _told(about: Json) -> Json:
    """Without what says nothing."""
    return {name: value for name, value in about.items() if value not in (None, "", [], 0, 0.0) or name == "turn"}


def _language(language: str) -> Json:
    if language != "python":
        return {"name": language}
    return {
        "name": "python",
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "pygments_lexer": "ipython3",
        "codemirror_mode": {"name": "ipython", "version": 3},
        "nbconvert_exporter": "python",
    }
