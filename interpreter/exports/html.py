"""A notebook as one page of HTML that needs nothing else. The page is nbconvert's work, which is an extra.

Words are rendered by the Markdown library of the terminal, which shows HTML in them as text: a page is opened with
more trust than what a model was told to say deserves. What code displayed is kept as it is.
"""

from __future__ import annotations

import re
from typing import Any

from interpreter.errors import UsageError, installing
from interpreter.notebooks.document import Json

_ELSEWHERE = re.compile(r'<script\b[^>]*\bsrc="https?://[^>]*>\s*</script>')
"""Scripts that a page would load, for widgets, formulas and diagrams; without them these stand as text."""


def html(document: Json, title: str) -> str:
    """The page. Raises `UsageError` if nbconvert is not installed."""
    try:
        import nbformat
        from nbconvert.exporters import HTMLExporter
    except ImportError as error:
        raise UsageError(f"A page of HTML needs nbconvert. Run: {installing('nbconvert')}") from error
    from markdown_it import MarkdownIt

    words = MarkdownIt("commonmark", {"html": False}).enable("table")
    page: Any = HTMLExporter
    exporter = page(mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="")
    exporter.register_filter("markdown2html", words.render)
    read: Any = nbformat.from_dict
    body, _ = exporter.from_notebook_node(read(document), resources={"metadata": {"name": title}})
    return _ELSEWHERE.sub("", str(body))
