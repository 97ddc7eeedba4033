"""`interpreter export`: writes a session or notebook in another format. Runs nothing."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from interpreter.commands.context import Context
from interpreter.errors import StorageError, UsageError

if TYPE_CHECKING:
    from interpreter.exports.markdown import Keep
    from interpreter.notebooks.source import Source

HELP = "Write a session or notebook as a notebook, a Python script, Markdown or a page of HTML."
HEEDS: Mapping[str, str] = {}

_FORMATS = ("ipynb", "py", "md", "html")
_SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("source", metavar="ID|FILE.ipynb", help="a kept session, or a notebook")
    parser.add_argument("--to", choices=_FORMATS, required=True, help="the format")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="where to write it, - for stdout; without it, a file in this folder, named after the session",
    )
    parser.add_argument(
        "--clean",
        action="store_true",
        help="leave out attempts that failed and were corrected, code that was not run, and turns taken back",
    )


def run(given: argparse.Namespace, context: Context) -> int:
    """Do it; the exit code."""
    from interpreter.exports.cleaning import clean
    from interpreter.notebooks.source import Source, find
    from interpreter.runners.kernelspecs import data_folders

    source = find(given.source, context.places.sessions, data_folders(context.environment))
    if given.clean:
        source = Source(document=clean(source.document), name=source.name, file=source.file)
    if given.output == "-":
        context.out.write(_safe(_converted(source, given.to, None), context))
        return 0
    path = _target(given, source)
    _write(path, _converted(source, given.to, path))
    context.out.write(f"{path}\n")
    return 0


def _target(given: argparse.Namespace, source: Source) -> Path:
    """The file to write. Only one that was named takes the place of another, and never the notebook itself."""
    path = Path(given.output or f"{source.name}.{given.to}")
    if source.file is not None and path.exists() and path.samefile(source.file):
        raise UsageError(f"{path} is the notebook itself. Name another file with -o FILE.")
    if given.output is None and path.exists():
        raise UsageError(f"{path} is there already. Name it with -o {path} to write over it, or name another.")
    return path


def _converted(source: Source, to: str, path: Path | None) -> str:
    """The content of the file; pictures of Markdown go beside it where it has a `path`."""
    match to:
        case "py":
            from interpreter.exports.script import script

            return script(source.document)
        case "md":
            from interpreter.exports.markdown import inline, markdown

            return markdown(source.document, inline if path is None else _beside(path))
        case "html":
            from interpreter.exports.html import html

            return html(source.document, source.name)
        case _:
            from interpreter.notebooks.file import encoded

            return encoded(source.document).decode()


def _beside(path: Path) -> Keep:
    """Keeps pictures in a folder beside the Markdown file at `path`."""
    folder = path.with_name(f"{path.stem}_files")
    kept: list[Path] = []

    def keep(media_type: str, picture: bytes) -> str:
        name = folder / f"picture-{len(kept) + 1}.{_SUFFIXES[media_type]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            name.write_bytes(picture)
        except OSError as error:
            raise StorageError(f"Cannot write {name}: {error.strerror or error}.") from error
        kept.append(name)
        return f"<{folder.name}/{name.name}>" if " " in folder.name else f"{folder.name}/{name.name}"

    return keep


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StorageError(f"Cannot write {path}: {error.strerror or error}.") from error


def _safe(content: str, context: Context) -> str:
    """What a pipe gets is the file itself; a terminal gets nothing that it would obey."""
    if not context.out.isatty():
        return content
    from interpreter.renderers.sanitize import clean

    return clean(content)
