"""Messages that all three protocols share: prompts, notes, the user's own cells, pictures; and merging neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from interpreter.history import Cell, Entry, History, Note, Prompt, Reply, UserCell, kept
from interpreter.protocols import content
from interpreter.protocols.brief import Brief
from interpreter.protocols.exchange import Message


def budgeted(brief: Brief, history: History) -> Iterator[tuple[Entry, int, int]]:
    """The entries that are sent, examples first, each with the head and tail its outputs may take.

    The latest reply is never old, unless more turns are shortened than there are, which is the last resort.
    """
    for example in brief.examples:
        yield example, brief.head, brief.tail
    sent = kept(history)
    latest = next((entry for entry in reversed(sent) if isinstance(entry, Reply)), None)
    turn = history.dropped
    for entry in sent:
        turn += isinstance(entry, Prompt)
        old = turn <= history.shortened and (entry is not latest or history.shortened > history.turns)
        yield entry, brief.head_old if old else brief.head, brief.tail_old if old else brief.tail


def conversation(
    brief: Brief, history: History, reply: Callable[[Reply, int, int], Iterable[Message]]
) -> tuple[Message, ...]:
    """The whole conversation behind its system text; `reply` renders a reply with its results in a dialect."""
    rendered: list[Message] = [{"role": "system", "content": brief.system}]
    for entry, head, tail in budgeted(brief, history):
        if isinstance(entry, Reply):
            rendered += reply(entry, head, tail)
        else:
            rendered.append(of_user(entry, head, tail))
    return merged(rendered)


def of_user(entry: Prompt | UserCell | Note, head: int, tail: int) -> Message:
    """An entry that travels in the user's role in every protocol."""
    match entry:
        case Prompt():
            return {"role": "user", "content": _prompt(entry)}
        case UserCell(cell=cell):
            output = content.result(cell, head=head, tail=tail)
            return {"role": "user", "content": f"I ran this {cell.language} code myself:\n{_fenced(cell)}\n{output}"}
        case Note():
            return {"role": "user", "content": f"[{content.shorten(content.clean(entry.text), head, tail)}]"}


def of_pictures(cells: Iterable[Cell]) -> list[Message]:
    """One user message with the pictures that `cells` drew, none if they drew none."""
    parts: list[Message] = []
    for cell in cells:
        for picture in content.pictures(cell):
            url = f"data:{picture.media_type};base64,{picture.data}"
            parts.append({"type": "image_url", "image_url": {"url": url}})
    if not parts:
        return []
    return [{"role": "user", "content": [{"type": "text", "text": "[What the code drew:]"}, *parts]}]


def merged(messages: Sequence[Message]) -> tuple[Message, ...]:
    """`messages` with neighbours of the user's role joined, since some endpoints want roles to alternate."""
    result: list[Message] = []
    for message in messages:
        if result and message["role"] == "user" == result[-1]["role"]:
            result[-1] = {"role": "user", "content": joined(result[-1]["content"], message["content"])}
        else:
            result.append(message)
    return tuple(result)


def joined(first: object, second: object) -> object:
    """Two contents as one, with an empty line between."""
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [{"type": "text", "text": value}]


def _prompt(prompt: Prompt) -> str:
    told = [prompt.text]
    for file in prompt.attachments:
        line = f"Attached file: {file.path} ({file.media_type}, {file.size} bytes)"
        told.append(f"{line}. It begins:\n{file.head}" if file.head else line)
    return "\n\n".join(told)


def _fenced(cell: Cell) -> str:
    return fence(cell.language, cell.code)


def fence(tag: str, text: str) -> str:
    """`text` as a fenced block whose fence is longer than any inside."""
    mark = "```"
    while mark in text:
        mark += "`"
    return f"{mark}{tag}\n{text}\n{mark}"
