"""One yes-or-no question at a terminal, before anything large or lasting is done. Yes is a key of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from interpreter.renderers.sanitize import clean_line
from interpreter.repl.teletype import Teletype


def asking(teletype: Teletype) -> Callable[[str], Awaitable[bool]]:
    """A function that puts a question at `teletype`, and whether the answer is `y`."""

    async def ask(words: str) -> bool:
        with teletype.held():
            await teletype.settled()
            teletype.write(f"{clean_line(words)} y/n ")
            yes = (await teletype.key()).lower() == "y"
            teletype.write("yes\n" if yes else "no\n")
        return yes

    return ask
