"""Whether two pictures show the same, whatever their files say of programs and dates. Standard library only.

Pixels of a PNG are compared as the file filters them, uncompressed: two encoders that filter in different ways would
differ here though the picture is the same, and the same encoder never does.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Iterator

_PIXELS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"fdAT"})
"""The chunks of a PNG, beside its data, that say what is seen."""


def same_picture(media_type: str, recorded: str, now: str) -> bool:
    """Whether two pictures, in base64 or as SVG's text, show the same."""
    if recorded == now:
        return True
    if media_type == "image/svg+xml":
        return _drawing(recorded) == _drawing(now)
    try:
        return _seen(base64.b64decode(recorded)) == _seen(base64.b64decode(now))
    except (binascii.Error, zlib.error, struct.error):
        return False


def _seen(file: bytes) -> bytes:
    if file.startswith(b"\x89PNG\r\n\x1a\n"):
        chunks = list(_chunks(file))
        data = zlib.decompress(b"".join(content for name, content in chunks if name == b"IDAT"))
        return b"".join(name + content for name, content in chunks if name in _PIXELS) + data
    if file.startswith(b"\xff\xd8"):
        return b"".join(_segments(file))
    return file


def _chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The name and content of each chunk of a PNG."""
    position = 8
    while position + 8 <= len(file):
        (length,) = struct.unpack_from(">I", file, position)
        yield file[position + 4 : position + 8], file[position + 8 : position + 8 + length]
        position += length + 12


def _segments(file: bytes) -> Iterator[bytes]:
    """The segments of a JPEG, without comments and what applications note."""
    position = 2
    while position + 4 <= len(file) and file[position] == 0xFF:
        kind = file[position + 1]
        if kind == 0xDA:  # what follows is the picture
            yield file[position:]
            return
        (length,) = struct.unpack_from(">H", file, position + 2)
        if kind != 0xFE and not 0xE0 <= kind <= 0xEF:
            yield file[position : position + 2 + length]
        position += 2 + length


def _drawing(svg: str) -> str:
    """`svg` without metadata and comments, its ids numbered in their order."""
    svg = re.sub(r"<metadata\b.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    for number, name in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg))):
        svg = re.sub(rf'(?<=[#"]){re.escape(name)}(?=[")])', f"id{number}", svg)
    return " ".join(svg.split())
