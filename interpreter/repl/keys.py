"""The keys of the prompt that differ from prompt_toolkit's own. Each says what it does; the rest is emacs or vi."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import completion_is_selected, has_focus
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent


def bindings(
    *, empty_interrupt: Callable[[], None], suspend: Callable[[], None], inspect: Callable[[], None]
) -> KeyBindings:
    """The prompt's keys.

    `empty_interrupt` is what Ctrl-C does on an empty line, `suspend` what Ctrl-Z does, `inspect` shows help on the name
    at the cursor.
    """
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing & ~completion_is_selected)
    def _send(event: KeyPressEvent) -> None:
        """Send, or after a backslash begin a new line."""
        buffer = event.current_buffer
        if buffer.document.is_cursor_at_the_end and buffer.text.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("enter", filter=typing & completion_is_selected)
    def _take(event: KeyPressEvent) -> None:
        """Take the chosen completion."""
        event.current_buffer.complete_state = None

    @keys.add("escape", "enter", filter=typing)
    @keys.add("c-j", filter=typing)
    def _newline(event: KeyPressEvent) -> None:
        """Begin a new line."""
        event.current_buffer.newline(copy_margin=False)

    @keys.add("c-c", filter=typing)
    @keys.add("<sigint>")
    def _clear(event: KeyPressEvent) -> None:
        """Clear the line; what was typed can be had back with the up key."""
        buffer = event.app.layout.get_buffer_by_name(DEFAULT_BUFFER)
        if buffer is None or not buffer.text:
            empty_interrupt()
            return
        buffer.append_to_history()
        buffer.reset()
        event.app.layout.focus(DEFAULT_BUFFER)

    @keys.add("c-z", filter=typing)
    def _suspend(_: KeyPressEvent) -> None:
        """Stop the program as the shell's job control expects."""
        run_in_terminal(suspend)

    @keys.add("s-tab", filter=typing)
    @keys.add("f1", filter=typing)
    def _inspect(_: KeyPressEvent) -> None:
        """Show help on the name at the cursor."""
        inspect()

    return keys
