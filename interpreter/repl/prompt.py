"""The line that is typed: editing, history, completion and keys, by prompt_toolkit. Does not know what a line means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Any, Literal, Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.styles import Style

from interpreter.commands.context import Context
from interpreter.renderers.sanitize import clean_line
from interpreter.repl.keys import bindings
from interpreter.repl.recall import Recall
from interpreter.repl.teletype import Teletype
from interpreter.secrets import Secrets

_STYLE = {
    "sign": "ansicyan bold",
    "bottom-toolbar": "noreverse",
    "bottom-toolbar.text": "ansibrightblack",
    "auto-suggestion": "ansibrightblack",
    "completion-menu.completion": "bg:default default",
    "completion-menu.completion.current": "bg:default ansicyan bold noreverse",
    "completion-menu.meta.completion": "bg:default ansibrightblack",
    "completion-menu.meta.completion.current": "bg:default ansibrightblack",
    "scrollbar.background": "bg:default",
    "scrollbar.button": "bg:ansibrightblack",
}
_HINT_SECONDS = 2.0
_SIGN = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT} "


class Left(Exception):
    """The user leaves (Ctrl-D). Never shown."""


class Line(Protocol):
    """Where lines are typed."""

    def greet(self, words: str) -> None:
        """Say the first words."""

    async def ask(self, draft: str = "") -> str:
        """The next line that is sent, edited from `draft`. Raises `Left` when the user leaves."""

    async def shown(self) -> None:
        """Return when there is a line to type into."""

    def assist(self, assistance: Assistance) -> None:
        """From now on `assistance` is asked."""

    async def above(self, draw: Callable[[], None]) -> None:
        """Draw by `draw` above the line that is being typed."""

    def interrupt(self) -> None:
        """Take a Ctrl-C that came as a signal: what is typed goes."""

    def hint(self, words: str) -> None:
        """Show `words` for a moment, in no one's way."""

    def refresh(self) -> None:
        """Show the facts as they are now."""


class Assistance(Protocol):
    """What a line is told from outside: the facts under it, what completes it, and what some keys do."""

    def toolbar(self) -> str:
        """The facts."""

    def at_empty_line(self) -> None:
        """Ctrl-C was pressed at an empty line."""

    async def inspect(self, text: str, cursor: int) -> str:
        """Help on what stands at the cursor."""

    async def completions(self, document: Document) -> Iterable[Completion]:
        """What can stand at the cursor."""


class Unassisted:
    """Implements `Assistance` with nothing, for a line that is up before there is a session."""

    def toolbar(self) -> str:
        """No facts."""
        return ""

    def at_empty_line(self) -> None:
        """Nothing."""

    async def inspect(self, text: str, cursor: int) -> str:
        """No help."""
        return ""

    async def completions(self, document: Document) -> Iterable[Completion]:
        """None."""
        return ()


class EditedLine:
    """Implements `Line` with prompt_toolkit on the terminal behind stdin and stdout."""

    def __init__(
        self,
        teletype: Teletype,
        *,
        sign: str,
        history: History,
        keys: Literal["emacs", "vi"] = "emacs",
    ) -> None:
        self._teletype = teletype
        self._assistance: Assistance = Unassisted()
        self._hint = ""
        self._asking = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._session: PromptSession[str] = PromptSession(
            [("class:sign", sign)],
            multiline=True,
            prompt_continuation=" " * len(sign),
            history=history,
            auto_suggest=AutoSuggestFromHistory(),
            completer=_Asking(lambda: self._assistance),
            complete_while_typing=Condition(self._completes_while_typing),
            reserve_space_for_menu=6,
            bottom_toolbar=self._toolbar,
            style=Style.from_dict(_STYLE),
            editing_mode=EditingMode.VI if keys == "vi" else EditingMode.EMACS,
            enable_open_in_editor=True,
            key_bindings=bindings(
                empty_interrupt=self._at_empty_line,
                suspend=teletype.suspend,
                inspect=self._inspect,
            ),
        )
        self._shown = asyncio.Event()
        self._session.app.after_render += lambda _: self._shown.set()
        self._session.app.renderer.cpr_not_supported_callback = None  # it would write a warning over the prompt
        self._session.app.ttimeoutlen = 0.1

    def greet(self, words: str) -> None:
        """Say the first words, in place of what was typed, which comes again behind the sign."""
        self._teletype.write(f"\r\x1b[K\x1b[2m{clean_line(words)}\x1b[0m\n\n")

    async def ask(self, draft: str = "") -> str:
        """The next line; see `Line.ask`."""
        self._asking = True
        self._type(self._teletype.ahead())
        try:
            return await self._session.prompt_async(default=draft, handle_sigint=False, set_exception_handler=False)
        except EOFError as error:
            raise Left from error
        finally:
            self._asking = False

    async def shown(self) -> None:
        """Return when there is a line to type into."""
        await self._shown.wait()

    def assist(self, assistance: Assistance) -> None:
        """From now on `assistance` is asked."""
        self._assistance = assistance
        self.refresh()

    async def above(self, draw: Callable[[], None]) -> None:
        """Draw above the line; see `Line.above`."""
        if self._asking and self._session.app.is_running:
            await run_in_terminal(lambda: self._drawn_quietly(draw))
        else:
            draw()

    def _drawn_quietly(self, draw: Callable[[], None]) -> None:
        """Draw while keys wait as they are: prompt_toolkit lets the terminal echo them, and make Enter a new line."""
        self._teletype.quiet()
        draw()

    def interrupt(self) -> None:
        """As the key."""
        self._session.app.key_processor.send_sigint()

    def hint(self, words: str) -> None:
        """Show `words` in the toolbar for a moment."""
        self._hint = words
        self.refresh()
        asyncio.get_running_loop().call_later(_HINT_SECONDS, self._unhint, words)

    def refresh(self) -> None:
        """Draw the toolbar anew."""
        self._session.app.invalidate()

    def _unhint(self, words: str) -> None:
        if self._hint == words:
            self._hint = ""
            self.refresh()

    def _toolbar(self) -> StyleAndTextTuples:
        return [("", f" {self._hint or self._assistance.toolbar()}")]

    def _completes_while_typing(self) -> bool:
        """Menus open by themselves for commands and files alone; for the rest there is Tab."""
        before = self._session.default_buffer.document.text_before_cursor
        return (before.startswith(("/", "%")) and " " not in before) or before.split(" ")[-1].startswith("@")

    def _at_empty_line(self) -> None:
        self._assistance.at_empty_line()

    def _inspect(self) -> None:
        document = self._session.default_buffer.document

        async def show() -> None:
            text = await self._assistance.inspect(document.text, document.cursor_position)
            if text:
                await self.above(lambda: self._teletype.write(f"{text}\n"))

        task = asyncio.ensure_future(show())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    def _type(keys: str) -> None:
        """Let what was typed before there was a prompt be typed into it."""
        pressed: list[KeyPress] = []
        parser = Vt100Parser(pressed.append)
        parser.feed(keys)
        parser.flush()
        store_typeahead(create_input(), pressed)


class PlainLine:
    """Implements `Line` with the terminal's own line: nothing is redrawn. For simple terminals and screen readers."""

    def __init__(self, teletype: Teletype, *, sign: str, history: History) -> None:
        self._teletype = teletype
        self._sign = sign
        self._history = history

    def greet(self, words: str) -> None:
        """Say the first words."""
        self._teletype.write(f"{clean_line(words)}\n\n")

    async def ask(self, draft: str = "") -> str:
        """The next line; a backslash at its end goes on with one more."""
        lines = [draft] if draft else []
        prompt = "".join(f"{line}\n" for line in lines) + self._sign
        while True:
            line = await self._teletype.line(prompt)
            if line is None:
                raise Left
            lines.append(line.removesuffix("\\"))
            if not line.endswith("\\"):
                break
            prompt = ""
        text = "\n".join(lines)
        self._history.append_string(text)
        return text

    async def shown(self) -> None:
        """At once: the terminal keeps what is typed."""

    def assist(self, assistance: Assistance) -> None:
        """A simple line shows nothing of it."""

    async def above(self, draw: Callable[[], None]) -> None:
        """Draw on lines of its own, and show the sign again."""
        self._teletype.write("\n")
        draw()
        self._teletype.write(self._sign)

    def interrupt(self) -> None:
        """The terminal has dropped the line itself."""
        self._teletype.write(f"\n{self._sign}")

    def hint(self, words: str) -> None:
        """Say it."""
        self._teletype.write(f"{words}\n{self._sign}")

    def refresh(self) -> None:
        """There is nothing to refresh."""


class _Asking(Completer):
    """Asks the line's assistance of the moment."""

    def __init__(self, assistance: Callable[[], Assistance]) -> None:
        self._assistance = assistance

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """None: prompt_toolkit asks the other function."""
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """All there are."""
        for completion in await self._assistance().completions(document):
            yield completion


def line(context: Context, teletype: Teletype, secrets: Secrets) -> Line:
    """The line that suits the terminal and the settings."""
    history = Recall(context.places.data / "history.jsonl", secrets)
    end = sign(getattr(context.out, "encoding", None), context.environment)
    if context.settings.plain or context.environment.get("TERM") == "dumb":
        return PlainLine(teletype, sign=end, history=history)
    return EditedLine(teletype, sign=end, history=history, keys=context.settings.keys)


def sign(encoding: str | None, environment: Mapping[str, str]) -> str:
    """The end of the prompt's line, as far as the terminal can show it."""
    try:
        _SIGN.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "> "
    return "> " if environment.get("TERM") in ("dumb", "linux") else _SIGN
