"""What a conversation is made of in this program: a chosen model, a session, a renderer. Imports them when needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from interpreter.repl.entrance import with_token

if TYPE_CHECKING:
    from interpreter.assembly import Assembly
    from interpreter.choosing import Choice
    from interpreter.commands.context import Context
    from interpreter.repl.stage import Renderer
    from interpreter.repl.teletype import Teletype
    from interpreter.seams import Consumer, Host
    from interpreter.settings import Settings


class Build(Protocol):
    """Builds the session of a conversation."""

    async def __call__(
        self, settings: Settings, *, host: Host, consumers: Sequence[Consumer], warn: Callable[[str], None]
    ) -> Assembly:
        """Raises `UsageError` if a setting cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`model` is the name of who answers, `build` makes the session, and `draw` what draws it.

    `environment` is the user's, with the token that was typed for a server.
    """

    model: str
    environment: Mapping[str, str]
    build: Build
    draw: Callable[[Settings], Renderer]


async def program(context: Context, teletype: Teletype) -> Parts:
    """The parts that the user's settings ask for. Raises `UsageError`, in a few lines, if no model is chosen."""
    choice = await _chosen(context.settings, context, teletype)
    environment = await with_token(context, teletype)

    async def build(
        settings: Settings, *, host: Host, consumers: Sequence[Consumer], warn: Callable[[str], None]
    ) -> Assembly:
        from interpreter.assembly import assemble
        from interpreter.choosing import Remote

        other = settings.model if settings.model != context.settings.model else None
        base = choice.base if isinstance(choice, Remote) else ""
        return await assemble(
            settings,
            host=host,
            environment=environment,
            home=context.places,
            choice=Remote(model=other, base=base) if other else choice,
            interactive=True,
            consumers=consumers,
            warn=warn,
        )

    return Parts(
        model=_name(choice),
        environment=environment,
        build=build,
        draw=lambda settings: _renderer(settings, context),
    )


async def _chosen(settings: Settings, context: Context, teletype: Teletype) -> Choice:
    from interpreter.choosing import ToFetch, Unchosen, choose

    choice = await choose(settings, context.places, context.keyed)
    if isinstance(choice, Unchosen):
        from interpreter.repl.firstrun import first_run

        choice = await first_run(context, teletype, choice)
    if isinstance(choice, ToFetch):
        from interpreter.embedded import fetched
        from interpreter.repl.consent import asking
        from interpreter.stop import Stop

        return await fetched(choice, ask=asking(teletype), err=context.err, stop=Stop())
    return choice


def _name(choice: Choice) -> str:
    from interpreter.choosing import Embedded, Remote

    match choice:
        case Remote():
            return choice.model
        case Embedded():
            return choice.name
        case _:
            raise AssertionError(choice)


def _renderer(settings: Settings, context: Context) -> Renderer:
    if settings.plain:
        from interpreter.renderers.plain import PlainRenderer

        return PlainRenderer(context.out, context.out)
    from interpreter.renderers.terminal.screen import TerminalRenderer

    return TerminalRenderer(
        context.out,
        environment=context.environment,
        theme=settings.theme,
        images=settings.images,
        notify=settings.notify,
        keys="Ctrl-C interrupts it, Ctrl-\\ sends it to the background",
    )
