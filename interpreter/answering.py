"""Who answers: the chosen model, and the ladder to speak with it. Chooses nothing itself and starts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from interpreter.choosing import Choice, Embedded, Remote, ToFetch, Unchosen, settled
from interpreter.errors import UsageError
from interpreter.history import History, Prompt
from interpreter.nearby import look, mentioned
from interpreter.places import Places
from interpreter.prompt import Surroundings, brief, small_brief, text_rules
from interpreter.protocols.brief import Brief
from interpreter.protocols.ladder import ALL, WITHOUT_FUNCTIONS, FixedProtocol, LearnedLadder
from interpreter.protocols.learnt import Memory
from interpreter.seams import Attach, Ladder, Model, nothing
from interpreter.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """A model and its ladder. `warm` does what takes long before the first request; `close` ends what it started."""

    model: Model
    ladder: Ladder
    warm: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
    attach: Attach = nothing


def answerer(
    choice: Choice, settings: Settings, home: Places, environment: Mapping[str, str], where: Surroundings
) -> Answerer:
    """The model of `choice`. Raises `UsageError`, in a few lines, if nothing was chosen."""
    match choice:
        case Remote():
            return _remote(choice.model, settled(settings, choice), home, environment, where)
        case Embedded():
            return _embedded(choice, settings, home, where)
        case ToFetch():
            raise UsageError(f"The weights of {choice.weights.name} are not here yet. Run: interpreter --local")
        case Unchosen():
            raise UsageError(choice.words)


def _remote(
    name: str, settings: Settings, home: Places, environment: Mapping[str, str], where: Surroundings
) -> Answerer:
    from interpreter.models.capabilities import Capabilities, Place
    from interpreter.models.litellm import LitellmModel, load
    from interpreter.models.naming import takes_functions

    model = LitellmModel(
        name,
        api_base=settings.api_base,
        api_key=settings.api_key,
        custom_llm_provider=settings.custom_llm_provider,
        timeout=settings.timeout,
        options=_options(settings),
        environment=environment,
        log=home.log,
    )
    place = Place(model=name, base=settings.api_base or "", provider=settings.custom_llm_provider or "")
    memory = Capabilities(home.capabilities).at(place)
    functions = takes_functions(name, api_base=settings.api_base, provider=settings.custom_llm_provider)

    async def warm() -> None:
        await asyncio.to_thread(load)

    return Answerer(
        model=model,
        ladder=_ladder(
            settings,
            brief(where, instructions=settings.instructions or ""),
            memory,
            text_rules(where.languages),
            functions=functions,
        ),
        warm=warm,
        close=_nothing,
    )


def _options(settings: Settings) -> dict[str, object]:
    """What is sent with every request; an option that was not chosen is left to the endpoint."""
    chosen = {"temperature": settings.temperature, "max_tokens": settings.max_tokens}
    return {name: value for name, value in chosen.items() if value is not None}


def _ladder(settings: Settings, told: Brief, memory: Memory, rules: str, *, functions: bool) -> Ladder:
    if settings.protocol != "auto":
        return FixedProtocol(settings.protocol, told, memory=memory, rules=rules)
    return LearnedLadder(told, memory=memory, rungs=ALL if functions else WITHOUT_FUNCTIONS, rules=rules)


def _embedded(choice: Embedded, settings: Settings, home: Places, where: Surroundings) -> Answerer:
    from interpreter.models.local import LocalModel, LocalServer

    model = LocalModel(LocalServer(choice.weights, name=choice.name, log=home.cache / "llama.log"))
    protocol = "text" if settings.protocol == "auto" else settings.protocol
    folder = Path(where.folder)
    near = look(folder, Path(where.python) if where.python else None)
    ladder = FixedProtocol(protocol, small_brief(where, near, instructions=settings.instructions or ""))
    begun = ladder.current().request(History(entries=(Prompt(text="Hello"),)))  # as every conversation begins
    return Answerer(
        model=model,
        ladder=ladder,
        warm=lambda: model.warm(begun),
        close=model.close,
        attach=lambda prompt: mentioned(prompt, folder),  # it does not look before it computes
    )


async def _nothing() -> None:
    return None
