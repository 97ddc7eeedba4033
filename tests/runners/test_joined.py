"""Kernels that run already, joined by their connection file: shared, never ended, and missed when they are gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from textwrap import dedent

import pytest

from interpreter.errors import RunnerError
from interpreter.runners import kept
from interpreter.runners.joined import ExistingKernels, KeptKernels, connection_file
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.kept import Heartbeat
from interpreter.seams import Ended, Happening, Produced
from interpreter.stop import Stop
from tests.runners.bench import Bench, at, bench, happenings_of, status, text


@pytest.fixture
def other(tmp_path: Path) -> Iterator[tuple[Bench, Path]]:
    """Somebody's kernel, and its connection file."""
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work")) as made:
        yield made, Path(text(made.run("import ipykernel\nprint(ipykernel.get_connection_file())")).strip())


def joined(file: Path, late: list[Produced] | None = None) -> JupyterRunner:
    """A runner that joins it; `late` is told what comes after a cell."""
    heard: list[Produced] = [] if late is None else late
    return JupyterRunner(kernels=ExistingKernels(file=file), interactive=False, late=heard.append)


def test_it_is_shared_with_whoever_began_it_and_lives_on(other: tuple[Bench, Path]) -> None:
    theirs, file = other
    ours = joined(file)
    theirs.run("shared = 41")
    assert text(theirs.do(happenings_of(ours, "shared += 1\nprint(shared)"))) == "42\n"
    with pytest.raises(RunnerError, match=r"^This kernel was joined, not started here\."):
        theirs.do(ours.restart())
    theirs.do(ours.close())
    assert text(theirs.run("print(shared)")) == "42\n"


def test_neither_client_is_told_what_the_other_ones_cells_print_and_each_what_its_own_threads_do(
    other: tuple[Bench, Path],
) -> None:
    theirs, file = other
    late: list[Produced] = []
    ours = joined(file, late)
    code = (
        "import threading\n"
        "go, gone = threading.Event(), threading.Event()\n"
        "threading.Thread(target=lambda: (go.wait(), print({name!r}, flush=True), gone.set())).start()"
    )
    assert theirs.do(happenings_of(ours, code.format(name="of ours"))) == [Ended(status="ok")]
    assert theirs.run("print('theirs')\n'theirs'\ngo.set()\nassert gone.wait(20)") == [
        Produced(kind="stdout", data={"text/plain": "theirs\n"}),
        Ended(status="ok"),
    ]
    theirs.do(theirs.until(lambda: text(late) == "of ours\n"))
    assert theirs.run(code.format(name="of theirs")) == [Ended(status="ok")]
    assert theirs.do(happenings_of(ours, "print('ours')\ngo.set()\nassert gone.wait(20)\n'ours'")) == [
        Produced(kind="stdout", data={"text/plain": "ours\n"}),
        Produced(kind="result", data={"text/plain": "'ours'"}),
        Ended(status="ok"),
    ]
    theirs.do(theirs.until(lambda: text(theirs.late) == "of theirs\n"))
    assert text(late) == "of ours\n"
    theirs.do(ours.close())


def test_a_kept_kernel_that_is_joined_again_tells_what_a_thread_of_before_prints(
    other: tuple[Bench, Path], tmp_path: Path
) -> None:
    before, file = other
    before.run(
        "import os, threading, time\n"
        "def wait():\n"
        "    while not os.path.exists('go'): time.sleep(0.01)\n"
        "    print('of before')\n"
        "threading.Thread(target=wait).start()"
    )
    pid = int(text(before.run("os.getpid()")))
    kept.record(kept.fresh(tmp_path / "kept"), connection=file, pid=pid, ours=True)
    kernels = KeptKernels(home=tmp_path / "kept", others=ExistingKernels(file=file), lives=True)
    late: list[Produced] = []
    again = JupyterRunner(kernels=kernels, interactive=False, late=late.append)
    before.do(again.start())
    (tmp_path / "work" / "go").touch()
    before.do(before.until(lambda: text(late) == "of before\n"))
    before.do(again.close())


def test_its_cell_is_interrupted_and_one_that_resists_does_not_cost_the_kernel(
    other: tuple[Bench, Path], tmp_path: Path
) -> None:
    theirs, file = other
    ours = joined(file)
    sleeping = "import time\nprint('ready', flush=True)\ntime.sleep(60)"
    assert status(theirs.do(happenings_of(ours, sleeping, stop_at="ready"))) == "interrupted"
    stubborn = """
        import os, time
        kept = 1
        said = False
        while not os.path.exists('go'):
            try:  # whatever is before or behind it does not resist
                said = said or print('ready', flush=True) is None
                time.sleep(0.01)
            except BaseException: pass
    """
    assert status(theirs.do(happenings_of(ours, dedent(stubborn), stop_at="ready"))) == "interrupted"
    with pytest.raises(RunnerError, match=r"^The kernel still runs an earlier cell, which resists interrupts\."):
        theirs.do(happenings_of(ours, "print(kept)"))
    (tmp_path / "work" / "go").touch()
    theirs.do(theirs.until(lambda: ours.state == "idle"))
    assert theirs.do(happenings_of(ours, "print(kept)")) == [
        Produced(kind="stdout", data={"text/plain": "1\n"}),
        Ended(status="ok"),
    ]
    theirs.do(ours.close())


def test_an_interrupt_that_comes_late_strikes_no_later_cell(other: tuple[Bench, Path]) -> None:
    theirs, file = other
    ours = joined(file)
    theirs.run(
        "import threading\n"
        "asked, second, struck = threading.Event(), threading.Event(), threading.Event()\n"
        "kernel = get_ipython().kernel\n"
        "def late(plain=kernel._send_interrupt_children):\n"
        "    asked.set()\n"
        "    second.wait(1)\n"
        "    plain()\n"
        "    struck.set()\n"
        "kernel._send_interrupt_children = late"
    )
    assert (
        status(theirs.do(happenings_of(ours, "print('ready', flush=True)\nasked.wait()", stop_at="ready")))
        == "interrupted"
    )
    after = theirs.do(happenings_of(ours, "second.set()\nstruck.wait(60)\nprint('whole')"))
    assert after == [Produced(kind="stdout", data={"text/plain": "whole\n"}), Ended(status="ok")]
    theirs.do(ours.close())


def test_its_death_is_told_and_afterwards_that_nobody_answers(other: tuple[Bench, Path]) -> None:
    theirs, file = other
    ours = joined(file)

    async def die() -> list[Happening]:
        async with aclosing(ours.run("import os, time\nprint('ready', flush=True)\ntime.sleep(60)", Stop())) as seen:
            happened = []
            async for happening in seen:
                happened.append(happening)
                if "ready" in text([happening]):
                    await theirs.runner.close()
            return happened

    assert status(theirs.do(die())) == "died"
    file.parent.mkdir()
    file.write_text(json.dumps({"transport": "ipc", "ip": str(file.parent / "k"), "hb_port": 5}))
    with pytest.raises(RunnerError, match=r"^No kernel answers at .*connection\.json\. It may have ended"):
        theirs.do(happenings_of(ours, "1"))
    theirs.do(ours.close())
    file.unlink()
    file.parent.rmdir()


def test_a_kernel_that_is_busy_for_somebody_else_is_told_of(other: tuple[Bench, Path], tmp_path: Path) -> None:
    theirs, file = other
    ours = joined(file)

    async def meanwhile() -> None:
        waits = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)"
        cell = asyncio.create_task(theirs.cell(waits))
        await theirs.until(lambda: theirs.runner.state == "busy")
        with pytest.raises(RunnerError, match=r"runs other code\. Wait for its end, or interrupt it there\.$"):
            await happenings_of(ours, "1")
        (tmp_path / "work" / "go").touch()
        await cell

    theirs.do(meanwhile())
    theirs.do(ours.close())


def test_a_kept_kernel_that_is_busy_for_somebody_else_is_not_ended_by_who_could_not_join_it(
    other: tuple[Bench, Path], tmp_path: Path
) -> None:
    theirs, file = other
    kept.record(
        kept.fresh(tmp_path / "kept"),
        connection=file,
        pid=int(text(theirs.run("import os; print(os.getpid())"))),
        ours=True,
    )
    kernels = KeptKernels(home=tmp_path / "kept", others=ExistingKernels(file=file), lives=True)
    ours = JupyterRunner(kernels=kernels, interactive=False, late=lambda _: None)

    async def meanwhile() -> list[Happening]:
        waits = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('here still')"
        cell = asyncio.create_task(theirs.cell(waits))
        await theirs.until(lambda: theirs.runner.state == "busy")
        with pytest.raises(RunnerError, match=r"runs other code\. Wait for its end, or interrupt it there\.$"):
            await happenings_of(ours, "1")
        (tmp_path / "work" / "go").touch()
        return await cell

    assert text(theirs.do(meanwhile())) == "here still\n"
    theirs.do(ours.close())
    assert kept.find(tmp_path / "kept") is not None


def test_a_heart_is_asked_no_more_once_that_was_cancelled_though_it_answers(other: tuple[Bench, Path]) -> None:
    """To leave a kernel whose answer came at that moment took for ever."""
    theirs, file = other

    async def ended() -> None:
        heart = Heartbeat(file)
        assert await heart.beats(60)
        for steps in range(1500):  # one of them is between the answer and whoever waits for it
            asking = asyncio.create_task(heart.beats(60))
            for _ in range(steps % 100):
                await asyncio.sleep(0)
            if asking.cancel():
                await asyncio.wait({asking})
                assert asking.cancelled()
        heart.close()

    theirs.do(ended())


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "null",
        '{"transport": "none", "ip": "x", "hb_port": 1}',
        '{"transport": "tcp", "ip": "no ip", "hb_port": 1}',
    ],
)
def test_a_file_that_is_none_of_a_kernel_is_told_of(tmp_path: Path, content: str) -> None:
    file = tmp_path / "odd.json"
    file.write_text(content)
    with pytest.raises(RunnerError, match=r"^No kernel answers at .*odd\.json\. It may have ended"):
        asyncio.run(ExistingKernels(file=file).check())


def test_a_connection_file_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match=r"^There is no connection file '.*none\.json'\."):
        connection_file(str(tmp_path / "none.json"))
