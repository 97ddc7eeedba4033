"""From what the user typed (model, base, key, provider) to what is called. Pure but for the keys in the environment.

A key that belongs to one provider is never sent to another's base: a bare name with a base gets only the key given
with it, else a dummy; naming the provider together with a base sends that provider's key there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from interpreter.errors import ModelError

NO_KEY = "sk-none"
"""Sent where no key is known: local servers take anything, and the client library would else send another's."""

_ANYSCALE = "https://api.endpoints.anyscale.com/v1"

_BARE = frozenset(
    {"anthropic", "gemini", "ollama", "ollama_chat", "azure", "azure_ai", "vertex_ai", "bedrock", "cohere"}
)
"""Providers whose base is the bare host; all others speak as OpenAI does and want a version in it."""

_OPENAI_TYPE = frozenset(
    {"openai", "custom_openai", "azure", "hosted_vllm", "lm_studio", "llamafile", "anyscale", "litellm_proxy"}
)
"""Providers to whom function definitions go in the original form as they are."""

_OPENAI_NAMES = re.compile(r"(?:ft:)?(?:gpt-|chatgpt|o\d)")

_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "anyscale": ("ANYSCALE_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks_ai": ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "huggingface": ("HF_TOKEN", "HUGGINGFACE_API_KEY"),
    "mistral": ("MISTRAL_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY", "OR_API_KEY"),
    "perplexity": ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHER_AI_TOKEN"),
    "xai": ("XAI_API_KEY",),
}
"""The variables that hold a provider's key, the usual one first; of a provider not listed, `NAME_API_KEY`."""

_KEYLESS = frozenset({"hosted_vllm", "lm_studio", "llamafile", "custom_openai", "docker_model_runner", "litellm_proxy"})
"""Providers that are mostly one's own server."""

_OWN_WAY = frozenset(
    {
        "azure",
        "azure_ai",
        "bedrock",
        "bedrock_converse",
        "databricks",
        "github_copilot",
        "gigachat",
        "oci",
        "ollama",
        "ollama_chat",
        "sagemaker",
        "sagemaker_chat",
        "snowflake",
        "vertex_ai",
        "vertex_ai_beta",
        "watsonx",
    }
)
"""Providers with ways of their own to show who one is; the client library knows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What is called. None leaves the choice to the client library (the provider's usual base and variable).

    `ambiguous`: what looks like a provider's prefix may belong to the model's name.
    """

    model: str
    provider: str | None = None
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)
    ambiguous: bool = False


def endpoint(
    model: str,
    *,
    api_base: str | None,
    api_key: str | None,
    provider: str | None,
    providers: Collection[str],
    environment: Mapping[str, str],
    whole_name: bool = False,
    usual: str | None = None,
) -> Endpoint:
    """The endpoint meant by the user's words; `providers` are those the client library knows.

    `usual` is the provider of a bare name in its table.

    With `whole_name` a prefix of `model` is part of the name that the endpoint knows. Raises `ModelError` when the
    provider wants a key and there is none.
    """
    prefix, _, rest = model.partition("/")
    named = provider or (prefix if rest and prefix in (*providers, "anyscale") else None)
    if named == "anyscale":
        name = model if provider else rest
        key = _key(model, named, api_key, environment, base=api_base)
        return Endpoint(model=name, provider="openai", api_base=api_base or _ANYSCALE, api_key=key)
    if named is None and api_base is None and usual is not None and usual in _VARIABLES:
        return Endpoint(model=model, api_key=_key(model, usual, api_key, environment, base=None))
    if named is None:
        base = _versioned(api_base) if api_base else None
        return Endpoint(
            model=model,
            provider="openai" if base else None,
            api_base=base,
            api_key=api_key or (NO_KEY if base else None),
        )
    key = _key(model, named, api_key, environment, base=api_base)
    base = api_base and (_bare(api_base) if named in _BARE else _versioned(api_base))
    if base and whole_name:
        return Endpoint(model=f"openai/{model}", api_base=base, api_key=key)
    ambiguous = base is not None and prefix == named and named not in _BARE
    return Endpoint(model=model, provider=provider, api_base=base, api_key=key, ambiguous=ambiguous)


def takes_functions(model: str, *, api_base: str | None, provider: str | None) -> bool:
    """Whether function definitions reach the model in their original form, as they do at OpenAI's kind of endpoint."""
    prefix, _, rest = model.partition("/")
    if provider is not None:
        return provider in _OPENAI_TYPE
    if rest and prefix in _OPENAI_TYPE:
        return True
    if api_base is not None:
        return not (rest and (prefix in _VARIABLES or prefix in _OWN_WAY))
    return not rest and bool(_OPENAI_NAMES.match(model))


def shown(base: str) -> str:
    """`base` without what may be secret in it: a password, a query."""
    parts = urlsplit(base)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()


def _key(model: str, named: str, given: str | None, environment: Mapping[str, str], *, base: str | None) -> str | None:
    variables = _VARIABLES.get(named, (f"{named.upper()}_API_KEY",))
    key = given or next((environment[name] for name in variables if environment.get(name)), None)
    if key is not None or named in _OWN_WAY:
        return key
    if base is None and named in _VARIABLES and named not in _KEYLESS:
        raise ModelError(f"There is no key for {model}. Set {variables[0]}, or give --api-key.", fault="auth")
    return NO_KEY


def _bare(base: str) -> str:
    """The host alone, where the user gave what other clients want."""
    return re.sub(r"/v1(?:/messages)?/?$|/api(?:/chat)?/?$", "", _with_scheme(base)).rstrip("/")


def _versioned(base: str) -> str:
    """`base` with the `/v1` that servers of OpenAI's type expect where only the host was given."""
    base = re.sub(r"/chat/completions/?$", "", _with_scheme(base)).rstrip("/")
    return base if urlsplit(base).path else f"{base}/v1"


def _with_scheme(base: str) -> str:
    return base if "://" in base else f"http://{base}"
