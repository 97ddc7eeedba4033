"""How much a cell may print, show and be worth, on a real kernel whose limit is 1 MB."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interpreter.seams import Ended, Produced
from tests.runners import plain_kernel
from tests.runners.bench import Bench, at, bench, text

MEGABYTE = 1_000_000
WORDS = "The cell was interrupted: it printed more than 1 MB."
COMPLAINT = Produced(kind="error", data={"text/plain": WORDS})
PICTURE = "from IPython.display import Image, display\ndisplay(Image(bytes({size}), format='png'))"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One kernel, for cells after which it lives."""
    with bench(at(tmp_path_factory.mktemp("work"), output_limit=1)) as made:
        yield made


@pytest.fixture(autouse=True)
def unheard(kernel: Bench) -> None:
    """Nothing late of the test before."""
    kernel.late.clear()


def test_a_cell_that_prints_without_end_is_interrupted_and_nothing_is_told_beyond_the_limit(kernel: Bench) -> None:
    printed = ("x" * 999 + "\n") * 1000
    assert kernel.run("while True:\n    print('x' * 999)") == [
        Produced(kind="stdout", data={"text/plain": printed}),
        COMPLAINT,
        Ended(status="error"),
    ]
    assert (text(kernel.run("'still here'")), kernel.late) == ("'still here'", [])


@pytest.mark.parametrize(
    "code",
    [
        "for _ in range(30):\n    display('x' * 100_000)",
        "'x' * 3_000_000",
        "print('x' * 600_000)\ndisplay('x' * 300_000)\n'x' * 600_000",
        "raise ValueError('x' * 3_000_000)",
    ],
    ids=["displays", "result", "together", "error"],
)
def test_what_is_shown_and_what_a_cell_is_worth_count_too(kernel: Bench, code: str) -> None:
    happened = kernel.run(code)
    assert happened[-2:] == [COMPLAINT, Ended(status="error")]
    assert len(text(happened)) <= MEGABYTE + len(WORDS)


def test_a_picture_below_the_limit_is_whole_and_one_above_it_is_left_out(kernel: Bench) -> None:
    (picture, ended) = kernel.run(PICTURE.format(size=990_000))
    assert isinstance(picture, Produced)
    assert len(str(picture.data["image/png"]).strip()) == 1_320_000
    assert ended == Ended(status="ok")
    assert kernel.run(PICTURE.format(size=1_100_000)) == [COMPLAINT, Ended(status="error")]


def test_a_thread_that_prints_on_is_told_up_to_the_limit_of_its_cell(kernel: Bench, tmp_path: Path) -> None:
    over = tmp_path / "over"
    happened = kernel.run(
        "import threading\n"
        "begun = threading.Event()\n"
        "def print_on():\n"
        "    begun.wait()\n"
        "    for _ in range(30):\n"
        "        print('x' * 99_999, flush=True)\n"
        f"    open({str(over)!r}, 'w').close()\n"
        "threading.Thread(target=print_on).start()"
    )
    assert happened == [Ended(status="ok")]
    assert kernel.run("begun.set()") == [Ended(status="ok")]
    kernel.do(kernel.until(lambda: over.exists() and "left out" in text(kernel.late)))
    assert kernel.run("'next'") == [Produced(kind="result", data={"text/plain": "'next'"}), Ended(status="ok")]
    words = "[What the cell goes on printing is left out: it printed more than 1 MB.]\n"
    assert text(kernel.late) == ("x" * 99_999 + "\n") * 10 + words


def test_what_several_threads_print_at_once_is_counted_once(tmp_path: Path) -> None:
    code = (
        "import threading\n"
        "def flood():\n"
        "    for _ in range(500):\n"
        "        print('x' * 4_999)\n"
        "threads = [threading.Thread(target=flood) for _ in range(4)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()"
    )
    with bench(at(tmp_path, output_limit=12)) as made:
        happened = made.run(code)
    assert (text(happened).count("x"), happened[-1]) == (4 * 500 * 4_999, Ended(status="ok"))


FLOOD = """
import resource, sys
from pathlib import Path
from tests.runners.bench import at, bench, status, text
with bench(at(Path(sys.argv[1]), output_limit=1), name=sys.argv[3] or None) as made:
    made.run("1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code = f"while True:\\n    try:\\n        {sys.argv[2]}('x' * 100_000)\\n    except BaseException: pass"
    happened = made.run(code)
    made.do(made.until(lambda: made.runner.state in ("dead", "idle")))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(status(happened), len(text(happened, "stdout", "display")), len(text(made.late)), grown)
"""
"""A program in which a cell floods and resists; how it ended, what came, and by how many MB the program has grown."""


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of the measure")
@pytest.mark.parametrize(("name", "verb"), [("", "print"), ("", "display"), ("plain", "say")])
def test_a_flood_that_resists_interrupts_is_no_burden_to_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, verb: str
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    plain_kernel.kernelspec(tmp_path / "jupyter")
    (tmp_path / "work").mkdir()
    argv = [sys.executable, "-c", FLOOD, str(tmp_path / "work"), verb, name]
    done = subprocess.run(argv, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    ended, told, late, grown = done.stdout.split()
    assert (ended, told) == ("error", str(MEGABYTE))
    assert (int(late) < 1000, int(grown) < 300) == (True, True)
