"""The text protocol: the same code however the stream is cut, fences as CommonMark has them, no empty message."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from interpreter.history import History, Prompt, RejectedCall
from interpreter.history import Reply as HistoryReply
from interpreter.protocols.brief import Brief
from interpreter.protocols.exchange import Chunk, ReadCall, Reply
from interpreter.protocols.text import TextProtocol

BRIEF = Brief(system="", languages=("python", "shell"))


def read(pieces: Iterable[str]) -> Reply:
    """The reply whose text came in these pieces."""
    reader = TextProtocol(BRIEF).reader()
    for piece in pieces:
        reader.feed(Chunk(text=piece))
    return reader.close()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\r\nx = 1\r\ny = 2\r\n```\r\n", "x = 1\ny = 2"),
        ("```python\r\nx = 1\r\n\r\ny = 2\r\n```\r\n", "x = 1\n\ny = 2"),
        ("```python\nprint('a\rb')\n```\n", "print('a\rb')"),
    ],
    ids=["line ends of Windows", "an empty line", "a carriage return inside a line"],
)
def test_the_code_is_the_same_in_one_piece_and_letter_by_letter(text: str, code: str) -> None:
    assert read([text]) == read(text) == Reply(calls=(ReadCall(language="python", code=code),))


def test_a_fence_of_tildes_may_be_named_with_a_backtick() -> None:
    reply = read("~~~ the `old` way\nx\n~~~\n```shell\nls\n```\n")
    assert reply.calls == (ReadCall(language="shell", code="ls"),)


def test_what_stands_between_backticks_on_one_line_opens_no_block() -> None:
    text = "```python``` is a tag\nx = 1\n"
    assert read(text) == Reply(text=text)


def test_a_call_of_which_nothing_came_is_no_empty_message() -> None:
    history = History(
        entries=(Prompt(text="Go."), HistoryReply(calls=(RejectedCall(id="c1", raw=" ", reason="It is empty."),)))
    )
    assert [message["content"] for message in TextProtocol(BRIEF).request(history).messages[1:]] == [
        "Go.",
        "(an empty call)",
        "Output of the code:\n"
        "```output\nThe call cannot be used, and nothing was run. It is empty. Send it again, put right.\n```",
    ]
