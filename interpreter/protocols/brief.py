"""What every request carries besides the conversation: instructions, examples, languages and budgets. A value."""

from __future__ import annotations

from dataclasses import dataclass

from interpreter.history import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The constant part of all requests of a session; a change of it changes the cached prefix.

    `examples` are earlier turns that never happened, shown to small models. `sees_images` says whether pictures are
    sent. `head` and `tail` bound, in characters, what one cell's output may take; `head_old` and `tail_old` the same
    for the turns whose outputs were shortened to make room. `advises`: after an error a way out is told with it.
    """

    system: str
    languages: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    examples: tuple[Entry, ...] = ()
    sees_images: bool = False
    head: int = 4000
    tail: int = 4000
    head_old: int = 300
    tail_old: int = 300
    advises: bool = False

    def resolve(self, tag: str) -> str | None:
        """The language meant by a name or alias in any case; None if it cannot run here."""
        name = tag.lower()
        return name if name in self.languages else dict(self.aliases).get(name)
