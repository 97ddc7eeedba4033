"""Values that code showed, in the best form a terminal has."""

from __future__ import annotations

import base64
import io
import re
import sys

import pytest

from interpreter import events as e
from interpreter.renderers import html, latex
from interpreter.renderers.terminal.abilities import Abilities, ImageWay, abilities
from interpreter.renderers.terminal.images import picture
from interpreter.renderers.terminal.results import Drawn, Results
from interpreter.renderers.terminal.theme import THEMES
from tests.renderers.screens import Screen

PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x12\x00\x00\x00\x06\x08\x02\x00\x00\x00" + b"\x00" * 5000
).decode()


def drawn(data: dict[str, object], *, file: str | None = None, images: ImageWay = "none", width: int = 60) -> Drawn:
    """How a display is drawn without styles."""
    can = Abilities(styles=False, colour=False, images=images)
    return Results(THEMES["none"], can).draw(e.Output(cell="c1", kind="display", data=data, file=file), width)


def test_a_table_of_pandas_is_a_table_with_its_numbers_on_the_right() -> None:
    source = """<style scoped>.x {color: red}</style><div><table border="1" class="dataframe">
      <thead><tr style="text-align: right;"><th></th><th>name</th><th>x</th></tr></thead>
      <tbody><tr><th>0</th><td>alpha</td><td>1.50</td></tr><tr><th>1</th><td>b &lt; c</td><td>-22.25</td></tr></tbody>
      </table><p>2 rows × 2 columns</p></div>"""  # noqa: RUF001 - pandas writes it so
    assert drawn({"text/html": source, "text/plain": "    name ..."}).lines == (
        "   name        x",
        "─  ─────  ──────",
        "0  alpha    1.50",
        "1  b < c  -22.25",
        "",
        "2 rows × 2 columns",  # noqa: RUF001
    )


def test_a_table_too_wide_for_the_screen_keeps_every_value() -> None:
    cells = "".join(f"<td>value{n}</td>" for n in range(12))
    names = "".join(f"<th>name{n}</th>" for n in range(12))
    lines = drawn({"text/html": f"<table><tr>{names}</tr><tr>{cells}</tr></table>"}, width=40).lines
    assert lines == tuple(f"name{n}: value{n}" for n in range(12))


def test_a_table_too_wide_for_the_screen_goes_on_below_with_no_number_cut_in_two() -> None:
    names = "".join(f"<th>{name}</th>" for name in ("", "city", "amount", "share", "rate"))
    rows = "".join(
        f"<tr><th>{n}</th><td>Rome</td><td>{n}658.730001</td><td>0.{n}87654321</td><td>{n}</td></tr>" for n in (1, 2)
    )
    assert drawn({"text/html": f"<table><tr>{names}</tr>{rows}</table>"}, width=24).lines == (
        "   city       amount",
        "─  ────  ───────────",
        "1  Rome  1658.730001",
        "2  Rome  2658.730001",
        "",
        "         share  rate",
        "─  ───────────  ────",
        "1  0.187654321     1",
        "2  0.287654321     2",
    )


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ({"text/markdown": "a **b**\n\n- c", "text/plain": "<Markdown>"}, ("a b", "", "• c")),
        ({"text/markdown": "| <!--/--> | mpg |\n|---|---|\n| Fiat | 32 |\n"}, ("      mpg", "────  ───", "Fiat  32")),
        (
            {"text/html": "<dl><dt>a</dt></dl>", "text/latex": "", "text/markdown": "a\n:   1", "text/plain": "a \n1 "},
            ("a ", "1 "),
        ),
        ({"text/html": "<b>m</b>", "text/markdown": "*m*", "text/plain": "<M>"}, ("m",)),
        ({"text/html": "<b>m</b>", "text/markdown": "**m**", "text/plain": "Mail(n=3)"}, ("m",)),
        ({"text/latex": "$\\alpha^2$", "text/plain": "<Math>"}, ("α²",)),
        ({"application/json": {"a": [1]}, "text/plain": "<JSON>"}, ("{", '  "a": [', "    1", "  ]", "}")),
        ({"text/html": "<p>one</p><script>x()</script><p>two</p>", "text/plain": "<HTML>"}, ("one", "", "two")),
        ({"text/html": "<b>bold</b>", "text/plain": "plain is better"}, ("plain is better",)),
        ({"text/plain": "a\x1b]0;t\x07b\nc"}, ("ab", "c")),
        ({"application/x-thing": "1"}, ("(application/x-thing)",)),
        ({"image/svg+xml": "<svg/>", "text/plain": "<SVG>"}, ("<SVG>",)),
        ({}, ()),
    ],
)
def test_each_kind_of_value_has_a_form_of_its_own(data: dict[str, object], lines: tuple[str, ...]) -> None:
    assert drawn(data) == Drawn(lines=lines)


def test_a_picture_that_cannot_be_drawn_is_a_file_that_opens() -> None:
    can = Abilities(styles=True, colour=False)
    output = e.Output(cell="c1", kind="display", data={"image/png": PNG}, file="/data/a b.png")
    line = "\x1b[2mimage/png: \x1b]8;;file:///data/a%20b.png\x1b\\/data/a b.png\x1b]8;;\x1b\\\x1b[0m"
    assert Results(THEMES["mono"], can).draw(output, 60) == Drawn(lines=(line,))


def test_kitty_gets_the_picture_in_chunks_no_wider_than_the_screen() -> None:
    sequence = picture("kitty", "image/png", PNG, 80)
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", sequence)
    assert [keys for keys, _ in chunks] == ["a=T,f=100,q=2,c=2,m=1", "m=0"]
    assert "".join(chunk for _, chunk in chunks) == PNG
    assert all(len(chunk) <= 4096 for _, chunk in chunks)


def test_iterm2_gets_the_picture_with_its_size() -> None:
    size = len(base64.b64decode(PNG))
    expected = f"\x1b]1337;File=inline=1;size={size};width=2;preserveAspectRatio=1:{PNG}\x07"
    assert picture("iterm2", "image/png", PNG, 80) == expected


def test_sixels_are_drawn_band_by_band() -> None:
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.new("RGB", (20, 8), "red").save(file, "PNG")
    sequence = picture("sixel", "image/png", base64.b64encode(file.getvalue()).decode(), 80)
    found = re.fullmatch(r'\x1bPq"1;1;20;8((?:#\d+;2;\d+;\d+;\d+)+)#(\d+)!20~-#\2!20B\x1b\\', sequence)
    assert found is not None, sequence
    assert f"#{found[2]};2;100;0;0" in found[1]


def test_without_pillow_a_terminal_of_sixels_gets_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert picture("sixel", "image/png", PNG, 80) == ""


@pytest.mark.parametrize("way", ["kitty", "iterm2", "sixel"])
@pytest.mark.parametrize(
    "data", ["AAAA\x1b\\\x1b]0;t\x07", "not base64!", "", 7, base64.b64encode(b"no picture").decode()]
)
def test_what_is_no_picture_never_reaches_the_terminal(way: ImageWay, data: object) -> None:
    assert picture(way, "image/png", data, 80) == ""


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM_PROGRAM": "ghostty", "TERM": "xterm"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app", "TERM": "xterm"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm", "TERM": "xterm"}, "iterm2"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, "none"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, "none"),
        ({"TERM": "screen-256color", "KITTY_WINDOW_ID": "1"}, "none"),
        ({"TERM": "dumb", "KITTY_WINDOW_ID": "1"}, "none"),
    ],
)
def test_how_pictures_are_drawn_is_read_from_the_environment(environment: dict[str, str], way: ImageWay) -> None:
    assert abilities(environment, Screen()).images == way


def test_nested_and_broken_html_is_read_as_far_as_it_goes() -> None:
    source = "<table><tr><td>a<table><tr><td>inner</td></tr></table></td><td colspan=2>b<tr><td>c</table>after <b>it"
    assert html.pieces(source) == [html.Grid(rows=[["a inner", "b", ""], ["c"]]), "after it"]


@pytest.mark.parametrize("start", ["<!--", "<a ", "<a b='", "</", "<?", "<!", "<a b='" + "= " * 600])
def test_markup_without_an_end_takes_no_longer_than_other_text(start: str) -> None:
    text = html.text(f"<b>before</b>{start * (200_000 // len(start))}")  # minutes, if it took more than linear time
    assert text.startswith("before")


def test_comments_in_markdown_are_not_drawn_and_what_only_begins_one_is_and_takes_no_longer() -> None:
    written = "a<!-- no <!-- -->b " + "<!-- " * 160_000  # minutes, if it took more than linear time
    assert drawn({"text/markdown": written}, width=10**6).lines == (f"ab {'<!-- ' * 160_000}".rstrip(),)


def test_comments_and_the_data_in_long_tags_are_not_drawn() -> None:
    source = f"a<!-- <b>no</b> <!-- -->b<img alt='{'x' * 5000}'>c<!-- never <p>ends"
    assert html.text(source) == "abc"


@pytest.mark.parametrize("span", ["²", "9" * 5000, "-1", ""])
def test_a_span_that_is_no_number_of_columns_is_one_column(span: str) -> None:
    assert html.pieces(f"<table><tr><td colspan='{span}'>a<td>b</table>") == [html.Grid(rows=[["a", "b"]])]


@pytest.mark.parametrize("source", ["<![foo[x]]>", "<![ x", "<![CDATA[x]]>", "<!x[", "<?x"])
def test_declarations_of_any_kind_are_no_error(source: str) -> None:
    assert "before" in html.text(f"before{source}")


@pytest.mark.parametrize(
    ("source", "read"),
    [
        (r"$\frac{a+b}{c}$", "(a+b)/c"),
        (r"$$\displaystyle \sum_{i=0}^{n} x_i \leq \infty$$", "∑ᵢ₌₀ⁿ xᵢ ≤ ∞"),
        (r"$\sqrt{x^{2} + y^{2}}$", "√(x² + y²)"),
        (r"$\mathrm{Var}\left(X\right) = \sigma^2$", "Var(X) = σ²"),
        (r"$e^{i \pi}$", "e^(i π)"),
        (r"$\hat{\beta} \ne \bar x \log n$", "β\u0302 ≠ x\u0304 log n"),
        (r"\begin{bmatrix}1 & 2\end{bmatrix}", r"\begin{bmatrix}1 & 2\end{bmatrix}"),
        (r"\unknown{x}", r"\unknown{x}"),
        ("{" * 50 + r"\frac{" * 50, "{" * 50 + r"\frac{" * 50),
    ],
)
def test_latex_is_a_line_one_can_read(source: str, read: str) -> None:
    assert latex.readable(source) == read
