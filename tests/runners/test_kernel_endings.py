"""Cells that do not end by themselves: interrupts, limits and deaths, on real kernels."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from interpreter.seams import Ended, Happening, Produced, Restarted
from interpreter.stop import Stop
from tests.runners import plain_kernel
from tests.runners.bench import STUBBORN, Bench, at, bench, error, joined, status, text

OK = Ended(status="ok")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One kernel, for cells after which it lives."""
    with bench(at(tmp_path_factory.mktemp("work"))) as made:
        yield made


def restarts(happenings: list[Happening]) -> list[str]:
    """The reasons of the restarts that were told."""
    return [happening.reason for happening in happenings if isinstance(happening, Restarted)]


@pytest.mark.parametrize(
    "code",
    [
        "import time\nprint('ready', flush=True)\ntime.sleep(60)",
        "print('ready', flush=True)\nwhile True: pass",
        "import asyncio\nprint('ready', flush=True)\nawait asyncio.sleep(60)",
        "import asyncio, time\nawait asyncio.sleep(0)\nprint('ready', flush=True)\ntime.sleep(60)",
        "async def spin():\n    print('ready', flush=True)\n    while True: pass\nawait spin()",
        "import subprocess\nprint('ready', flush=True)\nsubprocess.run(['sleep', '60'])",
        "import os, time\nprint('ready', flush=True)\nos.system('sleep 60')\ntime.sleep(60)",
        "print('ready', flush=True)\n!sleep 60",
        "import threading\nprint('ready', flush=True)\nthreading.Event().wait()",
        "import time\ntry:\n    print('ready', flush=True)\n    time.sleep(60)\nexcept:\n    time.sleep(60)",
    ],
    ids=[
        "sleep",
        "busy loop",
        "await",
        "sleep behind an await",
        "busy loop in an await",
        "child process",
        "child, then sleep",
        "shell escape",
        "lock",
        "swallowed once",
    ],
)
def test_an_interrupt_ends_the_cell_and_keeps_the_state(kernel: Bench, code: str) -> None:
    kernel.run("kept = 41")
    happened = kernel.run(code, stop_at="ready")
    assert status(happened) == "interrupted"
    assert kernel.run("print(kept + 1)") == [Produced(kind="stdout", data={"text/plain": "42\n"}), OK]


def test_a_signal_alone_ends_a_cell_that_awaits(kernel: Bench) -> None:
    """Ours are followed by a message, which wakes the kernel too; on a busy machine that once was not enough."""
    later = (
        "import asyncio, os, subprocess\n_ = subprocess.Popen(['sh', '-c', f'sleep 0.3; kill -INT {os.getpid()}'])\n"
    )
    happened = kernel.run(f"{later}await asyncio.Future()", timeout=20)
    assert (status(happened), error(happened)) == ("error", "CancelledError")


@pytest.mark.parametrize("code", ["ran = 1", "import asyncio\nran = 1\nawait asyncio.sleep(0)"], ids=["plain", "await"])
def test_an_interrupt_before_the_code_begins_strikes_as_it_does(mortal: Bench, code: str) -> None:
    """Once it cost the reply, and a cell that awaits could go on when it was said to be over."""
    mortal.run(
        "import os, signal\n"
        "def strike(lines):\n"
        "    get_ipython().input_transformers_post.remove(strike)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return lines\n"
        "get_ipython().input_transformers_post.append(strike)"
    )
    happened = mortal.run(code)
    assert (status(happened), error(happened)) == ("error", "KeyboardInterrupt")
    assert text(mortal.run("'ran' in dir()")) == "False"


def test_an_interrupt_behind_the_code_costs_neither_the_reply_nor_the_kernel(mortal: Bench) -> None:
    armed = mortal.run(
        "import os, signal\n"
        "def struck(plain):\n"
        "    def strike(*arguments):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        return plain(*arguments)\n"
        "    return strike\n"
        "kernel = get_ipython().kernel\n"
        "kernel.finish_metadata = struck(kernel.finish_metadata)\n"
        "kernel.post_handler_hook = struck(kernel.post_handler_hook)"
    )
    assert armed == [OK]
    for _ in range(3):
        happened = mortal.run("len?")  # what it shows comes in the reply alone
        assert (restarts(happened), status(happened), text(happened)[:9]) == ([], "ok", "Signature")


def test_whoever_reads_is_let_go_at_once_though_c_code_goes_on(kernel: Bench) -> None:
    kernel.run("kept = 41")
    happened = kernel.run("print('ready', flush=True)\nsum(range(10**8))", stop_at="ready")
    assert status(happened) == "interrupted"
    after = kernel.run("kept")
    assert (after, restarts(after)) == ([Produced(kind="result", data={"text/plain": "41"}), OK], [])


def test_a_cell_that_waits_for_input_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work"), interactive=True) as asking:
        stop = Stop()

        async def ask() -> list[Happening]:
            seen = []
            async with aclosing(asking.runner.run("input('? ')", stop)) as happenings:
                async for happening in happenings:
                    seen.append(happening)
                    stop.set()
            return seen

        assert status(asking.do(ask())) == "interrupted"
        assert status(asking.run("1")) == "ok"


def test_code_that_resists_lets_its_reader_go_and_costs_the_kernel(mortal: Bench) -> None:
    mortal.run("kept = 1\nrows = [1, 2]")
    happened = mortal.run(STUBBORN, stop_at="ready")
    assert (status(happened), mortal.runner.state) == ("interrupted", "busy")
    after = mortal.run("'kept' in dir()")
    assert after == [
        Restarted(reason="the code did not react to the interrupt; lost: kept, rows"),
        Produced(kind="result", data={"text/plain": "False"}),
        OK,
    ]


@pytest.mark.parametrize("again", [True, False], ids=["restart", "close"])
def test_a_cell_whose_kernel_is_ended_by_its_owner_ends_at_once_as_died(mortal: Bench, again: bool) -> None:
    async def story() -> list[Happening]:
        happened: list[Happening] = []
        code = "import time\nprint('ready', flush=True)\ntime.sleep(60)"
        async with aclosing(mortal.runner.run(code, Stop())) as happenings:
            async for happening in happenings:
                happened.append(happening)
                if len(happened) == 1:
                    await (mortal.runner.restart() if again else mortal.runner.close())
        return happened

    assert mortal.do(story()) == [Produced(kind="stdout", data={"text/plain": "ready\n"}), Ended(status="died")]
    assert text(mortal.run("'time' in dir()")) == "False"


def test_a_restart_while_code_resists_brings_one_new_kernel(mortal: Bench) -> None:
    mortal.run(STUBBORN, stop_at="ready")
    mortal.do(mortal.runner.restart())
    assert mortal.run("'resist' in dir()") == [Produced(kind="result", data={"text/plain": "False"}), OK]


def test_a_restart_while_a_cell_waits_for_code_that_resists_lets_it_run_in_the_new_kernel(mortal: Bench) -> None:
    mortal.run(STUBBORN, stop_at="ready")

    async def meanwhile() -> list[Happening]:
        cell = asyncio.ensure_future(mortal.cell("'resist' in dir()"))
        for _ in range(10):  # then it waits
            await asyncio.sleep(0)
        await mortal.runner.restart()
        return await cell

    assert mortal.do(meanwhile()) == [Produced(kind="result", data={"text/plain": "False"}), Ended(status="ok")]


def test_a_stop_while_an_earlier_interrupt_is_under_way_ends_at_once(mortal: Bench) -> None:
    mortal.run(STUBBORN, stop_at="ready")
    stop = Stop()
    stop.set()

    async def refused() -> list[Happening]:
        async with aclosing(mortal.runner.run("print('never')", stop)) as happenings:
            return [happening async for happening in happenings]

    assert mortal.do(refused()) == [Ended(status="interrupted")]


def test_a_reader_who_leaves_interrupts_the_cell(kernel: Bench) -> None:
    kernel.run("import time")

    async def leave() -> None:
        async with aclosing(kernel.runner.run("print('ready', flush=True)\ntime.sleep(60)\nleft = 1", Stop())) as seen:
            assert await anext(seen) == Produced(kind="stdout", data={"text/plain": "ready\n"})

    kernel.do(leave())
    assert text(kernel.run("'left' in dir()")) == "False"


def test_the_time_limit_interrupts_and_says_so(kernel: Bench) -> None:
    happened = kernel.run("import time\nprint('begun', flush=True)\ntime.sleep(60)", timeout=0.5)
    assert (status(happened), text(happened, "stdout")) == ("timeout", "begun\n")
    assert status(kernel.run("1", timeout=30)) == "ok"


def test_memory_beyond_the_limit_is_an_error_and_the_kernel_lives(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work", memory_limit=2000)) as small:
        assert error(small.run("kept = 1\nx = bytearray(4_000_000_000)")) == "MemoryError"
        assert text(small.run("kept")) == "1"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os\nos._exit(3)", "the kernel ended with exit code 3"),
        (
            "import os\nos.kill(os.getpid(), 9)",
            "the kernel was killed, probably because the machine ran out of memory",
        ),
        (
            "import os, signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nos.kill(os.getpid(), signal.SIGINT)",
            "the interrupt ended the kernel",
        ),
    ],
    ids=["exit", "killed", "interrupted"],
)
def test_a_death_is_told_with_the_last_output_and_what_is_lost(
    mortal: Bench, tmp_path: Path, code: str, words: str
) -> None:
    heard = tmp_path / "heard"

    async def dying() -> list[Happening]:
        seen = []
        wait = f"import os, time\nwhile not os.path.exists({str(heard)!r}): time.sleep(0.01)\n"
        async for happening in mortal.runner.run(f"print('last words', flush=True)\n{wait}{code}", Stop()):
            seen.append(happening)
            if "last words" in text([happening]):
                heard.touch()
        return seen

    mortal.run("table = 1\nraise ValueError('a cell that fails has set names too')")
    assert joined(mortal.do(dying())) == [
        Produced(kind="stdout", data={"text/plain": "last words\n"}),
        Produced(kind="error", data={"text/plain": f"{words[0].upper()}{words[1:]}."}),
        Restarted(reason=f"{words}; lost: table"),
        Ended(status="died"),
    ]
    assert text(mortal.run("'table' in dir()")) == "False"


def test_a_crash_of_c_code_tells_the_line_of_the_cell(mortal: Bench) -> None:
    happened = mortal.run("import ctypes\ndef read():\n    ctypes.string_at(0)\nread()")
    words = "the kernel crashed with signal 11 (Segmentation fault)"
    assert happened[-2:] == [Restarted(reason=words), Ended(status="died")]
    lines = text(happened, "error").splitlines()
    assert lines[:2] == [
        "The kernel crashed with signal 11 (Segmentation fault).",
        "Fatal Python error: Segmentation fault",
    ]
    assert lines[-2:] == ["  The cell, line 3 in read", "  The cell, line 4 in <module>"]


def test_a_death_between_two_cells_is_told_before_the_next(mortal: Bench) -> None:
    mortal.run("import os, threading\nthreading.Timer(0.2, lambda: os._exit(4)).start()")
    mortal.do(mortal.until(lambda: mortal.runner.state == "dead"))
    assert restarts(mortal.run("1")) == ["the kernel ended with exit code 4; lost: os, threading"]


def test_a_signal_from_outside_to_the_group_is_a_death(mortal: Bench) -> None:
    pid = int(text(mortal.run("import os\nprint(os.getpid())")))
    os.killpg(pid, signal.SIGTERM)
    mortal.do(mortal.until(lambda: mortal.runner.state == "dead"))
    assert "signal 15" in restarts(mortal.run("1"))[0]


def test_a_stop_while_the_kernel_starts_does_not_stop_its_start(mortal: Bench) -> None:
    stop = Stop()

    async def started() -> None:
        asyncio.get_running_loop().call_soon(stop.set)
        async with aclosing(mortal.runner.run("print('never')", stop)) as happenings:
            assert [happening async for happening in happenings] == [Ended(status="interrupted")]
        assert mortal.runner.state == "starting"

    mortal.do(started())
    mortal.do(mortal.until(lambda: mortal.runner.state == "idle"))


def test_replies_still_come_after_many_interrupts_at_once_and_late(mortal: Bench) -> None:
    """The client's socket once slept for ever over a reply that came while a request was sent."""
    for number in range(12):
        code = f"print('<{number}>\\n', end='', flush=True)\nwhile True: pass"  # in one write, before the stop
        happened = mortal.run(code, stop_at=f"<{number}>")
        assert (status(happened), text(happened, "stdout")) == ("interrupted", f"<{number}>\n")
    for _ in range(12):
        assert text(mortal.run("len?"), "display").startswith("Signature")  # comes in the reply alone


def test_a_client_may_send_while_a_reply_arrives(kernel: Bench) -> None:
    async def crowded() -> None:
        for number in range(30):
            cell = asyncio.ensure_future(kernel.cell(f"{number}"))
            while not cell.done():
                await kernel.runner.variables()
            assert text(await cell) == str(number)

    kernel.do(crowded())
    assert text(kernel.run("len?"), "display").startswith("Signature")


def test_a_cell_whose_end_was_dropped_on_its_way_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    plain_kernel.kernelspec(tmp_path / "jupyter")
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work"), name="plain") as made:
        happened = made.run("say('said')\nhush()")
    words = "[The kernel's word that this cell is over did not arrive. Other output may be missing too.]\n"
    assert happened == [
        Produced(kind="stdout", data={"text/plain": "said"}),
        Produced(kind="stderr", data={"text/plain": words}),
        Ended(status="ok"),
    ]
