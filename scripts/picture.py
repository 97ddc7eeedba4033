"""Records one real session with the embedded model and draws its screen as docs/session.svg. Invents nothing.

    python -m scripts.picture

The weights must be there already (`interpreter --local` fetches them). The program runs in a pseudo-terminal, is sent a
person's keys, and the picture is what the screen emulator holds at the end.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

import pyte
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from interpreter.places import places
from tests.pty.emulator import ROOT, Terminal

FILE = ROOT / "docs" / "session.svg"
COLUMNS, LINES = 88, 31
QUESTION = "Print the total amount per city in sales.csv, largest first"
DATA = """\
city,month,amount
Oslo,2026-08,1240.50
Lima,2026-08,980.00
Pune,2026-08,1510.25
Oslo,2026-09,1105.75
Lima,2026-09,1320.10
Pune,2026-09,1498.00
Oslo,2026-10,1410.00
Lima,2026-10,1187.40
Pune,2026-10,1602.80
"""
DARK = TerminalTheme(
    (24, 26, 31),
    (214, 218, 224),
    [
        *((24, 26, 31), (224, 108, 117), (152, 195, 121), (229, 192, 123)),
        *((97, 175, 239), (198, 120, 221), (86, 182, 194), (171, 178, 191)),
    ],
    [
        *((110, 118, 132), (240, 130, 138), (170, 215, 140), (240, 208, 145)),
        *((125, 190, 245), (212, 145, 232), (110, 200, 210), (230, 233, 238)),
    ],
)
DRAWING = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width;
}}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""
"""As rich draws it, with the fonts that the reader has."""


def main() -> int:
    """Record, and write the picture."""
    sent = recorded()
    screen = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(screen).feed(sent.replace(b"\x1b[2m", b"\x1b[90m"))  # the emulator knows nothing faint
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    for row in range(LINES):
        console.print(line([screen.buffer[row][column] for column in range(COLUMNS)]))
    drawn = console.export_svg(title="interpreter --local", theme=DARK, code_format=DRAWING, unique_id="session")
    FILE.write_text(drawn, encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")
    return 0


def recorded() -> bytes:
    """What the program sent to the terminal, from its start to the prompt after the answer."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "data").mkdir()
        (home / "data" / "models").symlink_to(places(os.environ).data / "models")
        (home / "sales.csv").write_text(DATA, encoding="utf-8")
        command = [sys.executable, "-m", "interpreter", "--local"]
        with Terminal(command, home=home, columns=COLUMNS, lines=LINES) as terminal:
            terminal.until_prompt()
            terminal.send(f"{QUESTION}\r")
            terminal.until("Run this python?")
            terminal.send("y")
            terminal.until("tokens in")
            terminal.until_prompt()
            while terminal.read(0.5):  # the line under the prompt comes last
                pass
            return terminal.bytes


def line(cells: list[Char]) -> Text:
    """One row of the screen."""
    text = Text(no_wrap=True, end="")
    for cell in cells:
        text.append(cell.data, style(cell))
    return text


def style(cell: Char) -> Style:
    """How one character looks."""
    return Style(color=colour(cell.fg), bgcolor=colour(cell.bg), bold=cell.bold, italic=cell.italics)


def colour(name: str) -> str | None:
    """The emulator's name of a colour as rich's."""
    if name == "default":
        return None
    if len(name) == 6 and all(digit in "0123456789abcdef" for digit in name):
        return f"#{name}"
    return name.replace("brown", "yellow").replace("bright", "bright_")


if __name__ == "__main__":
    sys.exit(main())
