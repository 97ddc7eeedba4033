"""Every consumer over one conversation that has every kind of event."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import get_args

import pytest

from interpreter import events as e
from interpreter.renderers.jsonl import JsonRenderer
from interpreter.renderers.plain import PlainRenderer
from interpreter.secrets import Secrets
from interpreter.wire import from_object
from tests.renderers import golden


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return golden.drawn()


def test_the_conversation_has_every_kind_of_event() -> None:
    assert {type(event) for event in golden.EVENTS} == set(get_args(e.Event))


@pytest.mark.parametrize("name", ["answer.txt", "other.txt", "events.jsonl", "terminal.txt", "narrow.txt"])
def test_each_consumer_draws_the_conversation_as_it_did(drawn: dict[str, str], name: str) -> None:
    assert drawn[name] == (golden.FOLDER / name).read_text(encoding="utf-8")


def test_json_lines_are_numbered_and_hold_the_very_events(drawn: dict[str, str]) -> None:
    lines = [json.loads(line) for line in drawn["events.jsonl"].splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(golden.EVENTS) + 1))
    assert tuple(from_object(line) for line in lines) == golden.EVENTS
    assert drawn["events.jsonl"].isascii()


def test_half_a_character_is_a_question_mark_also_as_the_name_of_a_value() -> None:
    told = io.StringIO()
    JsonRenderer(told)(e.Output(cell="c1", kind="display", data={"application/json": {"\ud800": "\ud800"}}))
    assert json.loads(told.getvalue())["data"] == {"application/json": {"?": "?"}}


def test_a_reply_without_deltas_is_answered_in_full() -> None:
    answer, other = io.StringIO(), io.StringIO()
    consume = PlainRenderer(answer, other)
    for event in (e.Text(text="One."), e.Text(text="Two.\n"), e.TurnFinished(reason="done")):
        consume(event)
    assert (answer.getvalue(), other.getvalue()) == ("One.\n\nTwo.\n", "")


def test_a_json_line_stays_one_whatever_is_masked_in_it() -> None:
    told = io.StringIO()
    show = JsonRenderer(told, secrets=Secrets(["12345678", "n2345-key"]), clock=lambda: "now")
    show(e.Output(cell="c1", kind="display", data={"application/json": {"n": 12345678}, "text/plain": "\n2345-key"}))
    assert json.loads(told.getvalue()) == {
        "seq": 1,
        "time": "now",
        "type": "output",
        "cell": "c1",
        "kind": "display",
        "data": {"application/json": {"n": "[masked]"}, "text/plain": "\n2345-key"},
        "display_id": None,
        "file": None,
    }


@pytest.mark.parametrize("make", [JsonRenderer, lambda file: PlainRenderer(file, io.StringIO())])
def test_a_reader_that_goes_away_ends_the_writing_and_not_the_program(make: type[JsonRenderer]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as file:
        consume = make(file)
        consume(e.Text(text="nobody reads this"))
        consume(e.Text(text="nor this"))
        assert consume.broken


def test_a_terminal_without_unicode_gets_what_it_can_show(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    with path.open("w", encoding="ascii") as file:
        consume = PlainRenderer(file, io.StringIO())
        consume(e.Text(text="naïve → ok"))
    assert path.read_text() == "na?ve ? ok\n"


def test_who_is_asked_again_by_the_program_is_not_told_to_ask_again() -> None:
    err = io.StringIO()
    reason = "The connection to m ended in the middle of a reply. Ask again."
    PlainRenderer(io.StringIO(), err)(e.Retrying(attempt=1, wait=1.0, reason=reason))
    assert err.getvalue() == "The connection to m ended in the middle of a reply. Trying again in 1.0 s.\n"
