"""Every behaviour of an endpoint ends with the task done, or with one clear line; code runs once, requests are few."""

from __future__ import annotations

from pathlib import Path

import pytest

from interpreter import events as e
from tests.providers.behaviours import ALL, REFUSALS, Behaviour
from tests.providers.driving import drive
from tests.providers.server import serve

TEMPERATURE = {"temperature": 0.1}


@pytest.mark.parametrize("behaviour", ALL, ids=lambda behaviour: behaviour.name)
def test_the_task_is_done_or_one_line_says_why_not(behaviour: Behaviour) -> None:
    with serve(*behaviour.script, rules=behaviour.rules) as endpoint:
        driven = drive("scripted", base=endpoint.base(), options=TEMPERATURE)
    error = behaviour.error.format(base=endpoint.base()) if behaviour.error else None
    assert (driven.finished.reason, driven.finished.error) == ("failed" if error else "done", error)
    assert driven.ran == list(behaviour.ran)
    assert len(endpoint.requests) == behaviour.requests
    if error is None:
        assert driven.answer == "It is 42."
        steps = [event for event in driven.events if isinstance(event, e.StepStarted)]
        assert steps[-1].protocol == behaviour.protocol


@pytest.mark.parametrize("behaviour", REFUSALS, ids=lambda behaviour: behaviour.name)
def test_what_was_refused_is_asked_for_no_more_not_even_by_the_next_session(
    behaviour: Behaviour, tmp_path: Path
) -> None:
    memory = tmp_path / "capabilities.json"
    with serve(*behaviour.script, again=True, rules=behaviour.rules) as endpoint:
        drive("scripted", base=endpoint.base(), options=TEMPERATURE, memory=memory)
        first = len(endpoint.requests)
        drive("scripted", "Again?", "And again?", base=endpoint.base(), options=TEMPERATURE, memory=memory)
        assert endpoint.statuses[first:] == [200, 200, 200, 200]
