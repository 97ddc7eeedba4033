"""The host for a person at a terminal: may this code run, and what is typed into this `input()`? Draws no cells.

A yes is one key, pressed after the question was there; nothing else means yes. Keys typed ahead, pastes and Enter never
approve.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from interpreter import events as e
from interpreter.errors import UsageError
from interpreter.renderers.sanitize import clean, clean_line, visible
from interpreter.repl.editor import edited
from interpreter.repl.teletype import Teletype
from interpreter.seams import Decision, Proposal

_HELP = """\
  y  run it
  n  do not run it; then say why, or press Enter
  e  change it in your editor, then be asked again
  a  run it, and later {language} without asking
Esc, Ctrl-C and Ctrl-D mean n.
"""
_NO = ("n", "N", "\x1b", "\x03", "\x04", "")


class TerminalHost:
    """Implements `Host` on `teletype`.

    `settle` finishes what is being drawn, so that a question starts on a fresh line. `show` draws the whole of a cell's
    code (cell, language, code); without it the code is written as it is. With `yes` everything runs, but for what
    carries a caution. `drawn`: a renderer has drawn the code where it is asked about, else it is shown with it.
    """

    def __init__(
        self,
        teletype: Teletype,
        *,
        environment: Mapping[str, str],
        settle: Callable[[], None] = lambda: None,
        show: Callable[[str, str, str], None] | None = None,
        yes: bool = False,
        drawn: bool = True,
    ) -> None:
        self._teletype = teletype
        self._environment = environment
        self._settle = settle
        self._show = show or self._written
        self._yes = yes
        self._drawn = drawn
        self._always: set[str] = set()
        self._refused: asyncio.Event | None = None

    @property
    def always(self) -> frozenset[str]:
        """The languages that run without asking."""
        return frozenset(self._always)

    def forget(self) -> None:
        """Ask again from now on, whatever was said."""
        self._always.clear()
        self._yes = False

    def refuse(self) -> bool:
        """Answer no to the question that is open (Ctrl-C); whether there was one."""
        if self._refused is None:
            return False
        self._refused.set()
        return True

    async def decide(self, proposal: Proposal) -> Decision:
        """Ask, unless the user said that this need not be."""
        if not proposal.caution and (self._yes or proposal.language in self._always):
            return Decision(choice="run", code=proposal.code, by="auto" if self._yes else "always")
        self._refused = asyncio.Event()
        try:
            with self._teletype.held():
                return await self._asked(proposal)
        finally:
            self._refused = None

    async def read_line(self, request: e.InputRequested) -> str | None:
        """A line for the running cell; None at Ctrl-D."""
        self._settle()
        with self._teletype.held():
            return await self._teletype.line(clean(request.prompt), secret=request.secret)

    async def _asked(self, proposal: Proposal) -> Decision:
        language, code = clean_line(proposal.language), proposal.code
        self._settle()
        if not self._drawn:
            self._show(proposal.cell, language, code)
        if proposal.caution:
            self._tell(f"Careful: {clean_line(proposal.caution)}")
        while True:
            await self._teletype.settled()
            self._teletype.write(f"Run this {language}? y/n/e/a/? ")
            key = await self._or_no(self._key(), "n")
            match key.lower():
                case "y":
                    self._tell("yes")
                    return self._run(proposal, code)
                case "a":
                    self._tell(f"yes, and all {language} from now on")
                    self._always.add(proposal.language)
                    return self._run(proposal, code)
                case "e":
                    self._tell("edit")
                    code = await self._changed(proposal, code)
                case "?":
                    self._tell(f"help\n{_HELP.format(language=language).rstrip()}")
                case _:
                    self._tell("no")
                    wants_reason = key == "n" and not self._is_refused
                    return Decision(choice="declined", note=await self._reason() if wants_reason else "")

    @staticmethod
    def _run(proposal: Proposal, code: str) -> Decision:
        if code == proposal.code:
            return Decision(choice="run", code=code)
        return Decision(choice="edited", code=code, note="The user changed the code before it ran.")

    async def _key(self) -> str:
        """The next key that answers."""
        while True:
            key = await self._teletype.key()
            if key in _NO or key.lower() in ("y", "e", "a", "?"):
                return key

    async def _reason(self) -> str:
        line = self._teletype.line("Why not, or what instead? (Enter: nothing) ")
        return (await self._or_no(line, "")).strip()

    async def _changed(self, proposal: Proposal, code: str) -> str:
        """The code after the editor, shown whole as it will run; as it was if nothing is left of it."""
        try:
            after = await edited(code, proposal.language, self._teletype, self._environment)
        except UsageError as error:
            self._tell(clean(str(error)))
            return code
        if not after.strip() or after == code:
            self._tell("Unchanged.")
            return code
        self._show(proposal.cell, proposal.language, after)
        return after

    def _written(self, _cell: str, _language: str, code: str) -> None:
        self._tell("\n".join(f"  {line}" for line in visible(code).splitlines()))

    def _tell(self, words: str) -> None:
        self._teletype.write(f"{words}\n")

    @property
    def _is_refused(self) -> bool:
        return self._refused is not None and self._refused.is_set()

    async def _or_no(self, work: Coroutine[Any, Any, str | None], no: str) -> str:
        """What was typed; `no` as soon as the question is refused."""
        assert self._refused is not None
        typing = asyncio.ensure_future(work)
        refusal = asyncio.ensure_future(self._refused.wait())
        try:
            await asyncio.wait({typing, refusal}, return_when=asyncio.FIRST_COMPLETED)
            return (typing.result() or no) if typing.done() and not self._is_refused else no
        finally:
            typing.cancel()
            refusal.cancel()
            await asyncio.gather(typing, refusal, return_exceptions=True)
