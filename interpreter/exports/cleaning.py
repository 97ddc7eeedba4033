"""A notebook without what led nowhere: attempts that were corrected, code that never ran, turns taken back. Pure."""

from __future__ import annotations

from interpreter.notebooks.document import NOT_RUN, SUPERSEDED, UNDONE, Json

_LEFT_OUT = frozenset({SUPERSEDED, NOT_RUN, UNDONE})


def clean(document: Json) -> Json:
    """`document` without the cells that are tagged so."""
    cells = [cell for cell in document["cells"] if not _LEFT_OUT & set(cell["metadata"].get("tags", ()))]
    return {**document, "cells": cells}
