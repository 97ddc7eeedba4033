"""The definition of `execute_code` that is offered to models that call functions. Data, built from the languages."""

from __future__ import annotations

from interpreter.protocols.exchange import Message

NAME = "execute_code"


def execute_code(languages: tuple[str, ...]) -> Message:
    """The function definition, as JSON schema; `languages` are what the model may name."""
    return {
        "name": NAME,
        "description": (
            "Run code on the user's machine and return its output. State (variables, working folder) persists between "
            "calls of the same language. The value of a last expression is shown."
        ),
        "parameters": {
            "type": "object",
            "properties": {
                "language": {"type": "string", "enum": list(languages), "description": "What the code is written in."},
                "code": {"type": "string", "description": "The whole code to run."},
            },
            "required": ["language", "code"],
        },
    }
