"""Sessions in other formats: scripts that run, Markdown with its pictures, pages that need nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter.errors import UsageError
from interpreter.exports.cleaning import clean
from interpreter.exports.html import html
from interpreter.exports.markdown import markdown
from interpreter.exports.script import script
from interpreter.notebooks.document import Json, NotebookKernel, document
from interpreter.notebooks.file import load, save
from tests.notebooks.stories import cell, png, printed, raised, step, turn
from tests.replay.recording import command

PICTURE = png((255, 0, 0))
STORY = turn(
    "How many?\nReally?",
    step(1, "I try.", cell("c1", "boom", raised("c1", "NameError", "boom"), status="error")),
    step(2, "", cell("c2", "echo 'a'\necho b", printed("c2", "a\nb\n"), language="shell")),
    step(
        3,
        "",
        cell(
            "c3",
            "print(40 + 2)",
            printed("c3", "42\n"),
            e.Output(cell="c3", kind="display", data={"image/png": PICTURE, "text/plain": "<Figure [1]>"}),
        ),
    ),
    step(4, "It is **42**."),
)


def code(source: str) -> Json:
    """A notebook with one code cell as Jupyter has it."""
    made = document([])
    made["cells"].append(
        {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], "execution_count": 1}
    )
    return made


def ran(text: str) -> str:
    """What the script prints."""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_a_script_runs_what_ran_and_tells_the_rest_in_comments() -> None:
    made = script(document(STORY))
    assert made == (
        "import subprocess as _subprocess\n"
        "\n"
        "# %% [markdown]\n# > How many?\n# > Really?\n"
        "\n"
        "# %% [markdown]\n# I try.\n"
        "\n"
        "# %%\n# Left out: it failed.\n# boom\n"
        "\n"
        "# %%\n"
        "_subprocess.run(['bash', '-c', \"\"\"\\\necho 'a'\necho b\n\"\"\"], check=True)\n"
        "\n"
        "# %%\nprint(40 + 2)\n"
        "\n"
        "# %% [markdown]\n# It is **42**.\n"
    )
    assert ran(made) == "a\nb\n42\n"


def test_a_clean_export_leaves_out_what_led_nowhere() -> None:
    cleaned = clean(document([*STORY, *turn("no", step(1, "Oh.")), e.HistoryUndone(turns=1)]))
    assert [it["id"] for it in cleaned["cells"]] == ["prompt-1", "reply-1", "c2", "c3", "reply-4"]


def test_a_clean_notebook_lacks_a_cell_that_was_refused_since_its_language_was_busy() -> None:
    refused = (*cell("c2", "y = 2", by="user")[:-1], e.CodeFinished(cell="c2", status="error", seconds=0, ran=False))
    cleaned = clean(document([*cell("c1", "x = 1", by="user"), *refused]))
    assert [it["id"] for it in cleaned["cells"]] == ["c1"]


@pytest.mark.parametrize(
    ("source", "printed_by_it"),
    [
        ("%matplotlib inline\nprint(1)", "1\n"),
        ("if True:\n    !echo inside\nprint(2)", "inside\n2\n"),
        ("%%time\nprint(3)", "3\n"),
        ("%%bash\necho 4", "4\n"),
        ("%%html\n<b>5</b>", ""),
        ("import asyncio\nx = await asyncio.sleep(0, result=6)\nprint(x)", "6\n"),
        ("this is no Python", ""),
        ('!echo \'"""\' "quoted\\\\"', '""" quoted\\\n'),
        ("%", ""),
        ("%%", ""),
    ],
)
def test_what_only_a_notebook_understands_is_run_in_pythons_way_or_is_a_comment(
    source: str, printed_by_it: str
) -> None:
    assert ran(script(code(source))) == printed_by_it


def test_words_that_no_source_may_hold_are_no_part_of_a_script() -> None:
    assert (
        script(document(turn("a\0b", step(1, "\x1b[31mred")))) == "# %% [markdown]\n# > ab\n\n# %% [markdown]\n# red\n"
    )


def test_a_picture_that_is_none_is_no_part_of_markdown() -> None:
    shown = e.Output(cell="c1", kind="display", data={"image/png": "né", "text/plain": "<Figure>"})
    assert markdown(document(cell("c1", "draw()", shown))) == "```python\ndraw()\n```\n\n```text\n<Figure>\n```\n"


def test_a_value_in_every_form_is_in_markdown_as_it_was_printed() -> None:
    forms = {"text/html": "<b>a_b*c*</b>", "text/markdown": "'a_b*c*'", "text/plain": '[1] "a_b*c*"'}
    shown = e.Output(cell="c1", kind="result", data=forms | {"text/latex": "'a\\_b*c*'"})
    assert markdown(document(cell("c1", "x", shown))) == '```python\nx\n```\n\n```text\n[1] "a_b*c*"\n```\n'


def test_a_value_with_html_and_markdown_of_its_own_is_in_markdown_as_that() -> None:
    forms = {"text/html": "<b>3</b>", "text/markdown": "**3**", "text/plain": "Report(n=3)"}
    shown = e.Output(cell="c1", kind="result", data=forms)
    assert markdown(document(cell("c1", "x", shown))) == "```python\nx\n```\n\n**3**\n"


def test_what_runs_in_another_language_is_a_comment() -> None:
    made = script(document(cell("c1", "x = 1;", language="javascript", by="user")))
    assert made == "# %%\n# Left out: it is javascript.\n# x = 1;\n"


def test_a_shell_cell_that_failed_would_end_the_script_and_is_a_comment() -> None:
    made = script(document(cell("c1", "false", language="shell", status="error")))
    assert made == "# %%\n# Left out: it failed.\n# false\n"


def test_a_notebook_in_another_language_is_no_python_script() -> None:
    with pytest.raises(UsageError, match=r"This notebook is in r, not in Python\. Export it to ipynb, md or html\."):
        script(document([], NotebookKernel(name="ir", display_name="R", language="R")))


def test_markdown_has_words_code_prints_and_pictures() -> None:
    assert markdown(document(STORY)) == (
        "> How many?  \n> Really?\n\nI try.\n\n```python\nboom\n```\n\n"
        "```text\nTraceback (most recent call last)\nNameError: boom\n```\n\n"
        "```shell\necho 'a'\necho b\n```\n\n```text\na\nb\n```\n\n"
        f"```python\nprint(40 + 2)\n```\n\n```text\n42\n```\n\n![Figure 1](data:image/png;base64,{PICTURE})\n\n"
        "It is **42**.\n"
    )


def test_a_page_holds_its_pictures_loads_nothing_and_runs_nothing_that_was_said() -> None:
    page = html(document([*STORY, *turn("<script>alert(1)</script>", step(1, "<img src=x onerror=alert(1)>"))]), "T")
    assert PICTURE in page
    assert "<strong>42</strong>" in page
    assert "<title>T</title>" in page
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert re.findall(r"<(?:script|link|img)\b[^>]*(?:src|href)=.https?:[^>]*>|import\(.https?:[^)]*\)", page) == []


def test_the_command_writes_a_file_and_keeps_pictures_beside_markdown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save(Path("story.ipynb"), document(STORY))
    done = command("export", tmp_path, "story.ipynb", "--to", "md")
    assert (done.code, done.out) == (0, "story.md\n")
    assert "![Figure 1](story_files/picture-1.png)" in Path("story.md").read_text(encoding="utf-8")
    assert Path("story_files/picture-1.png").read_bytes().startswith(b"\x89PNG")

    with pytest.raises(UsageError, match=r"story\.md is there already\. Name it with -o story\.md"):
        command("export", tmp_path, "story.ipynb", "--to", "md")
    with pytest.raises(UsageError, match=r"story\.ipynb is the notebook itself\. Name another file"):
        command("export", tmp_path, "story.ipynb", "--to", "ipynb", "-o", "story.ipynb")
    command("export", tmp_path, "story.ipynb", "--to", "md", "-o", "story.md")


def test_the_command_writes_to_stdout_and_cleans(tmp_path: Path) -> None:
    save(tmp_path / "story.ipynb", document(STORY))
    done = command("export", tmp_path, str(tmp_path / "story.ipynb"), "--to", "ipynb", "--clean", "-o", "-")
    (tmp_path / "clean.ipynb").write_text(done.out, encoding="utf-8")
    assert [it["id"] for it in load(tmp_path / "clean.ipynb")["cells"]] == [
        "prompt-1",
        "reply-1",
        "c2",
        "c3",
        "reply-4",
    ]
