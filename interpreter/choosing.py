"""Which model answers, from what the user said, the keys there are, and what is on this machine. Starts no model."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from interpreter.errors import UsageError, installing
from interpreter.models.catalogue import DEFAULT, Weights, named
from interpreter.models.found import Place, Server, look, usual_places
from interpreter.paths import written
from interpreter.places import Places
from interpreter.settings import Settings

BY_KEY: Mapping[str, str] = {
    "OPENAI_API_KEY": "openai/gpt-5.6",
    "ANTHROPIC_API_KEY": "anthropic/claude-sonnet-5-5",
    "GEMINI_API_KEY": "gemini/gemini-flash-latest",
    "GOOGLE_API_KEY": "gemini/gemini-flash-latest",
    "MISTRAL_API_KEY": "mistral/mistral-large-latest",
    "DEEPSEEK_API_KEY": "deepseek/deepseek-v4-pro",
    "XAI_API_KEY": "xai/grok-4.7",
    "GROQ_API_KEY": "groq/openai/gpt-oss-120b",
    "TOGETHER_API_KEY": "together_ai/openai/gpt-oss-120b",
}
"""The model that a key in the environment means when none is named; the first variable that is set counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A model at an endpoint. `why`: the variable whose key chose it, empty where the user named it.

    `base`: where it is served, empty where the settings or the provider say so.
    """

    model: str
    why: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Weights on this machine, to be served by `models.local`. `name` is what the model is called."""

    weights: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToFetch:
    """The embedded model was asked for, and its weights are not here yet."""

    weights: Weights
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchosen:
    """Nothing says which model answers. `found` are servers that run here; `words` say what to do, in a few lines."""

    found: tuple[Server, ...]
    words: str


Choice: TypeAlias = Remote | Embedded | ToFetch | Unchosen
Look: TypeAlias = Callable[[tuple[Place, ...]], Awaitable[tuple[Server, ...]]]


async def choose(settings: Settings, home: Places, environment: Mapping[str, str], *, find: Look = look) -> Choice:
    """The model for a session. Raises `UsageError` for a wish that cannot be met (no such file, no wheel)."""
    if settings.local and settings.model is not None:
        raise UsageError("Give either --model or --local, not both.")
    if settings.local:
        return local(settings.local, home)
    if settings.model is not None:
        return Remote(model=settings.model)
    if settings.api_base is not None:
        raise UsageError(f"Name the model too: --model NAME --api-base {settings.api_base}")
    variable = next((name for name in BY_KEY if environment.get(name)), None)
    if variable is not None:
        return Remote(model=BY_KEY[variable], why=variable)
    usable = importlib.util.find_spec("xllamacpp") is not None
    here = local(True, home) if usable else None
    if isinstance(here, Embedded):
        return here
    found = await find(usual_places(environment))
    return Unchosen(found=found, words=_with_servers(found) if found else _three_ways(usable=usable))


def settled(settings: Settings, choice: Choice) -> Settings:
    """`settings` that name the model of `choice`, and where it is served if that is known."""
    if not isinstance(choice, Remote):
        return settings
    return replace(settings, model=choice.model, api_base=settings.api_base or choice.base or None)


def switched(settings: Settings, name: str, base: str | None = None) -> Settings:
    """`settings` with which the model `name` answers, at `base` or where another one did before.

    A key that was given belongs to its endpoint, so it goes neither to another base nor, without one, to a model of
    another provider. Raises `SettingsError` if `base` is no address.
    """
    other = replace(settings, model=name, local=False)
    if base is not None:
        return replace(other, api_base=base, api_key=None, custom_llm_provider=None)
    somewhere = settings.api_base is not None or settings.custom_llm_provider is not None
    return other if somewhere or _prefix(settings.model) == _prefix(name) else replace(other, api_key=None)


def _prefix(name: str | None) -> str | None:
    return name and name.rpartition("/")[0].partition("/")[0]


def local(wish: str | bool, home: Places) -> Embedded | ToFetch:
    """What `--local` means: the file named, or the embedded model's. Raises `UsageError` if it cannot be served."""
    from interpreter.models import weights
    from interpreter.models.local import check_file, check_support

    check_support()
    if isinstance(wish, str):
        file = written(wish)
        check_file(file)
        return Embedded(weights=file, name=file.stem)
    model, folder = named(DEFAULT), home.data / "models"
    path = weights.find(model, folder)
    return ToFetch(weights=model, folder=folder) if path is None else Embedded(weights=path, name=model.name)


def _with_servers(found: tuple[Server, ...]) -> str:
    lines = ["No model is chosen. These run on this machine; name one:"]
    for server in found:
        lines += [f"  {server.server}:", *(f"    {_command(server, model)}" for model in server.models[:5])]
        if len(server.models) > 5:
            lines.append(f"    (and {len(server.models) - 5} more)")
    return "\n".join(lines)


def _command(server: Server, model: str) -> str:
    return f"interpreter --model {model} --api-base {server.api_base}"


def _three_ways(*, usable: bool) -> str:
    model = named(DEFAULT)
    first = "" if usable else f"{installing('xllamacpp')}, then "
    return "\n".join(
        (
            "No model is chosen. Three ways on:",
            "  a key         set OPENAI_API_KEY, ANTHROPIC_API_KEY or another provider's",
            "  a server      start Ollama or LM Studio, or: --model NAME --api-base URL",
            f"  this machine  {first}--local: a small model, fetched once ({size(model.size)})",
        )
    )


def size(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
