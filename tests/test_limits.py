"""Limits that stop a turn: cost, and a model that goes round in circles."""

from __future__ import annotations

import pytest

from interpreter import events as e
from interpreter.history import History, Spent
from interpreter.hosts import AutoRun
from interpreter.limits import Limits
from interpreter.protocols.exchange import TokenCount
from interpreter.seams import Decision, Ended, Happening, Produced
from interpreter.testing import Answer, FakeRunner, FakeRunners, Script, ScriptedHost, tool_call, words
from tests.conversations import arguments, session, turns

CALL = tool_call(arguments("print(1)"))
CIRCLE = "This code ran 3 times with the same result."


def cost(usd: float | None) -> TokenCount:
    """What each request counts."""
    return TokenCount(tokens_in=10, tokens_out=5, cost=usd)


def warned(events: list[e.Event]) -> list[str]:
    """The texts of all warnings."""
    return [event.text for event in events if isinstance(event, e.Warned)]


def test_the_cost_limit_warns_at_four_fifths_and_stops_before_the_next_request() -> None:
    calls = (tool_call(arguments(f"print({number})")) for number in range(9))
    made, model = session(*calls, limits=Limits(max_cost=0.10), usage=cost(0.03))
    events = turns(made, "Go.", "And now?")
    assert warned(events) == ["This session has cost $0.0900 of $0.1000 (--max-cost)."]
    finished = [event for event in events if isinstance(event, e.TurnFinished)]
    words = "Stopped: this session has cost $0.1200 of $0.1000 (--max-cost)."
    assert finished == [e.TurnFinished(reason="budget", error=words)] * 2
    assert len(model.requests) == 4


def test_the_cost_of_an_earlier_session_counts_after_a_resume() -> None:
    history = History(spent=Spent(cost=0.09, requests=3))
    made, model = session(words("Hello."), limits=Limits(max_cost=0.10), usage=cost(0.02), history=history)
    events = turns(made, "Go.", "And now?")
    assert warned(events) == ["This session has cost $0.0900 of $0.1000 (--max-cost)."]
    assert events[-1] == e.TurnFinished(
        reason="budget", error="Stopped: this session has cost $0.1100 of $0.1000 (--max-cost)."
    )
    assert len(model.requests) == 1


def test_a_price_that_is_not_known_is_said_once() -> None:
    made, _ = session(words("One."), words("Two."), limits=Limits(max_cost=0.10), usage=cost(None))
    assert warned(turns(made, "Go.", "And now?")) == [
        "The price of this model is not known, so --max-cost cannot count its requests."
    ]


def repeating(*codes: str, script: Script, host: ScriptedHost | AutoRun) -> tuple[list[e.Event], list[str]]:
    """The events of a turn whose model runs `codes` one after the other, and what really ran."""
    runner = FakeRunner(script)
    answers: list[Answer] = [tool_call(arguments(code)) for code in codes]
    made, _ = session(*answers, words("Done."), host=host, runners=FakeRunners(python=runner, shell=FakeRunner()))
    return turns(made, "Go."), runner.ran


def same(code: str) -> tuple[Happening, ...]:
    """Always the same result."""
    return (Produced(kind="stdout", data={"text/plain": "no\n"}),)


def fails(code: str) -> tuple[Happening, ...]:
    """Always the same error, but for what differs at every run."""
    text = f"Cell In[{len(code)}], line 1\nValueError: bad thing at 0x7f{len(code):04x}"
    return Produced(kind="error", data={"text/plain": text}), Ended(status="error")


def test_the_fourth_run_of_the_same_code_with_the_same_result_is_put_to_the_user() -> None:
    host = ScriptedHost()
    _, ran = repeating(*["look()"] * 4, script=same, host=host)
    assert [proposal.caution for proposal in host.asked] == ["", "", "", CIRCLE]
    assert ran == ["look()"] * 4


def test_where_nobody_can_be_asked_a_circle_ends_the_turn() -> None:
    events, ran = repeating(*["look()"] * 9, script=same, host=AutoRun())
    words = f"Stopped, since nobody could be asked. {CIRCLE} What was done is kept."
    assert events[-1] == e.TurnFinished(reason="loop", error=words)
    assert ran == ["look()"] * 3


def test_a_user_who_declines_at_a_circle_ends_the_turn_as_ever() -> None:
    run = Decision(choice="run")
    host = ScriptedHost(run, run, run, Decision(choice="declined"))
    events, ran = repeating(*["look()"] * 9, script=same, host=host)
    assert events[-1] == e.TurnFinished(reason="declined")
    assert len(ran) == 3


def test_the_same_error_from_ever_new_code_is_a_circle_too() -> None:
    events, ran = repeating("a", "bb", "ccc", "dddd", script=fails, host=AutoRun())
    assert isinstance(events[-1], e.TurnFinished)
    assert (events[-1].reason, ran) == ("loop", ["a", "bb", "ccc"])


def test_code_whose_result_changes_may_run_as_often_as_it_likes() -> None:
    results = iter("abcdefgh")

    def counting(code: str) -> tuple[Happening, ...]:
        return (Produced(kind="stdout", data={"text/plain": next(results)}),)

    events, ran = repeating(*["look()"] * 6, script=counting, host=AutoRun())
    assert (events[-1], len(ran)) == (e.TurnFinished(reason="done"), 6)


@pytest.mark.parametrize("code", ["import time; time.sleep(5); look()", "queue.poll()", "job.wait(timeout=3)"])
def test_code_that_waits_for_something_is_no_circle(code: str) -> None:
    events, ran = repeating(*[code] * 6, script=same, host=AutoRun())
    assert (events[-1], len(ran)) == (e.TurnFinished(reason="done"), 6)


def test_other_code_with_the_same_result_is_no_circle() -> None:
    events, ran = repeating("a", "b", "c", "d", "e", script=same, host=AutoRun())
    assert (events[-1], len(ran)) == (e.TurnFinished(reason="done"), 5)


def test_a_new_prompt_begins_the_count_anew() -> None:
    runner = FakeRunner(same)
    look = tool_call(arguments("look()"))
    made, _ = session(
        look,
        look,
        words("No."),
        look,
        look,
        words("No."),
        host=AutoRun(),
        runners=FakeRunners(python=runner, shell=FakeRunner()),
    )
    events = turns(made, "Go.", "Again.")
    assert (events[-1], len(runner.ran)) == (e.TurnFinished(reason="done"), 4)
