"""The ladder: what a refusal teaches, what is kept, and what counts as a call."""

from __future__ import annotations

import pytest

from interpreter import events as e
from interpreter.errors import Feature, ModelError
from interpreter.events import ProtocolName
from interpreter.history import History
from interpreter.protocols.adapted import alternating, with_ids
from interpreter.protocols.exchange import Reply
from interpreter.protocols.ladder import ALL, WITHOUT_FUNCTIONS, FixedProtocol, LearnedLadder
from interpreter.protocols.learnt import Learnt, after
from interpreter.testing import ScriptedModel, tool_call, words
from tests.conversations import BRIEF, arguments, session, turns

FENCED = "Let me see.\n\n```python\nprint(1)\n```\n"
CALL = f'{{"name": "execute_code", "arguments": {arguments("print(1)")}}}'


class Remembered:
    """A `Memory` in memory; `kept` holds all that was ever kept."""

    def __init__(self, learnt: Learnt | None = None) -> None:
        self.kept: list[Learnt] = [learnt] if learnt else []

    def recall(self) -> Learnt | None:
        """The latest."""
        return self.kept[-1] if self.kept else None

    def keep(self, learnt: Learnt) -> None:
        """Add it."""
        self.kept.append(learnt)


def refusal(refused: Feature | None, *, detail: str = "", parameter: str = "") -> ModelError:
    """A refusal of `refused`."""
    fault = "protocol" if refused else "request"
    return ModelError("No.", fault=fault, refused=refused, detail=detail, parameter=parameter)  # type: ignore[arg-type]


def learnt(protocol: ProtocolName = "tools", **more: object) -> Learnt:
    """What is known."""
    return Learnt(protocol=protocol, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "refused", "following"),
    [
        (learnt(), refusal("calls"), learnt("functions")),
        (learnt("functions"), refusal("calls"), learnt("text")),
        (learnt("text"), refusal("calls"), None),
        (learnt(), refusal("calls", detail="auto tool choice requires a flag"), learnt("text")),
        (learnt(), refusal("role"), learnt("text")),
        (learnt("functions"), refusal("role"), learnt("text")),
        (learnt("text"), refusal("role"), learnt("text", system=False)),
        (learnt("text", system=False), refusal("role"), None),
        (learnt(), refusal("alternate"), learnt("text", alternate=True)),
        (learnt("text", alternate=True), refusal("alternate"), learnt("text", alternate=True, system=False)),
        (learnt("text", alternate=True, system=False), refusal("alternate"), None),
        (learnt(), refusal("system"), learnt(system=False)),
        (learnt(), refusal("stream"), learnt(stream=False, usage=False)),
        (learnt(), refusal("usage"), learnt(usage=False)),
        (learnt(usage=False), refusal("usage"), None),
        (learnt(), refusal("pictures"), learnt(pictures=False)),
        (learnt(), refusal("ids"), learnt(short_ids=True)),
        (learnt(), refusal("name"), learnt(whole_name=True)),
        (learnt(), refusal("parameter", parameter="top_k"), learnt(without=("top_k",))),
        (learnt(without=("top_k",)), refusal("parameter", parameter="top_k"), None),
        (learnt(), refusal("parameter"), None),
        (learnt(), refusal(None), learnt("text")),
        (learnt(native=True), refusal(None), None),
    ],
)
def test_a_refusal_teaches_one_thing(before: Learnt, refused: ModelError, following: Learnt | None) -> None:
    assert after(before, refused, ALL) == following


def test_providers_whose_functions_lose_their_pairing_have_no_such_rung() -> None:
    assert after(learnt(), refusal("calls"), WITHOUT_FUNCTIONS) == learnt("text")


def test_what_was_tried_is_kept_only_after_a_reply_came_of_it() -> None:
    memory = Remembered()
    ladder = LearnedLadder(BRIEF, memory=memory)
    assert ladder.refused(refusal("role"))
    assert memory.kept == []
    ladder.worked(Reply(text="Hello."))
    assert memory.kept == [learnt("text")]
    assert LearnedLadder(BRIEF, memory=memory).current().name == "text"


def test_where_nothing_is_left_to_try_what_worked_before_is_restored() -> None:
    memory = Remembered(learnt("functions", native=True))
    ladder = LearnedLadder(BRIEF, memory=memory)
    assert ladder.refused(refusal("role"))
    assert ladder.refused(refusal("role"))
    assert not ladder.refused(refusal("role"))
    assert ladder.current().name == "functions"
    assert len(memory.kept) == 1


def test_the_same_is_not_written_again() -> None:
    memory = Remembered()
    ladder = LearnedLadder(BRIEF, memory=memory)
    for _ in range(3):
        ladder.worked(Reply(text="Hello."))
    assert memory.kept == [learnt()]


def test_a_protocol_that_was_chosen_is_not_what_the_next_session_begins_with() -> None:
    memory = Remembered()
    FixedProtocol("text", BRIEF, memory=memory).worked(Reply(text="Hello."))
    assert LearnedLadder(BRIEF, memory=memory).current().name == "tools"


def test_how_a_chosen_protocol_is_spoken_is_learnt_but_no_other_is_tried() -> None:
    memory = Remembered()
    ladder = FixedProtocol("tools", BRIEF, memory=memory)
    assert ladder.refused(refusal("stream"))
    assert not ladder.current().request(History()).stream
    ladder.worked(Reply(text="Hello."))
    assert memory.kept == [learnt(stream=False, usage=False)]
    assert not ladder.refused(refusal("calls"))
    assert ladder.current().name == "tools"


def test_a_window_that_an_endpoint_tells_is_kept() -> None:
    memory = Remembered()
    ladder = LearnedLadder(BRIEF, memory=memory)
    assert not ladder.refused(ModelError("Too long.", fault="context", window=4096))
    ladder.worked(Reply(text="Hello."))
    assert LearnedLadder(BRIEF, memory=memory).window == 4096


# ---- text that looks like code


def spoken(*answers: object, memory: Remembered | None = None) -> tuple[list[e.Event], ScriptedModel]:
    """A turn with a ladder of all rungs."""
    made, model = session(*answers, ladder=LearnedLadder(BRIEF, memory=memory))  # type: ignore[arg-type]
    return turns(made, "Go."), model


def ran(events: list[e.Event]) -> list[str]:
    """The code that was proposed."""
    return [event.code for event in events if isinstance(event, e.CodeProposed)]


def test_a_model_that_ignores_tools_and_ends_in_a_block_goes_on_in_text_and_that_is_remembered_once_it_worked() -> None:
    memory = Remembered()
    events, model = spoken(words(FENCED), words("It is 1."), memory=memory)
    assert ran(events) == ["print(1)"]
    assert [event for event in events if isinstance(event, e.ProtocolChanged)] == [
        e.ProtocolChanged(from_="tools", to="text", reason="scripted writes code as text.")
    ]
    assert [bool(request.tools) for request in model.requests] == [True, False]
    assert memory.kept == [learnt("text")]


def test_a_call_that_is_the_whole_message_is_taken_as_the_call() -> None:
    events, _ = spoken(words(CALL), words("It is 1."))
    assert ran(events) == ["print(1)"]
    assert not [event for event in events if isinstance(event, e.ProtocolChanged)]


@pytest.mark.parametrize("text", [FENCED, CALL])
def test_once_a_model_made_a_native_call_its_prose_is_prose(text: str) -> None:
    events, _ = spoken(tool_call(arguments("print(7)")), words(text))
    assert ran(events) == ["print(7)"]
    assert events[-1] == e.TurnFinished(reason="done")


@pytest.mark.parametrize("text", [FENCED, CALL])
def test_a_native_call_of_an_earlier_session_counts_too(text: str) -> None:
    events, _ = spoken(words(text), memory=Remembered(learnt(native=True)))
    assert ran(events) == []


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(1)\n```\nThis prints 1.",
        "```python\nprint(1)",
        "```\nprint(1)\n```",
        "```ruby\nputs 1\n```",
        f"I would call {CALL} now.",
    ],
)
def test_any_other_block_or_quoted_call_is_prose(text: str) -> None:
    events, _ = spoken(words(text))
    assert ran(events) == []
    assert events[-1] == e.TurnFinished(reason="done")


# ---- messages made fit


def _called(*ids: str) -> dict[str, object]:
    return {"role": "assistant", "content": "", "tool_calls": [{"id": id} for id in ids]}


def _result(id: str) -> dict[str, object]:
    return {"role": "tool", "tool_call_id": id, "content": ""}


def test_ids_that_were_used_before_are_replaced_and_each_result_follows_its_call() -> None:
    messages = (_called("a", "a"), _result("a"), _result("a"), _called("a"), _result("a"))
    assert with_ids(messages, short=False) == (
        _called("a", "call00002"),
        _result("a"),
        _result("call00002"),
        _called("call00003"),
        _result("call00003"),
    )


def test_an_id_that_a_server_repeats_and_that_looks_like_ours_becomes_another() -> None:
    first, second = "call00002", "call00003"
    messages = (_called(first), _result(first), _called(first), _result(first))
    assert with_ids(messages, short=False) == (_called(first), _result(first), _called(second), _result(second))


def test_short_ids_are_nine_letters_and_digits() -> None:
    messages = (_called("call_abc"), _result("call_abc"))
    assert with_ids(messages, short=True) == (_called("call00001"), _result("call00001"))


def test_neighbours_of_one_role_are_joined_where_roles_must_alternate() -> None:
    said = tuple({"role": role, "content": role[0]} for role in ("system", "user", "assistant", "assistant", "user"))
    assert [message["content"] for message in alternating(said)] == ["s", "u", "a\n\na", "u"]
