"""Which of a terminal's sixteen colours and few weights each thing is drawn with. No full colours, no backgrounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The numbers of an SGR sequence for each thing; empty means as the terminal writes everything."""

    title: str = "1;4"
    heading: str = "1"
    strong: str = "1"
    emphasis: str = "3"
    struck: str = "9"
    code: str = ""
    link: str = "4"
    quiet: str = "2"
    good: str = ""
    warning: str = "1"
    bad: str = "1"
    keyword: str = "1"
    name: str = ""
    string: str = ""
    number: str = ""
    comment: str = "2"
    operator: str = ""


THEMES: Mapping[str, Theme] = {
    # Normal red, green, blue, magenta and cyan are readable on black and on white in every usual palette.
    "auto": Theme(
        code="36",
        link="4;34",
        good="32",
        warning="33",
        bad="31",
        keyword="35",
        name="34",
        string="32",
        number="36",
    ),
    "dark": Theme(
        code="96",
        link="4;94",
        good="92",
        warning="93",
        bad="91",
        keyword="95",
        name="94",
        string="92",
        number="96",
    ),
    "light": Theme(
        code="34",
        link="4;34",
        good="32",
        warning="35",
        bad="31",
        keyword="35",
        name="34",
        string="32",
        number="31",
    ),
    "mono": Theme(),
    "none": Theme(
        title="",
        heading="",
        strong="",
        emphasis="",
        struck="",
        link="",
        quiet="",
        warning="",
        bad="",
        keyword="",
        comment="",
    ),
}
"""`auto` suits dark and light; `mono` has weights and no colour, `none` nothing at all."""
