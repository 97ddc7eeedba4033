"""A cell's recorded outputs beside those of now: what differs, and what was set aside. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from interpreter.notebooks.document import Json
from interpreter.notebooks.outputs import text
from interpreter.protocols.content import shorten
from interpreter.replay import likeness
from interpreter.replay.likeness import Likeness, together
from interpreter.replay.pictures import same_picture

_LEFT_OUT = re.compile(r"\n?\[… \d+ characters left out …\]\n")
_NOT_COMPARED = frozenset({"application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json"})
_HTML = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two runs part: `what` names the output, the rest are the beginnings of both."""

    what: str
    recorded: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All differences of a cell, and what was set aside where there is none."""

    differences: tuple[Difference, ...] = ()
    apart: tuple[str, ...] = ()


def compare(recorded: Sequence[Json], now: Sequence[Json]) -> Comparison:
    """Both in nbformat's form. Streams are compared as wholes: how they interleave is no result."""
    differences: list[Difference] = []
    likenesses: list[Likeness] = []
    for stream in ("stdout", "stderr"):
        was, came = _stream(recorded, stream), _stream(now, stream)
        likenesses.append(_of_stream(was, came))
        if not likenesses[-1].same:
            differences.append(_difference(stream, was, came))
    for was_one, came_one in zip_longest(_values(recorded), _values(now)):
        likenesses.append(_of_values(was_one, came_one))
        if not likenesses[-1].same:
            what = _what(was_one or came_one or {})
            differences.append(_difference(what, _told(was_one), _told(came_one)))
    return Comparison(differences=tuple(differences), apart=together(likenesses).apart)


def _stream(outputs: Sequence[Json], name: str) -> str:
    return "".join(text(output["text"]) for output in outputs if output.get("name") == name)


def _values(outputs: Sequence[Json]) -> list[Json]:
    return [output for output in outputs if output["output_type"] != "stream"]


def _of_stream(recorded: str, now: str) -> Likeness:
    """Of a text that was shortened when it was kept, the two ends are compared."""
    head, *rest = _LEFT_OUT.split(recorded)
    if not rest:
        return likeness.of_text(recorded, now)
    tail = rest[-1].rstrip()
    now = now.rstrip()
    if len(now) < len(head) + len(tail):
        return Likeness(same=False)
    return together([likeness.of_text(head, now[: len(head)]), likeness.of_text(tail, now[len(now) - len(tail) :])])


def _of_values(recorded: Json | None, now: Json | None) -> Likeness:
    if recorded is None or now is None or ("ename" in recorded) != ("ename" in now):
        return Likeness(same=False)
    if "ename" in recorded:
        name = Likeness(same=recorded["ename"] == now["ename"])
        return together([name, likeness.of_text(recorded["evalue"], now["evalue"])])
    kinds, kinds_now = _compared(recorded["data"]), _compared(now["data"])
    if kinds != kinds_now:
        return Likeness(same=False)
    return together(_of_kind(kind, recorded["data"][kind], now["data"][kind]) for kind in sorted(kinds))


def _compared(data: Json) -> frozenset[str]:
    """The media types that count: plain text is but a stand-in for anything richer."""
    kinds = frozenset(data) - _NOT_COMPARED
    return kinds - {"text/plain"} or kinds


def _of_kind(kind: str, recorded: object, now: object) -> Likeness:
    if kind.startswith("image/"):
        return Likeness(same=same_picture(kind, text(recorded), text(now)))
    if kind in _HTML:
        return likeness.of_html(text(recorded), text(now))
    if kind.startswith("text/"):
        return likeness.of_text(text(recorded), text(now))
    return likeness.of_json(recorded, now)


def _what(output: Json) -> str:
    if "ename" in output:
        return "error"
    kinds = sorted(_compared(output.get("data", {})))
    return f"{'result' if output['output_type'] == 'execute_result' else 'display'} ({', '.join(kinds)})"


def _told(output: Json | None) -> str:
    if output is None:
        return ""
    if "ename" in output:
        return f"{output['ename']}: {output['evalue']}"
    data = output.get("data", {})
    plain = text(data.get("text/plain", ""))
    if "text/html" in data:
        plain = " ".join(piece for piece in likeness.shown(text(data["text/html"])) if not piece.startswith("<"))
    pictures = [f"[{kind}]" for kind in sorted(data) if kind.startswith("image/")]
    return " ".join([plain, *pictures]).strip() or f"[{', '.join(sorted(data))}]"


def _difference(what: str, recorded: str, now: str) -> Difference:
    """Both texts from the line on in which they part, if they do."""
    was, came = recorded.splitlines(), now.splitlines()
    start = 0
    while was != came and start < min(len(was), len(came)) and was[start] == came[start]:
        start += 1
    return Difference(
        what=what,
        recorded=shorten("\n".join(was[start : start + 3]), 300, 0),
        now=shorten("\n".join(came[start : start + 3]), 300, 0),
    )
