"""What a user typed, as what is called: names, bases and providers in every usual spelling."""

from __future__ import annotations

import pytest

from interpreter.errors import ModelError
from interpreter.models.naming import Endpoint, endpoint, takes_functions

PROVIDERS = ("openai", "groq", "anthropic", "ollama_chat", "bedrock", "hosted_vllm")
BASE = "http://h:8000/v1"
KEYS = {"OPENAI_API_KEY": "of-openai", "ANYSCALE_API_KEY": "of-anyscale"}


def meant(model: str, base: str | None = None, provider: str | None = None, *, whole: bool = False) -> Endpoint:
    """The endpoint, with the keys of two providers in the environment."""
    return endpoint(
        model,
        api_base=base,
        api_key=None,
        provider=provider,
        providers=PROVIDERS,
        environment=KEYS,
        whole_name=whole,
    )


@pytest.mark.parametrize(
    ("given", "called"),
    [
        (meant("gpt-4o"), Endpoint(model="gpt-4o")),
        (
            meant("meta-llama/Llama-2-70b", BASE),
            Endpoint(model="meta-llama/Llama-2-70b", provider="openai", api_base=BASE, api_key="sk-none"),
        ),
        (
            meant("anyscale/meta-llama/Llama-2-70b"),
            Endpoint(
                model="meta-llama/Llama-2-70b",
                provider="openai",
                api_base="https://api.endpoints.anyscale.com/v1",
                api_key="of-anyscale",
            ),
        ),
        (
            meant("Llama-2-70b", BASE, "anyscale"),
            Endpoint(model="Llama-2-70b", provider="openai", api_base=BASE, api_key="of-anyscale"),
        ),
        (
            meant("openai/x", BASE),
            Endpoint(model="openai/x", api_base=BASE, api_key="of-openai", ambiguous=True),
        ),
        (meant("openai/x", BASE, whole=True), Endpoint(model="openai/openai/x", api_base=BASE, api_key="of-openai")),
        (meant("x", BASE, "openai"), Endpoint(model="x", provider="openai", api_base=BASE, api_key="of-openai")),
        (meant("groq/x", BASE), Endpoint(model="groq/x", api_base=BASE, api_key="sk-none", ambiguous=True)),
        (meant("bedrock/x"), Endpoint(model="bedrock/x")),
        (meant("ollama_chat/x", "http://h:11434/v1"), Endpoint(model="ollama_chat/x", api_base="http://h:11434")),
    ],
)
def test_what_was_typed_is_called(given: Endpoint, called: Endpoint) -> None:
    assert given == called


def test_a_provider_that_wants_a_key_names_its_variable() -> None:
    with pytest.raises(ModelError, match=r"^There is no key for groq/x\. Set GROQ_API_KEY, or give --api-key\.$"):
        meant("groq/x")


def test_a_bare_name_gets_the_key_of_its_usual_provider() -> None:
    def called(environment: dict[str, str]) -> Endpoint:
        return endpoint(
            "claude-x",
            api_base=None,
            api_key=None,
            provider=None,
            providers=PROVIDERS,
            environment=environment,
            usual="anthropic",
        )

    assert called({"ANTHROPIC_API_KEY": "of-anthropic"}) == Endpoint(model="claude-x", api_key="of-anthropic")
    with pytest.raises(
        ModelError, match=r"^There is no key for claude-x\. Set ANTHROPIC_API_KEY, or give --api-key\.$"
    ):
        called(KEYS)


def test_a_key_is_not_in_the_text_of_an_endpoint() -> None:
    assert "of-openai" not in repr(meant("openai/x", BASE))


@pytest.mark.parametrize(
    ("model", "base", "provider", "takes"),
    [
        ("gpt-4o", None, None, True),
        ("o3-mini", None, None, True),
        ("claude-sonnet-4-5", None, None, False),
        ("openai/x", None, None, True),
        ("azure/x", "http://h", None, True),
        ("groq/x", None, None, False),
        ("groq/x", BASE, None, False),
        ("gemini/x", "http://h", None, False),
        ("meta-llama/x", BASE, None, True),
        ("x", BASE, None, True),
        ("x", BASE, "openai", True),
        ("x", BASE, "mistral", False),
    ],
)
def test_the_original_form_is_for_openais_kind_of_endpoint(
    model: str, base: str | None, provider: str | None, takes: bool
) -> None:
    assert takes_functions(model, api_base=base, provider=provider) == takes
