"""Pictures in the terminal's own form: what kitty and iTerm2 understand, and sixels where Pillow is installed."""

from __future__ import annotations

import base64
import binascii
import io
import struct
from importlib import import_module
from importlib.util import find_spec

from interpreter.renderers.terminal.abilities import ImageWay

_LARGEST = 4_000_000
"""Bytes of a picture above which it is only named."""
_CELL = 9
"""Pixels of a column, about; the terminal is not asked, since its answer would be read as typed keys."""
_CHUNK = 4096


def picture(way: ImageWay, media_type: str, data: object, columns: int) -> str:
    """The sequence that draws the picture at most `columns` wide; empty if it cannot be drawn that way.

    `data` is foreign: it is decoded and encoded anew, so that nothing but a picture's bytes reaches the terminal.
    """
    content = _content(data)
    if not content or len(content) > _LARGEST or way == "none":
        return ""
    is_png = media_type == "image/png" and content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) > 24
    if not is_png and not (media_type == "image/jpeg" and content.startswith(b"\xff\xd8")):
        return ""
    width = columns
    if is_png:
        width = min(columns, -(-struct.unpack(">I", content[16:20])[0] // _CELL) or 1)
    match way:
        case "kitty":
            return _kitty(content, width) if is_png else ""
        case "iterm2":
            return _iterm2(content, width)
        case "sixel":
            return _sixel(content, columns * _CELL)


def _content(data: object) -> bytes:
    if not isinstance(data, str):
        return b""
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _kitty(content: bytes, columns: int) -> str:
    text = base64.b64encode(content).decode()
    chunks = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
    pieces = []
    for at, chunk in enumerate(chunks):
        keys = f"a=T,f=100,q=2,c={columns}," if at == 0 else ""
        pieces.append(f"\x1b_G{keys}m={int(at < len(chunks) - 1)};{chunk}\x1b\\")
    return "".join(pieces)


def _iterm2(content: bytes, columns: int) -> str:
    text = base64.b64encode(content).decode()
    return f"\x1b]1337;File=inline=1;size={len(content)};width={columns};preserveAspectRatio=1:{text}\x07"


def _sixel(content: bytes, pixels: int) -> str:
    """Six rows of pixels a band; in each band, every colour that occurs in it draws its own pixels.

    Empty without Pillow, which decodes the picture.
    """
    if find_spec("PIL") is None:
        return ""
    image = import_module("PIL.Image")
    try:
        opened = image.open(io.BytesIO(content)).convert("RGBA")
    except (OSError, ValueError, image.DecompressionBombError):
        return ""
    opened.thumbnail((pixels, 4 * pixels))
    paper = image.new("RGBA", opened.size, "white")
    flat = image.alpha_composite(paper, opened).convert("RGB").quantize(64)
    width, height = flat.size
    colours = flat.getpalette() or []
    indices = flat.tobytes()
    palette = "".join(
        f"#{at};2;{colours[3 * at] * 100 // 255};{colours[3 * at + 1] * 100 // 255};{colours[3 * at + 2] * 100 // 255}"
        for at in range(len(colours) // 3)
    )
    bands = (_band(indices, width, range(top, min(top + 6, height))) for top in range(0, height, 6))
    return f'\x1bPq"1;1;{width};{height}{palette}{"-".join(bands)}\x1b\\'


def _band(indices: bytes, width: int, rows: range) -> str:
    masks: dict[int, bytearray] = {}
    for bit, row in enumerate(rows):
        for column, colour in enumerate(indices[row * width : (row + 1) * width]):
            masks.setdefault(colour, bytearray(width))[column] |= 1 << bit
    lines = (f"#{colour}{_packed(mask)}" for colour, mask in masks.items())
    return "$".join(lines)


def _packed(mask: bytearray) -> str:
    """The sixels of one colour; what repeats more than three times is counted."""
    text, at = [], 0
    while at < len(mask):
        end = at
        while end < len(mask) and mask[end] == mask[at]:
            end += 1
        sixel = chr(63 + mask[at])
        text.append(f"!{end - at}{sixel}" if end - at > 3 else sixel * (end - at))
        at = end
    return "".join(text)
