"""Looking at a kernel's state: silent, beside a running cell too, and without touching the user's objects."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from interpreter.seams import Asked, Completions, Ended, Happening, Inspectable, Produced, Variable
from interpreter.stop import Stop
from tests.runners import plain_kernel
from tests.runners.bench import Bench, at, bench, status, text


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One kernel, cleared before each test."""
    with bench(at(tmp_path_factory.mktemp("work")), interactive=True) as made:
        yield made


@pytest.fixture(autouse=True)
def cleared(kernel: Bench) -> None:
    """No variables of the test before."""
    kernel.run("%reset -f")


def summaries(variables: tuple[Variable, ...]) -> dict[str, tuple[str, str]]:
    """Type and summary by name."""
    return {variable.name: (variable.type, variable.summary) for variable in variables}


def test_variables_are_told_with_type_summary_and_size(kernel: Bench) -> None:
    kernel.run("import os\ntext = 'abc'\nrows = [1, 2, 3]\none = {'a': 1}\nbig = 1 << 9999\nlong = 'x' * 100\n_x = 1")
    told = kernel.do(kernel.runner.variables())
    assert summaries(told) == {
        "text": ("str", "'abc'"),
        "rows": ("list", "3 items"),
        "one": ("dict", "1 item"),
        "big": ("int", "10000 bits"),
        "long": ("str", "'" + "x" * 50 + "' and 50 more"),
    }
    assert all(isinstance(variable.size, int) and variable.size > 0 for variable in told)


def test_an_array_and_a_table_show_their_shape(kernel: Bench) -> None:
    kernel.run(
        "def library(name, **given):\n"
        "    return type(name, (), {'__module__': 'numpy', **given})()\n"
        "a = library('ndarray', shape=(3, 4), dtype='float64', nbytes=96)"
    )
    told = kernel.do(kernel.runner.variables())
    assert Variable(name="a", type="ndarray", summary="3x4 float64", size=96) in told


def test_looking_runs_no_code_of_the_users_and_counts_no_cell(kernel: Bench) -> None:
    kernel.run(
        "class Trap:\n"
        "    def __getattribute__(self, name):\n        print('touched', name)\n        return 1\n"
        "    def __len__(self):\n        print('touched len')\n        return 1\n"
        "    def __repr__(self):\n        print('touched repr')\n        return ''\n"
        "class Rows(list):\n    def __len__(self):\n        print('touched len')\n        return 1\n"
        "trap, rows, str = Trap(), Rows(), None"
    )
    count = "get_ipython().execution_count"
    before = int(text(kernel.run(count)))
    told = summaries(kernel.do(kernel.runner.variables()))
    assert (told["trap"], told["rows"], told["str"]) == (("Trap", ""), ("Rows", ""), ("NoneType", "None"))
    assert int(text(kernel.run(count))) == before + 1
    assert kernel.late == []


def test_a_running_cell_is_looked_at_and_goes_on_undisturbed(kernel: Bench, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    code = f"import os, time\nn = 7\nprint('begun')\nwhile not os.path.exists({str(flag)!r}):\n    time.sleep(0.01)\nn"
    nothing = Completions(matches=(), start=0, end=0)

    async def beside() -> list[Happening]:
        cell = asyncio.ensure_future(kernel.cell(code))
        while "n" not in summaries(await kernel.runner.variables()):  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.01)
        assert kernel.runner.state == "busy"
        assert (await kernel.runner.complete("tim", 3), await kernel.runner.inspect("len", 3)) == (nothing, "")
        flag.touch()
        return await cell

    assert kernel.do(beside()) == [
        Produced(kind="stdout", data={"text/plain": "begun\n"}),
        Produced(kind="result", data={"text/plain": "7"}),
        Ended(status="ok"),
    ]
    assert kernel.runner.state == "idle"


def test_a_cell_that_waits_for_input_is_looked_at_and_still_gets_its_line(kernel: Bench) -> None:
    async def beside() -> tuple[list[Happening], tuple[Variable, ...]]:
        seen: list[Happening] = []
        told: tuple[Variable, ...] = ()
        async with aclosing(kernel.runner.run("n = 7\nprint(input('? '))", Stop())) as happenings:
            async for happening in happenings:
                seen.append(happening)
                if isinstance(happening, Asked):
                    told = await kernel.runner.variables()
                    await kernel.runner.answer("typed")
        return seen, told

    seen, told = kernel.do(beside())
    assert (text(seen), status(seen), summaries(told)) == ("typed\n", "ok", {"n": ("int", "7")})


def test_code_is_completed_in_characters(kernel: Bench) -> None:
    kernel.run("wörter = {'a': 1}")
    code = "x = 'é🙂'; wörter.ke"
    told = kernel.do(kernel.runner.complete(code, len(code)))
    assert [code[: told.start] + match + code[told.end :] for match in told.matches] == ["x = 'é🙂'; wörter.keys"]


def test_help_is_told_without_escape_codes(kernel: Bench) -> None:
    words = kernel.do(kernel.runner.inspect("len(", 3))
    assert "Return the number of items in a container." in words
    assert "\x1b" not in words
    assert kernel.do(kernel.runner.inspect("nothing_of_that_name", 3)) == ""


def test_without_a_kernel_every_answer_is_empty_and_none_is_started(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work")) as absent:
        runner: Inspectable = absent.runner
        assert absent.do(runner.variables()) == ()
        assert absent.do(runner.complete("le", 2)).matches == ()
        assert absent.do(runner.inspect("len", 3)) == ""
        assert runner.state == "absent"


@pytest.mark.parametrize(
    "content",
    ["", "found=True", "matches=None, cursor_start=0, cursor_end=0, found=True, data=None", "found=True, data={}"],
)
def test_of_a_kernel_that_leaves_out_its_answer_it_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    plain_kernel.kernelspec(tmp_path / "jupyter")
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work"), name="plain") as plain:
        assert plain.run(f"answer({content})") == [Ended(status="ok")]
        assert plain.do(plain.runner.complete("x", 1)) == Completions(matches=(), start=0, end=0)
        assert plain.do(plain.runner.inspect("x", 1)) == ""


def test_a_stock_kernel_is_looked_at_while_it_is_idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "jupyter" / "kernels" / "stock"
    folder.mkdir(parents=True)
    start = "from ipykernel.kernelapp import launch_new_instance as go; go()"
    argv = [sys.executable, "-c", start, "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Stock", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work"), name="stock") as stock:
        stock.run("rows = ['漢', \"'\", '\\n']\nstr = None")
        count = int(text(stock.run("get_ipython().execution_count")))
        told = stock.do(stock.runner.variables())
        assert summaries(told) == {"rows": ("list", "3 items"), "str": ("NoneType", "None")}
        assert int(text(stock.run("get_ipython().execution_count"))) == count + 1
