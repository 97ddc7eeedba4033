"""A notebook as Markdown: words as they are, code and what it printed in fences, pictures as links. Writes no file."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from interpreter.notebooks.document import Json, fenced
from interpreter.notebooks.opening import code_of, language
from interpreter.notebooks.outputs import text
from interpreter.protocols.content import clean
from interpreter.renderers.forms import is_exact_in_plain

Keep: TypeAlias = Callable[[str, bytes], str]
"""Keeps a picture of a media type and gives the link to it."""

_PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp")


def inline(media_type: str, picture: bytes) -> str:
    """A link that holds the picture itself."""
    return f"data:{media_type};base64,{base64.b64encode(picture).decode()}"


def markdown(document: Json, keep: Keep = inline) -> str:
    """The text; `keep` says how it refers to each picture."""
    main = language(document) or "python"
    parts = [part for cell in document["cells"] for part in _parts(cell, main, keep)]
    return "\n\n".join(parts) + "\n"


def _parts(cell: Json, main: str, keep: Keep) -> Iterator[str]:
    if not cell["source"].strip():
        return
    if cell["cell_type"] != "code":
        yield cell["source"].rstrip()
        return
    written, code = code_of(cell, main)
    yield fenced(code, written)
    for output in cell["outputs"]:
        if shown := _output(output, keep):
            yield shown


def _output(output: Mapping[str, Any], keep: Keep) -> str:
    match output["output_type"]:
        case "stream":
            return _printed(text(output["text"]))
        case "error":
            return _printed("\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}")
        case _:
            return _value(output["data"], keep)


def _printed(printed: str) -> str:
    plain = clean(printed).rstrip()
    return fenced(plain, "text") if plain else ""


def _value(data: Mapping[str, Any], keep: Keep) -> str:
    for kind in _PICTURES:
        if kind in data:
            link = _picture(kind, text(data[kind]), keep)
            if link:
                return f"![{_name(data)}]({link})"
    plain = text(data.get("text/plain", ""))
    if is_exact_in_plain(data.keys(), plain):
        return _printed(plain)
    if "text/markdown" in data:
        return text(data["text/markdown"])
    if "text/html" in data:  # an empty line would end the piece of HTML
        return "\n".join(line for line in text(data["text/html"]).splitlines() if line.strip())
    if "text/latex" in data:
        return text(data["text/latex"])
    return _printed(plain)


def _picture(kind: str, data: str, keep: Keep) -> str:
    try:
        return keep(kind, data.encode() if kind == "image/svg+xml" else base64.b64decode(data))
    except ValueError:
        return ""


def _name(data: Mapping[str, Any]) -> str:
    name = text(data.get("text/plain", "picture")).partition("\n")[0]
    return "".join(letter for letter in name if letter not in "[]<>`").strip() or "picture"
