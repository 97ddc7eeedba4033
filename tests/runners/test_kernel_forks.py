"""Children that a cell forks: what they print is shown, and none of them outlives the cell as a second kernel."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interpreter.seams import Ended, Happening, Produced
from tests.runners.bench import Bench, at, bench

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="os.fork")
FORK = """
import os
print('before')
pid = os.fork()
if pid:
    code = os.waitpid(pid, 0)[1] >> 8
    print('parent', code)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One kernel, which every fork must leave as it was."""
    with bench(at(tmp_path_factory.mktemp("work"))) as made:
        made.run("import warnings; warnings.filterwarnings('ignore', 'This process .* is multi-threaded')")  # from 3.12
        yield made


def printed(text: str) -> list[Happening]:
    """All of a cell that prints `text` and ends well."""
    return [Produced(kind="stdout", data={"text/plain": text}), Ended(status="ok")]


@pytest.mark.parametrize(
    ("child", "code"),
    [("pass", 0), ("os._exit(3)", 3), ("import sys; sys.exit(4)", 4)],
    ids=["goes on", "ends itself", "exits"],
)
def test_a_forked_child_ends_with_the_cell_and_the_kernel_goes_on(kernel: Bench, child: str, code: int) -> None:
    happened = kernel.run(f"{FORK}else:\n    print('child')\n    {child}", timeout=10)
    assert happened == printed(f"before\nchild\nparent {code}\n")
    assert kernel.run("print('next')", timeout=10) == printed("next\n")


def test_a_child_that_a_cell_with_an_await_forks_ends_with_it_too(kernel: Bench) -> None:
    happened = kernel.run(f"import asyncio\nawait asyncio.sleep(0.01)\n{FORK}else:\n    print('child')", timeout=10)
    assert happened == printed("before\nchild\nparent 0\n")
    assert kernel.run("print('next')", timeout=10) == printed("next\n")


def test_a_child_that_is_forked_between_two_cells_ends_before_it_takes_one(kernel: Bench, tmp_path: Path) -> None:
    done = tmp_path / "done"
    later = (
        "import asyncio, os, pathlib\n"
        "def fork():\n"
        "    global child\n"
        "    child = os.fork()\n"
        f"    if child: pathlib.Path({str(done)!r}).touch()\n"
        "_ = asyncio.get_running_loop().call_later(0.2, fork)"
    )
    assert kernel.run(later, timeout=10) == [Ended(status="ok")]
    kernel.do(kernel.until(done.exists))
    assert kernel.run("print(os.waitpid(child, 0)[1])", timeout=10) == printed("0\n")
    assert kernel.run("print('next')", timeout=10) == printed("next\n")


def test_what_a_forked_child_raises_is_printed_and_no_error_of_the_cell(kernel: Bench) -> None:
    happened = kernel.run(f"{FORK}else:\n    raise ValueError('wrong')", timeout=10)
    told = [happening for happening in happened if isinstance(happening, Produced) and happening.kind == "stderr"]
    assert [str(output.data["text/plain"]).splitlines()[-2:] for output in told] == [["ValueError: wrong", ""]]
    assert [happening for happening in happened if happening not in told] == [
        Produced(kind="stdout", data={"text/plain": "before\n"}),
        Produced(kind="stdout", data={"text/plain": "parent 1\n"}),
        Ended(status="ok"),
    ]
    assert kernel.run("print('next')", timeout=10) == printed("next\n")


def test_processes_of_multiprocessing_end_as_they_do_anywhere(kernel: Bench) -> None:
    code = (
        "import multiprocessing\n"
        "forking = multiprocessing.get_context('fork')\n"
        "child = forking.Process(target=print, args=('child',))\n"
        "child.start()\n"
        "child.join()\n"
        "with forking.Pool(2) as pool:\n"
        "    print('parent', child.exitcode, pool.map(abs, [-1, -2]))"
    )
    assert kernel.run(code, timeout=20) == printed("child\nparent 0 [1, 2]\n")
    assert kernel.run("print('next')", timeout=10) == printed("next\n")
