"""Long hostile text: read in a time that grows as its length does, so that no reply and no output stops the program."""

from __future__ import annotations

import pytest

from interpreter.protocols.content import clean
from interpreter.protocols.exchange import ReadCall
from interpreter.protocols.written import whole_call

_CALL = '{"language": "python", "code": "1"}'
_BLANK = "\n" * 100_000 + " " * 100_000  # minutes each, if it took more than linear time


@pytest.mark.parametrize(
    "text",
    [
        f"```json{_BLANK}",
        f"```json{_BLANK}{_CALL}",
        f"```json\n{_BLANK}{_CALL}{_BLANK}",
        f"<tool_call>{_BLANK}a{_BLANK}b",
        f"<tool_call>{_BLANK}{_CALL}{_BLANK}</function_call>",
    ],
)
def test_a_call_that_is_none_is_seen_at_once(text: str) -> None:
    assert whole_call(text, lambda name: name) is None


@pytest.mark.parametrize(
    "text", [f"```json{_BLANK}\n{_CALL}{_BLANK}```", f"<tool_call>{_BLANK}{_CALL}{_BLANK}</tool_call>"]
)
def test_blanks_around_a_call_do_not_matter(text: str) -> None:
    assert whole_call(text, lambda name: name) == ReadCall(language="python", code="1")


def test_a_long_line_beside_one_that_was_rewritten_is_read_as_it_is() -> None:
    line = "a" * 300_000
    assert clean(f"{line}\n10 %\r100 %\n{line}") == f"{line}\n100 %\n{line}"
