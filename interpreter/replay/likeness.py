"""Whether two texts, tables or values are the same: numbers by value, times and addresses set aside and named. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import zip_longest

from interpreter.protocols.content import clean

ROUNDING = "the last digits of numbers"
_RELATIVE, _ABSOLUTE = 1e-10, 1e-14  # what another order of adding up changes; printed digits are far fewer

_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?:\s?[AP]M)?"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|[A-Z]{3,4}|[+-]\d\d:?\d\d))?"
_UNIT = r"(?:ns|µs|μs|us|ms|s|secs?|seconds?|mins?|minutes?|h|hours?)"
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?+(?!\w)")

RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "temporary files",
        re.compile(r"(?:/private)?/(?:tmp|var/folders)/[^\s'\":,)\]]+|[A-Za-z]:\\[^\s'\"]{0,260}\\Temp\\[^\s'\"]+"),
    ),
    ("identifiers", re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")),
    ("memory addresses", re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")),
    (
        "times",
        re.compile(
            rf"\b\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?{_ZONE}"
            rf"|\b{_DAY}\s+(?:\d{{1,2}}\s+{_MONTH}|{_MONTH}\s+\d{{1,2}})(?:\s+\d{{4}})?\s+{_CLOCK}{_ZONE}(?:\s+\d{{4}})?"
            rf"|\b{_CLOCK}{_ZONE}\b"
        ),
    ),
    (
        "durations",
        re.compile(
            r"\d\d:\d\d<(?:\d\d:\d\d|\?),\s+\S+?(?:/s|s/\w+)"  # a progress bar
            r"|\(mean ± std\. dev\. of [^)]*\)"
            rf"|(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?\s?{_UNIT}\b(?:\s\d+(?:\.\d+)?\s?{_UNIT}\b)*"
        ),
    ),
)
"""What differs from run to run and says nothing of the result, each with its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Whether two things are the same, `apart` from what is named."""

    same: bool
    apart: tuple[str, ...] = ()


def of_text(recorded: str, now: str) -> Likeness:
    """Whether two texts are the same. One that is nothing but a time is another time, not the same text."""
    recorded, now = clean(recorded).rstrip(), clean(now).rstrip()
    if recorded == now:
        return Likeness(same=True)
    if same_numbers(recorded, now):
        return Likeness(same=True, apart=(ROUNDING,))
    apart: list[str] = []
    for name, pattern in RULES:
        if pattern.findall(recorded) != pattern.findall(now):
            apart.append(name)
        recorded, now = pattern.sub("§", recorded), pattern.sub("§", now)
    if not apart or not same_numbers(recorded, now) or not re.search(r"\w", now):
        return Likeness(same=False)
    return Likeness(same=True, apart=tuple(apart))


def of_html(recorded: str, now: str) -> Likeness:
    """Whether two pages show the same: elements and texts count, attributes, scripts and styles do not."""
    return of_text("\n".join(shown(recorded)), "\n".join(shown(now)))


def of_json(recorded: object, now: object) -> Likeness:
    """Whether two values are the same, to the last digits."""
    if recorded == now:
        return Likeness(same=True)
    return Likeness(same=True, apart=(ROUNDING,)) if _close(recorded, now) else Likeness(same=False)


def together(likenesses: Iterable[Likeness]) -> Likeness:
    """The same if each of them is."""
    known = list(likenesses)
    return Likeness(
        same=all(it.same for it in known), apart=tuple(dict.fromkeys(name for it in known for name in it.apart))
    )


def same_numbers(recorded: str, now: str) -> bool:
    """Whether two texts differ in nothing but spaces and the last digits of numbers that are no whole ones."""
    if _words(recorded) != _words(now):
        return False
    pairs = zip_longest(_NUMBER.findall(recorded), _NUMBER.findall(now), fillvalue="")
    return all(
        a == b or (not (_whole(a) and _whole(b)) and _near(float(a or "nan"), float(b or "nan"))) for a, b in pairs
    )


def _words(text: str) -> list[str]:
    return _NUMBER.sub(" # ", text).split()


def _whole(number: str) -> bool:
    return number.lstrip("+-").isdigit()


def _near(a: float, b: float) -> bool:
    return math.isfinite(a) and math.isclose(a, b, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)


def _close(a: object, b: object) -> bool:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_close(a[key], b[key]) for key in a)
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    if isinstance(a, Sequence) and isinstance(b, Sequence):
        return len(a) == len(b) and all(map(_close, a, b))
    if (isinstance(a, float) and isinstance(b, int | float)) or (isinstance(a, int) and isinstance(b, float)):
        return _near(a, b)
    return a == b


def shown(html: str) -> list[str]:
    """The elements, as `<name>`, and the texts of a page, in order."""
    reader = _Page()
    reader.feed(html)
    reader.close()
    return reader.pieces


class _Page(HTMLParser):
    """The elements and texts of a page, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self._unseen += tag in ("script", "style")
        self.pieces.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        self._unseen = max(0, self._unseen - (tag in ("script", "style")))

    def handle_data(self, data: str) -> None:
        """Text."""
        if data.strip() and not self._unseen:
            self.pieces.append(data.strip())
