"""The same task through litellm's translation for each provider: whatever the wire, its rules are kept."""

from __future__ import annotations

from typing import Any

import pytest

from interpreter import events as e
from tests.providers.answers import Answer, Broken, Called, Refuse, Rules, Say, code, say
from tests.providers.driving import drive
from tests.providers.server import serve

PROVIDERS = {
    "openai": "openai/scripted",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "gemini": "gemini/gemini-2.5-flash",
    "ollama_chat": "ollama_chat/llama3.1",
    "groq": "groq/llama-3.3-70b-versatile",
    "mistral": "mistral/mistral-small",
    "together_ai": "together_ai/meta-llama/Llama-3-70b-chat-hf",
    "openrouter": "openrouter/meta-llama/llama-3-70b-instruct",
    "deepseek": "deepseek/deepseek-chat",
    "hosted_vllm": "hosted_vllm/meta-llama/Llama-3-70b-chat-hf",
    "lm_studio": "lm_studio/qwen2.5",
    "azure": "azure/deployed",
    "custom": "meta-llama/Llama-2-70b-chat-hf",
}
WIRE_NAMES = {"anthropic": "claude-sonnet-4-5", "openai": "scripted", "custom": "meta-llama/Llama-2-70b-chat-hf"}
TWO = Say(
    text="Twice.",
    calls=(
        Called(arguments='{"language": "python", "code": "print(42)"}', id="call-3"),
        Called(arguments='{"language": "python", "code": "print(43)"}', id="call-4"),
    ),
)
TASK: tuple[Answer, ...] = (code("print(1)", text="Let me see."), code("print(2)", id="call-2"), TWO, say("Done."))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_several_steps_and_several_calls_keep_the_rules_of_the_wire(provider: str) -> None:
    with serve(*TASK, say("Again.")) as endpoint:
        driven = drive(PROVIDERS[provider], "Go.", "Again?", base=endpoint.base(provider))
    assert [event.error for event in driven.events if isinstance(event, e.TurnFinished)] == [None, None]
    assert driven.ran == ["print(1)", "print(2)", "print(42)", "print(43)"]
    assert endpoint.statuses == [200] * 5
    assert driven.answer == "Again."
    assert endpoint.requests[0].key in ("key-for-tests", "")  # Ollama has none


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_endpoint_without_tools_is_spoken_to_in_text(provider: str) -> None:
    rules = Rules(tools=False, functions=False)
    with serve(code("print(42)"), say("It is 42."), rules=rules) as endpoint:
        driven = drive(PROVIDERS[provider], base=endpoint.base(provider))
    assert (driven.finished.reason, driven.finished.error) == ("done", None)
    assert driven.ran == ["print(42)"]
    refusals = 2 if provider in ("openai", "hosted_vllm", "lm_studio", "azure", "custom") else 1
    assert len(endpoint.requests) == 2 + refusals


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_providers_own_count_of_tokens_is_told(provider: str) -> None:
    with serve(Say(text="Hello.", usage=(100, 7, 60), counts=provider == "mistral")) as endpoint:
        driven = drive(PROVIDERS[provider], base=endpoint.base(provider))
    usage = next(event for event in driven.events if isinstance(event, e.UsageReported))
    cached = 0 if provider == "ollama_chat" else 60
    assert (usage.tokens_in, usage.tokens_out, usage.tokens_cached) == (100, 7, cached)


TROUBLE: dict[str, tuple[Answer, float]] = {
    "too often": (Refuse(status=429, body={"error": {"message": "slow down"}}, headers={"retry-after": "7"}), 7.0),
    "an error": (Refuse(status=500, body={"error": {"message": "oops"}}), 1.0),
    "overload": (Refuse(status=503, body={"error": {"message": "overloaded"}}), 1.0),
    "a lost connection": (Broken(say=code("print(42)"), pieces=1), 1.0),
    "nothing": (say(""), 1.0),
}


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_trouble_that_passes_costs_one_more_request_and_runs_nothing_twice(provider: str, trouble: str) -> None:
    answer, wait = TROUBLE[trouble]
    with serve(answer, code("print(42)"), answer, say("It is 42.")) as endpoint:
        driven = drive(PROVIDERS[provider], base=endpoint.base(provider))
    assert (driven.finished.error, driven.answer) == (None, "It is 42.")
    assert driven.ran == ["print(42)"]
    assert driven.waits == [wait, wait]
    assert len(endpoint.requests) == 4


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refused_key_says_so(provider: str) -> None:
    with serve(rules=Rules(key="another")) as endpoint:
        driven = drive(PROVIDERS[provider], base=endpoint.base(provider), key="wrong-key-1234")
    name = PROVIDERS[provider]
    words = f"The key for {name} was refused. Check --api-key or the provider's environment variable."
    assert (driven.finished.error, len(endpoint.requests)) == (words, 1)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_model_that_is_not_there_says_so(provider: str) -> None:
    with serve(rules=Rules(model="another")) as endpoint:
        driven = drive(PROVIDERS[provider], base=endpoint.base(provider))
    words = f"{endpoint.base(provider)} knows no model {PROVIDERS[provider]}. Check --model and --api-base."
    assert driven.finished.error == words
    assert len(endpoint.requests) <= 2


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_base_where_nobody_answers_says_so(provider: str) -> None:
    with serve() as endpoint:
        base = endpoint.base(provider)
    driven = drive(PROVIDERS[provider], base=base)
    assert driven.finished.error == f"Nobody answers at {base}. Check --api-base, and that the server runs."


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_thinking_of_a_model_is_told_apart_from_its_words(provider: str) -> None:
    field = "reasoning" if provider == "openrouter" else "reasoning_content"
    with serve(Say(text="It is 42.", reasoning="Six times seven.", thinks_in=field)) as endpoint:
        driven = drive(PROVIDERS[provider], base=endpoint.base(provider))
    reasoning = [event.text for event in driven.events if isinstance(event, e.Reasoning)]
    assert (reasoning, driven.answer) == (["Six times seven."], "It is 42.")


def test_claude_gets_marks_for_its_cache_and_others_do_not() -> None:
    claude = "openrouter/anthropic/claude-sonnet-4.5"
    models = ((PROVIDERS["anthropic"], 2), (claude, 2), (PROVIDERS["openrouter"], 0), (PROVIDERS["custom"], 0))
    for model, marked in models:
        with serve(say("Hello.")) as endpoint:
            drive(model, base=endpoint.base(model.partition("/")[0]))
        assert str(endpoint.bodies).count("cache_control") == marked


def test_a_signature_that_gemini_wants_back_is_sent_back() -> None:
    with serve(code("print(42)", signature="c2lnbmVk"), say("It is 42.")) as endpoint:
        driven = drive("gemini/gemini-3-pro-preview", base=endpoint.base("gemini"))
    assert driven.finished.error is None
    contents: Any = endpoint.bodies[1]["contents"]
    assert "c2lnbmVk" in str(contents)


@pytest.mark.parametrize("provider", sorted(WIRE_NAMES))
def test_the_model_is_named_as_the_endpoint_knows_it(provider: str) -> None:
    with serve(say("Hello.")) as endpoint:
        drive(PROVIDERS[provider], base=endpoint.base(provider))
    assert endpoint.bodies[0]["model"] == WIRE_NAMES[provider]
