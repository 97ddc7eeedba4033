"""The line that is typed: editing, history, completion and keys, by prompt_toolkit. Does not know what a line means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import Completer
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.styles import Style

from interpreter.repl.keys import bindings
from interpreter.repl.teletype import Teletype

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

    async def ask(self, draft: str = "") -> str:
        """The next line that is sent, edited from `draft`. Raises `Left` when the user leaves."""

    async def above(self, draw: Callable[[], None]) -> None:
        """Draw by `draw` above the line that is being typed."""

    def interrupt(self) -> None:
        """Take a Ctrl-C that came as a signal: what is typed goes."""

    def hint(self, words: str) -> None:
        """Show `words` for a moment, in no one's way."""

    def refresh(self) -> None:
        """Show the facts as they are now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a line needs to know from outside: the facts under it, and what some keys do."""

    toolbar: Callable[[], str]
    empty_interrupt: Callable[[], None]
    inspect: Callable[[str, int], Awaitable[str]]


class EditedLine:
    """Implements `Line` with prompt_toolkit on the terminal behind stdin and stdout."""

    def __init__(
        self,
        teletype: Teletype,
        behaviour: Behaviour,
        *,
        sign: str,
        history: History,
        completer: Completer,
        keys: Literal["emacs", "vi"] = "emacs",
    ) -> None:
        self._teletype = teletype
        self._behaviour = behaviour
        self._hint = ""
        self._asking = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._session: PromptSession[str] = PromptSession(
            [("class:sign", sign)],
            multiline=True,
            prompt_continuation=" " * len(sign),
            history=history,
            auto_suggest=AutoSuggestFromHistory(),
            completer=completer,
            complete_while_typing=Condition(self._completes_while_typing),
            reserve_space_for_menu=6,
            bottom_toolbar=self._toolbar,
            style=Style.from_dict(_STYLE),
            editing_mode=EditingMode.VI if keys == "vi" else EditingMode.EMACS,
            enable_open_in_editor=True,
            key_bindings=bindings(
                empty_interrupt=behaviour.empty_interrupt, suspend=teletype.suspend, inspect=self._inspect
            ),
        )
        self._session.app.renderer.cpr_not_supported_callback = None  # it would write a warning over the prompt
        self._session.app.ttimeoutlen = 0.1

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

    async def above(self, draw: Callable[[], None]) -> None:
        """Draw above the line; see `Line.above`."""
        if self._asking and self._session.app.is_running:
            await run_in_terminal(draw)
        else:
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
        return [("", f" {self._hint or self._behaviour.toolbar()}")]

    def _completes_while_typing(self) -> bool:
        """Menus open by themselves for commands and files alone; for the rest there is Tab."""
        before = self._session.default_buffer.document.text_before_cursor
        return (before.startswith(("/", "%")) and " " not in before) or before.split(" ")[-1].startswith("@")

    def _inspect(self) -> None:
        document = self._session.default_buffer.document

        async def show() -> None:
            text = await self._behaviour.inspect(document.text, document.cursor_position)
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


def sign(encoding: str | None, environment: Mapping[str, str]) -> str:
    """The end of the prompt's line, as far as the terminal can show it."""
    try:
        _SIGN.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "> "
    return "> " if environment.get("TERM") in ("dumb", "linux") else _SIGN
