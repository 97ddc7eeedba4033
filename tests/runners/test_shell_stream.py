"""The bytes of a shell's terminal, taken apart: the same whatever the pieces they come in."""

from __future__ import annotations

import random

from interpreter.runners.shell_stream import ShellStream, mark

TYPED = b"begin 1a; . cell\n"
BYTES = (
    b"behind the last cell\r\n"
    + TYPED.replace(b"\n", b"\r\n")
    + mark("C", "1a")
    + "out é漢🙂\r\n".encode()
    + b"\xff\x1b[31mred\x1b[0m 10%\r20%\r\r\nname? Zo\xc3\xab\r\nhello"
    + mark("D", "1a")
    + b"late\n"
    + mark("D", "1a")
)


def taken(pieces: list[bytes], answer_after: bytes = b"name? ") -> tuple[str, str, bool]:
    """The cell's text, the late text, and whether it ended, when `BYTES` come in those pieces."""
    stream = ShellStream()
    stream.expect("1a", TYPED)
    text, fed = "", b""
    for piece in pieces:
        stream.feed(piece)
        fed += piece
        text += stream.take(unfinished=True)
        if fed == BYTES[: BYTES.index(answer_after) + len(answer_after)]:
            stream.answered("Zoë\n")
    return text, stream.take_late(), stream.ended


def test_any_cut_of_the_bytes_gives_the_same_text() -> None:
    question = BYTES.index(b"name? ") + len(b"name? ")
    whole = taken([BYTES[:question], BYTES[question:]])
    assert whole == ("out é漢🙂\n\ufffd\x1b[31mred\x1b[0m 10%\r20%\nname? hello", "behind the last cell\nlate\n", True)
    chance = random.Random(3)
    for _ in range(300):
        cuts = sorted({question, *(chance.randrange(1, len(BYTES)) for _ in range(chance.randrange(1, 40)))})
        assert taken([BYTES[a:b] for a, b in zip([0, *cuts], [*cuts, len(BYTES)], strict=True)]) == whole
    assert taken([bytes([byte]) for byte in BYTES]) == whole


def test_a_mark_with_another_token_is_what_the_program_printed() -> None:
    stream = ShellStream()
    stream.expect("1a", TYPED)
    stream.feed(TYPED + mark("C", "1a") + mark("D", "ff") + b"x")
    assert (stream.take(unfinished=True), stream.ended) == ("\x1b]133;D;ff\x07x", False)


def test_the_begin_of_a_line_waits_unless_it_is_asked_for_long_or_written_over() -> None:
    stream = ShellStream()
    stream.expect("1a", b"")
    stream.feed(b"line\nbegin")
    assert [stream.take(unfinished=False), stream.take(unfinished=False), stream.peek()] == ["line\n", "", "begin"]
    assert stream.take(unfinished=True) == "begin"
    stream.feed(b"10%\r20%")
    assert stream.take(unfinished=False) == "10%\r20%"
    stream.feed(b"x" * 100_000)
    assert len(stream.take(unfinished=False)) == 100_000


def test_taking_the_whole_screen_is_noticed_and_what_is_drawn_there_is_left_out() -> None:
    stream = ShellStream()
    stream.expect("1a", b"")
    for byte in b"before\x1b[?1049hdrawn":
        stream.feed(bytes([byte]))
    assert (stream.take(unfinished=True), stream.full_screen) == ("before", True)


def test_what_is_held_back_at_the_end_of_everything_is_text() -> None:
    stream = ShellStream()
    stream.expect("1a", b"")
    stream.feed(b"last\xe6\xbc\x1b]133;D;1")
    stream.finish()
    assert stream.take(unfinished=True) == "last\ufffd\x1b]133;D;1"
