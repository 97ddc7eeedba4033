"""`interpreter sessions`: lists the kept sessions, those that hold some words, or deletes some. Opens none of them."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from interpreter.commands.context import Context
from interpreter.errors import UsageError

if TYPE_CHECKING:
    from interpreter.recorders.cards import Card
    from interpreter.recorders.store import Store

HELP = "List the kept sessions, or those in which all WORDS occur; delete some."
HEEDS = {"json": "Write one session a line, as JSON."}

_SHOWN = 50  # sessions that a table shows where no other number is asked for
_WIDEST = 30  # columns for any text but the last of a row
_NARROWEST = 20  # columns for the last, however narrow the terminal
_ON_A_PIPE = 120  # columns where no terminal says how many


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("words", nargs="*", metavar="WORDS", help="only sessions in which each of these words occurs")
    parser.add_argument("--delete", action="append", default=[], metavar="ID", help="delete this session and its files")
    parser.add_argument("--limit", type=_count, metavar="N", help="show at most N sessions, the latest first")


def run(given: argparse.Namespace, context: Context) -> int:
    """Do it; the exit code."""
    from interpreter.recorders.store import Store

    store = Store(context.places.sessions)
    if given.delete:
        if given.words:
            raise UsageError("Give words to look for, or --delete ID, not both.")
        return _delete(store, given.delete, context)
    rows = store.search(given.words) if given.words else tuple((card, "") for card in store.cards())
    if context.settings.json:
        for card, line in rows[: given.limit]:
            told = {**asdict(card), "path": str(store.folder(card.session).path), **({"line": line} if line else {})}
            context.out.write(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    limit = given.limit or _SHOWN
    table = _found(rows[:limit]) if given.words else _listed([card for card, _ in rows[:limit]])
    if rows:
        context.out.writelines(f"{line}\n" for line in _aligned(table, _columns(context)))
    else:
        context.err.write("No session holds these words.\n" if given.words else "There is no session yet.\n")
    if len(rows) > limit:
        context.err.write(f"{len(rows) - limit} older ones are not shown; --limit N shows more.\n")
    return 0


def _delete(store: Store, names: Sequence[str], context: Context) -> int:
    folders = [store.find(name) for name in names]
    for folder in folders:
        store.delete(folder)
        context.out.write(f"Deleted session {folder.id}.\n")
    return 0


def _listed(cards: Sequence[Card]) -> list[tuple[str, ...]]:
    """A heading and a row for each session."""
    rows = [
        (card.session, _local(card.updated), str(card.turns), _size(card.size), card.state, card.model, card.title)
        for card in cards
    ]
    return [("ID", "LAST USED", "TURNS", "SIZE", "STATE", "MODEL", "TITLE"), *rows]


def _found(rows: Sequence[tuple[Card, str]]) -> list[tuple[str, ...]]:
    """A heading and a row for each session in which words were found."""
    return [
        ("ID", "LAST USED", "TITLE", "FOUND"),
        *((card.session, _local(card.updated), card.title, line) for card, line in rows),
    ]


def _aligned(rows: Sequence[tuple[str, ...]], columns: int) -> list[str]:
    """The rows in columns; the last takes what is left of the width, and those before it go where too little is."""
    plain = [tuple(_fitted(_plain(text), _WIDEST) for text in row[:-1]) for row in rows]
    widths = [max(_width(text) for text in column) for column in zip(*plain, strict=True)]
    while len(widths) > 1 and columns - sum(widths) - 2 * len(widths) < _NARROWEST:
        widths.pop()
    plain = [row[: len(widths)] for row in plain]
    room = max(_NARROWEST, columns - sum(widths) - 2 * len(widths))
    return [
        "  ".join([*(map(_padded, texts, widths)), _fitted(_plain(row[-1]), room)])
        for texts, row in zip(plain, rows, strict=True)
    ]


def _plain(text: str) -> str:
    """`text` on one line, without anything a terminal would act on."""
    from interpreter.protocols.content import clean

    return " ".join("".join(sign if sign.isprintable() else " " for sign in clean(text)).split())


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _fitted(text: str, width: int) -> str:
    from rich.cells import set_cell_size

    return text if _width(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _local(time: str) -> str:
    """A journal's time as the user's clock shows it."""
    try:
        return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return ""


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _columns(context: Context) -> int:
    return shutil.get_terminal_size().columns if context.out.isatty() else _ON_A_PIPE


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return int(text)
