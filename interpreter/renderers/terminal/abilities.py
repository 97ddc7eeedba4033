"""What the terminal in front of us can do, told by the environment alone: asking the terminal would eat typed keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TextIO, TypeAlias

from interpreter.settings import ImageChoice

ImageWay: TypeAlias = Literal["kitty", "iterm2", "sixel", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """`redraw`: the end of the screen may be drawn anew; `styles`: weights and links; `images`: how they are sent."""

    redraw: bool = True
    styles: bool = True
    colour: bool = True
    unicode: bool = True
    images: ImageWay = "none"


def abilities(
    environment: Mapping[str, str], file: TextIO, *, plain: bool = False, images: ImageChoice = "auto"
) -> Abilities:
    """What `file` can show. `plain` is the user's word: nothing redrawn, no styles."""
    encoding = (getattr(file, "encoding", None) or "").lower().replace("-", "")
    terminal = file.isatty() and environment.get("TERM", "") not in ("dumb", "unknown")
    colour = not plain and wants_colour(environment, terminal)
    way = _image_way(environment) if images == "auto" else images
    return Abilities(
        redraw=terminal and not plain,
        styles=not plain and (terminal or colour),
        colour=colour,
        unicode=encoding in ("utf8", ""),
        images="none" if plain or not terminal else way,
    )


def wants_colour(environment: Mapping[str, str], terminal: bool) -> bool:
    """NO_COLOR, then FORCE_COLOR or CLICOLOR_FORCE, then CLICOLOR=0, then whether it is a terminal that has colours."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in ("", "0") or environment.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    if environment.get("CLICOLOR") == "0" or environment.get("FORCE_COLOR") == "0":
        return False
    return terminal


def _image_way(environment: Mapping[str, str]) -> ImageWay:
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("screen", "tmux")):
        return "none"
    if environment.get("KITTY_WINDOW_ID") or term in ("xterm-kitty", "xterm-ghostty") or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm"):
        return "iterm2"
    return "sixel" if term.startswith(("foot", "mlterm", "contour")) else "none"
