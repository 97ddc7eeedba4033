"""Thinking aloud in tags: told apart however it is cut into pieces."""

from __future__ import annotations

import pytest

from interpreter.protocols.exchange import Chunk, ReasoningPiece, TextPiece
from interpreter.protocols.text import TextProtocol
from interpreter.protocols.thinking import ThoughtReader
from interpreter.protocols.tools import ToolsProtocol
from tests.conversations import BRIEF


def read(text: str, size: int) -> tuple[str, str, str, str]:
    """Shown thinking, shown words, and both as a whole, of `text` in pieces of `size`."""
    reader = ThoughtReader(ToolsProtocol(BRIEF).reader())
    pieces = [
        piece for start in range(0, len(text), size) for piece in reader.feed(Chunk(text=text[start : start + size]))
    ]
    pieces += reader.feed(Chunk(finish="stop"))
    reply = reader.close()
    thought = "".join(piece.text for piece in pieces if isinstance(piece, ReasoningPiece))
    said = "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))
    return thought, said, reply.reasoning, reply.text


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "thought", "said"),
    [
        ("<think>Six < seven.</think>It is 42.", "Six < seven.", "It is 42."),
        ("\n<think>\nHm.\n</think>\n\nIt is 42.", "\nHm.\n", "It is 42."),
        ("<thinking>Hm.</thinking>It is 42.", "Hm.", "It is 42."),
        ("<think>Hm.</think>Write `</think>`, or </think>.", "Hm.", "Write `</think>`, or </think>."),
        ("It ends with `</think>`.", "", "It ends with `</think>`."),
        ("It is <think> 42.", "", "It is <think> 42."),
        ("<thin ice>", "", "<thin ice>"),
        ("<", "", "<"),
    ],
)
def test_what_a_leading_tag_encloses_is_thinking(text: str, thought: str, said: str, size: int) -> None:
    shown_thought, shown, reasoning, words = read(text, size)
    assert (shown_thought, reasoning, words) == (thought, thought, said)
    assert said.startswith(shown)  # what may still become a call is shown at the end


def test_a_thought_that_never_ends_is_no_answer() -> None:
    assert read("<think>Hm, hm", 4)[2:] == ("Hm, hm", "")
    assert read("<think>1 </", 4)[2:] == ("1 </", "")


def test_where_only_the_closing_tag_comes_the_whole_is_put_right() -> None:
    assert read("Hm.\n</think>\n\nIt is 42.", 5)[2:] == ("Hm.", "It is 42.")


def test_code_inside_a_thought_never_runs() -> None:
    reader = ThoughtReader(TextProtocol(BRIEF).reader())
    reader.feed(Chunk(text="<think>Maybe\n```python\nprint(1)\n```\n</think>\nNo."))
    assert (reader.close().calls, reader.done) == ((), False)
