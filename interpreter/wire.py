"""Events as JSON and back: the one encoding, for the journal, `--json` and other programs.

The round trip is exact. pydantic is imported at the first use, never on the way to the prompt.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from interpreter import events as e

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@cache
def _adapter() -> TypeAdapter[e.Event]:
    from pydantic import ConfigDict, Field, TypeAdapter

    return TypeAdapter(
        Annotated[e.Event, Field(discriminator="type")],
        config=ConfigDict(extra="ignore", ser_json_bytes="base64", val_json_bytes="base64"),
    )


def now() -> str:
    """The time as recorders write it beside an event: UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_json(event: e.Event) -> str:
    """`event` as one line of JSON, without a newline. Half a surrogate pair, which no JSON can carry, becomes `?`."""
    try:
        return _adapter().dump_json(event).decode()
    except ValueError:
        return _adapter().dump_json(_paired(event)).decode()


def to_object(event: e.Event) -> dict[str, Any]:
    """`event` as plain JSON values, for a recorder that adds fields of its own."""
    plain: dict[str, Any]
    try:
        plain = _adapter().dump_python(event, mode="json")
    except ValueError:
        plain = _adapter().dump_python(_paired(event), mode="json")
    return plain


def _paired(event: e.Event) -> e.Event:
    return from_object(paired(_adapter().dump_python(event)))


def from_object(value: Any) -> e.Event:
    """The event written as `value`; fields it does not know are ignored. Raises `ValueError` if it is no event."""
    return _adapter().validate_python(value)


def from_json(line: str | bytes) -> e.Event:
    """The event written as `line`. Raises `ValueError` if it is no event."""
    return _adapter().validate_json(line)


def paired(value: Any) -> Any:
    """Plain values in which half a surrogate pair, which stands for a byte that was no text, is `?`."""
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {paired(key): paired(item) for key, item in value.items()}
        case list() | tuple():
            return [paired(item) for item in value]
        case _:
            return value


def schema() -> dict[str, Any]:
    """The JSON schema of all events."""
    return _adapter().json_schema()
