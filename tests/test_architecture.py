"""Rules of the shape that reading the source cannot check: the wire's names, and what an import really loads."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from interpreter import events as e

SNAPSHOT = Path(__file__).with_name("events.snapshot.json")


def wire_names() -> dict[str, list[str]]:
    """Every event's wire name with its fields, in order."""
    fields = [dataclasses.fields(kind) for kind in get_args(e.Event)]
    return {str(next(f.default for f in of if f.name == "type")): [f.name for f in of] for of in fields}


def test_event_names_and_fields_are_those_of_the_snapshot() -> None:
    assert wire_names() == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "module", ["interpreter", "interpreter.session", "interpreter.wire", "interpreter.models.litellm"]
)
def test_importing_a_module_on_the_way_to_the_prompt_loads_nothing_heavy(module: str) -> None:
    heavy = ("litellm", "jupyter_client", "nbformat", "pydantic", "httpx", "xllamacpp")
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
