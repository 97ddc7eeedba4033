"""What counts as the same output: numbers, times, tables, pictures, values; and what is suspected of a difference."""

from __future__ import annotations

import base64

import pytest

from interpreter.notebooks.document import Json
from interpreter.replay.causes import Suspicion
from interpreter.replay.comparison import Comparison, Difference, compare
from interpreter.replay.likeness import Likeness, of_html, of_json, of_text
from interpreter.replay.pictures import same_picture
from tests.notebooks.stories import png

SAME, OTHER = Likeness(same=True), Likeness(same=False)


def apart(*names: str) -> Likeness:
    return Likeness(same=True, apart=names)


@pytest.mark.parametrize("text", ["1" * 100_000 + "x", "C:\\" * 50_000])
def test_a_long_output_is_compared_in_a_time_that_grows_as_it_does(text: str) -> None:
    assert of_text(text, f"{text}y") == OTHER  # minutes, if it took more


@pytest.mark.parametrize(
    ("recorded", "now", "likeness"),
    [
        ("a\n", "a", SAME),
        ("\x1b[31ma\x1b[0m", "a", SAME),
        ("a", "b", OTHER),
        ("0.30000000000000004", "0.3", apart("the last digits of numbers")),
        ("x  0.30000000000000004\n", "x 0.3\n", apart("the last digits of numbers")),
        ("0.3", "0.31", OTHER),
        ("10000000000000001", "10000000000000002", OTHER),
        ("1.0", "1", apart("the last digits of numbers")),
        ("v1.2.3", "v1.2.4", OTHER),
        ("<A at 0x7f00aa11>", "<A at 0x7f00bb22>", apart("memory addresses")),
        ("done in 0.25 s", "done in 12.1 s", apart("durations")),
        ("CPU times: user 3 ms\nWall time: 1min 2s", "CPU times: user 4 ms\nWall time: 59 s", apart("durations")),
        ("10 ns ± 1 ns per loop (mean ± std. dev. of 7 runs, 1 loop each)",
         "11 ns ± 2 ns per loop (mean ± std. dev. of 7 runs, 10 loops each)", apart("durations")),
        ("100%|##| 10/10 [00:01<00:00,  9.5it/s]", "100%|##| 10/10 [00:03<00:00,  2.5it/s]", apart("durations")),
        ("2026-01-02 03:04:05 INFO 5 rows", "2026-02-03 04:05:06.789 INFO 5 rows", apart("times")),
        ("2026-01-02 03:04:05 INFO 5 rows", "2026-02-03 04:05:06 INFO 6 rows", OTHER),
        ("now: Tue Nov 24 15:40:23 UTC 2026", "now: Wed Nov 25 05:40:23 UTC 2026", apart("times")),
        ("2026-01-02 03:04:05", "2026-02-03 04:05:06", OTHER),
        ("until 2026-01-02", "until 2026-02-03", OTHER),
        ("kept in /tmp/tmpab12/x.csv", "kept in /tmp/tmpcd34/x.csv", apart("temporary files")),
        ("id 123e4567-e89b-12d3-a456-426614174000", "id 223e4567-e89b-12d3-a456-426614174000", apart("identifiers")),
    ],
)  # fmt: skip
def test_texts(recorded: str, now: str, likeness: Likeness) -> None:
    assert of_text(recorded, now) == likeness
    assert of_text(now, recorded) == likeness


def test_tables_are_compared_by_what_they_show() -> None:
    table = "<style>#T_1 {}</style><table id='T_1'>\n<tr><td>mean</td><td>0.30000000000000004</td></tr></table>"
    same = "<style>#T_2 {}</style><table id='T_2'><tr><td>mean</td><td>0.3</td></tr></table>"
    assert of_html(table, same) == apart("the last digits of numbers")
    assert of_html(table, same.replace("0.3", "0.4")) == OTHER
    assert of_html(table, same.replace("td>", "th>")) == OTHER


def test_values_are_compared_to_their_last_digits() -> None:
    assert of_json({"a": [1, 0.1 + 0.2]}, {"a": [1, 0.3]}) == apart("the last digits of numbers")
    assert of_json({"a": [1, "x"]}, {"a": [1, "x"]}) == SAME
    assert of_json({"a": 1}, {"a": 2}) == OTHER
    assert of_json({"a": True}, {"a": "True"}) == OTHER


def test_pictures_are_compared_by_their_pixels() -> None:
    red, note, blue = png((255, 0, 0)), png((255, 0, 0), comment="made today"), png((0, 0, 255))
    assert red != note
    assert same_picture("image/png", red, note)
    assert not same_picture("image/png", red, blue)
    assert not same_picture("image/png", red, "no base64 at all!")


def test_photographs_are_compared_without_comments_and_drawings_without_names() -> None:
    def jpeg(comment: bytes, data: bytes) -> str:
        header = b"\xff\xd8\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        return base64.b64encode(header + b"\xff\xdb\x00\x03\x01\xff\xda\x00\x02" + data).decode()

    assert same_picture("image/jpeg", jpeg(b"one", b"x"), jpeg(b"another", b"x"))
    assert not same_picture("image/jpeg", jpeg(b"one", b"x"), jpeg(b"one", b"y"))

    def svg(name: str, date: str, path: str = "M0 0") -> str:
        return f'<svg><metadata>{date}</metadata><path id="{name}" d="{path}"/><use href="#{name}"/></svg>'

    assert same_picture("image/svg+xml", svg("a1", "today"), svg("b2", "tomorrow"))
    assert not same_picture("image/svg+xml", svg("a1", "today"), svg("a1", "today", "M1 1"))


def stream(text: str, name: str = "stdout") -> Json:
    return {"output_type": "stream", "name": name, "text": text}


def value(**data: object) -> Json:
    kinds = {"plain": "text/plain", "html": "text/html", "png": "image/png"}
    bundle = {kinds[kind]: it for kind, it in data.items()}
    return {"output_type": "execute_result", "data": bundle, "metadata": {}, "execution_count": 1}


def error(name: str, words: str, *traceback: str) -> Json:
    return {"output_type": "error", "ename": name, "evalue": words, "traceback": list(traceback)}


@pytest.mark.parametrize(
    ("recorded", "now", "comparison"),
    [
        ([stream("a"), stream("w", "stderr"), stream("b")], [stream("ab"), stream("w", "stderr")], Comparison()),
        ([value(plain="<Figure>", png=png((1, 1, 1)))], [value(plain="<Figure 2>", png=png((1, 1, 1)))], Comparison()),
        ([error("E", "at 0x7f00aa11", "line 1")], [error("E", "at 0x7f00bb22", "line 9")],
         Comparison(apart=("memory addresses",))),
        ([error("E", "x")], [error("F", "x")],
         Comparison(differences=(Difference(what="error", recorded="E: x", now="F: x"),))),
        ([stream("a\nb\nc\n")], [stream("a\nB\nc\n")],
         Comparison(differences=(Difference(what="stdout", recorded="b\nc", now="B\nc"),))),
        ([], [value(plain="1")],
         Comparison(differences=(Difference(what="result (text/plain)", recorded="", now="1"),))),
        ([value(plain="1", html="<b>1</b>")], [value(plain="1")],
         Comparison(differences=(Difference(what="result (text/html)", recorded="1", now="1"),))),
        ([stream("head\n[… 90 characters left out …]\ntail\n")], [stream("head" + "x" * 90 + "tail\n")], Comparison()),
        ([stream("head\n[… 90 characters left out …]\ntail\n")], [stream("head" + "x" * 90 + "tale\n")],
         Comparison(differences=(Difference(what="stdout", recorded="head\n[… 90 characters left out …]\ntail",
                                            now="head" + "x" * 90 + "tale"),))),
    ],
)  # fmt: skip
def test_outputs(recorded: list[Json], now: list[Json], comparison: Comparison) -> None:
    assert compare(recorded, now) == comparison


RANDOM, CLOCK = "random numbers without a seed", "the time of the run"


@pytest.mark.parametrize(
    ("cells", "causes"),
    [
        (["import random\nrandom.random()"], (RANDOM,)),
        (["from random import choice as pick", "pick([1, 2])"], (RANDOM,)),
        (["import random\nrandom.seed(1)", "random.random()"], ()),
        (["import numpy as np\nnp.random.rand(3)"], (RANDOM,)),
        (["import numpy as np\nnp.random.seed(0)", "np.random.rand(3)"], ()),
        (["import numpy as np\nr = np.random.default_rng(0)", "r.normal()"], ()),
        (["import numpy as np\nr = np.random.default_rng()", "r.normal()"], (f"{RANDOM}, through 'r' of cell 1",)),
        (["df.sample(3)"], (RANDOM,)),
        (["df.sample(3, random_state=1)"], ()),
        (["from datetime import datetime", "datetime.now()"], (CLOCK,)),
        (["import time\ntime.sleep(1)"], ()),
        (["%matplotlib inline\nimport time\nprint(time.time())"], (CLOCK,)),
        (["import random\ndef draw():\n    return random.random()", "draw()"],
         (f"{RANDOM}, through 'draw' of cell 1",)),
        (["import random\nx = random.random()", "x = 1", "x"], ()),
        (["import requests", "requests.get('u')"], ("an answer from the network",)),
        (["1 +"], ()),
    ],
)  # fmt: skip
def test_what_is_suspected_of_the_last_cell(cells: list[str], causes: tuple[str, ...]) -> None:
    suspicion = Suspicion()
    found: tuple[str, ...] = ()
    for number, code in enumerate(cells, 1):
        found = suspicion.causes(str(number), code)
    assert found == causes
