"""A session recorded in a real kernel, run again in a fresh one: what is reproducible and what is not, and why."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter.errors import UsageError
from interpreter.history import History
from interpreter.notebooks.document import Json, NotebookKernel, document
from interpreter.notebooks.file import save
from interpreter.notebooks.opening import events
from interpreter.recorders.resume import ran
from interpreter.replay.execution import Ran, replay
from interpreter.replay.plan import plan
from interpreter.runners.environment import workplace
from interpreter.runners.languages import LocalRunners
from interpreter.seams import Asked
from interpreter.stop import Stop
from interpreter.testing import FakeRunner, FakeRunners, ScriptedHost, waiting
from tests.conversations import session
from tests.notebooks.stories import cell, step, turn
from tests.replay.recording import command, context_in, record

DRAW = '''
import struct, zlib
from IPython.display import Image

def picture(row, note):
    """A row of pixels as a PNG, with a note in its metadata."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", len(row), 1, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"tEXt", b"Date\\0" + note.encode()),
             chunk(b"IDAT", zlib.compress(bytes([0]) + row)), chunk(b"IEND", b"")]
    return Image(data=b"\\x89PNG\\r\\n\\x1a\\n" + b"".join(parts), format="png")

class Table:
    def __init__(self, *rows):
        self.rows = rows
    def _repr_html_(self):
        import os
        cells = "".join(f"<tr>{''.join(f'<td>{value}</td>' for value in row)}</tr>" for row in self.rows)
        return f'<table id="T_{os.getpid()}">{cells}</table>'
'''
KEY = "sk-very-secret-key"
CELLS = (
    DRAW,  # c1
    "import random, time, datetime\nprint('loaded', object(), 'in 0.25 s at', datetime.datetime.now())",
    "picture(b'grey', str(time.time_ns()))",  # c3: other metadata, the same pixels
    "picture(random.randbytes(16), '')",  # c4: other pixels
    "Table(('mean', 0.1 + 0.2), ('count', 3))",
    "Table(('draw', random.random()))",
    "seeded = random.Random(7)\nprint(seeded.random())",
    "drawn = [random.random() for _ in range(3)]",  # c8: shows nothing
    "print(sum(drawn))",  # c9: but this does
    "print(datetime.datetime.now())",  # c10: is nothing but a time
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def test_of_ten_cells_exactly_those_that_bring_something_else_are_called_not_reproducible(home: Path) -> None:
    session = record(home, *CELLS)

    done = command("replay", home, session, "--verify", json=True)

    report = json.loads(done.out)
    assert {it["cell"]: (it["finding"], it["why"]) for it in report["cells"]} == {
        "c1": ("same", []),
        "c2": ("apart", ["memory addresses", "times"]),
        "c3": ("same", []),
        "c4": ("differs", ["random numbers without a seed"]),
        "c5": ("same", []),
        "c6": ("differs", ["random numbers without a seed"]),
        "c7": ("same", []),
        "c8": ("same", []),
        "c9": ("differs", ["random numbers without a seed, through 'drawn' of cell c8"]),
        "c10": ("differs", ["the time of the run"]),
    }
    assert (done.code, report["reproducible"]) == (1, False)
    assert report["cells"][5]["differences"][0]["what"] == "result (text/html)"


def test_a_person_reads_what_differs_and_how_many_are_reproducible(home: Path) -> None:
    session = record(home, "x = 1\nx", "import random\nprint('luck')\nprint(random.random())")
    done = command("replay", home, session, "--verify")
    lines = done.out.splitlines()
    assert lines[:3] == [
        "c1           reproduced",
        "c2           NOT REPRODUCIBLE: random numbers without a seed",
        "               stdout",
    ]
    assert lines[3].startswith("                 recorded:  0.")
    assert lines[4].startswith("                 now:       0.")
    assert lines[5:] == ["1 of 2 cells is reproducible."]
    assert done.code == 1


def test_a_session_with_a_shell_and_expected_failures_is_reproducible(home: Path) -> None:
    session = record(
        home,
        "!mkdir -p sub && cd sub && name=world",
        "!basename $PWD; echo hello $name",
        "1 / 0",
        "undefined_name",
        "!false",
    )
    done = command("replay", home, session, "--verify")
    assert done.out.splitlines()[-1] == "All 5 cells are reproducible."
    assert (done.code, done.err) == (0, "")


def test_what_was_declined_interrupted_or_never_run_is_not_compared(home: Path, tmp_path: Path) -> None:
    events = turn(
        "go",
        step(
            1,
            "",
            cell("c1", "1 + 1", e.Output(cell="c1", kind="result", data={"text/plain": "2"})),
            cell("c2", "while True: pass", status="interrupted"),
            [
                e.CodeProposed(cell="c3", language="python", code="raise SystemExit"),
                e.CodeDecided(cell="c3", decision="declined", code="raise SystemExit"),
            ],
        ),
    )
    made = document(events)
    new: Json = {
        "cell_type": "code",
        "id": "new",
        "metadata": {},
        "source": "3",
        "outputs": [],
        "execution_count": None,
    }
    made["cells"].append(new)
    save(tmp_path / "made.ipynb", made)
    done = command("replay", home, str(tmp_path / "made.ipynb"), "--verify")
    assert done.out.splitlines() == [
        "c2           not compared: it was interrupted",
        "c3           not compared: it was declined",
        "c1           reproduced",
        "new          not compared: it was never run in the notebook",
        "1 of 1 cells is reproducible; 3 not compared.",
    ]
    assert done.code == 0


def test_a_cell_that_fails_now_and_did_not_then_is_named(home: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.txt"
    there.write_text("x", encoding="utf-8")
    session = record(home, f"text = open({str(there)!r}).read()", "print('after')")
    there.unlink()
    verified = command("replay", home, session, "--verify", json=True)
    first, second = json.loads(verified.out)["cells"]
    assert first["differences"] == [
        {"what": "error", "recorded": "", "now": f"FileNotFoundError: [Errno 2] No such file or directory: '{there}'"}
    ]
    assert (second["finding"], verified.code) == ("same", 1)

    replayed = command("replay", home, session)
    assert replayed.code == 3
    assert "after" not in replayed.out
    assert replayed.err == "Cell c1 did not fail when it was recorded; the rest is not run.\n"


def test_replay_shows_what_runs_and_what_comes_of_it(home: Path) -> None:
    session = record(home, "print('one')", "!echo two")
    done = command("replay", home, session)
    lines = [line for line in done.out.splitlines() if not line.startswith("[")]
    assert lines == ["print('one')", "one", "echo two", "two"]
    assert (done.code, done.err) == (0, "")


def test_what_was_typed_into_a_cell_is_typed_again() -> None:
    install = Asked(prompt="Install it? ", by="program")
    asking = FakeRunner(lambda _: (install, Asked(prompt="who? "), Asked(prompt="and? "), Asked(prompt="more? ")))
    typed: list[e.Event] = [
        e.InputGiven(cell="c1", text="y", by="program"),
        e.InputGiven(cell="c1", text="Ada"),
        e.InputGiven(cell="c1"),
        e.CodeFinished(cell="c1", status="ok", seconds=1),
    ]
    cells = plan(document([*cell("c1", "input()", by="user")[:-1], *typed]))

    async def again() -> list[Ran]:
        return [ran async for ran in replay(cells, FakeRunners(python=asking), Stop())]

    (ran,) = asyncio.run(again())
    assert (ran.cell, ran.status) == (cells[0], "ok")
    assert asking.answers == [None, "Ada", None, None]


def test_what_is_said_to_the_programs_own_question_is_no_input_of_the_cell(tmp_path: Path) -> None:
    uv = tmp_path / "tools" / "uv"
    uv.parent.mkdir()
    uv.write_text("#!/bin/sh\nexit 1\n")
    uv.chmod(0o755)
    place = workplace(folder=str(tmp_path), environment={"PATH": str(uv.parent)}, cache=tmp_path / "cache")
    seen: list[e.Event] = []
    asks = "Sure? y or n, then Enter: "
    lacks = f"name = input({asks!r})\nraise ImportError(\"Missing optional dependency 'tabulate'\")"

    async def story() -> History:
        runners = LocalRunners(place=place, interactive=True)
        made, _ = session(host=ScriptedHost(lines=("Ada", "n")), runners=runners, consumers=(seen.append,))
        async with aclosing(made.run_cell("python", lacks)) as happening:
            async for _ in happening:
                pass
        await made.close()
        return made.history

    history = asyncio.run(story())
    assert [(event.text, event.by) for event in seen if isinstance(event, e.InputGiven)] == [
        ("Ada", "code"),
        ("n", "program"),
    ]
    assert [it.inputs for it in ran(history)] == [("Ada",)]
    assert [it.inputs for it in plan(document(seen))] == [("Ada",)]


def test_a_cell_that_was_refused_since_its_language_was_busy_is_not_compared(tmp_path: Path) -> None:
    refused = e.CodeFinished(cell="c2", status="error", seconds=0, ran=False)
    busy = e.Output(cell="c2", kind="error", data={"text/plain": "This code was not run: python is busy."})
    told = [
        *cell("c1", "x = 1", by="user"),
        *cell("c2", "x = 2", busy, by="user")[:-1],
        refused,
        *cell("c3", "print(x)", e.Output(cell="c3", kind="stdout", data={"text/plain": "1\n"}), by="user"),
    ]
    made = document(told)
    assert [it["execution_count"] for it in made["cells"]] == [1, None, 2]
    assert [event for event in events(made) if isinstance(event, e.CodeFinished)][1] == refused
    save(tmp_path / "given.ipynb", made)
    done = command("replay", tmp_path, str(tmp_path / "given.ipynb"), "--verify")
    assert (done.code, done.out.splitlines()[0]) == (0, "c2           not compared: it was not run")
    assert done.out.splitlines()[-1] == "2 of 2 cells are reproducible; 1 not compared."


def test_a_stop_ends_the_cell_that_runs_and_runs_no_other() -> None:
    cells = plan(document([*cell("c1", "1", by="user"), *cell("c2", "2", by="user")]))
    runner, stop, seen = FakeRunner(waiting), Stop(), list[str]()

    def show(event: e.Event) -> None:
        seen.append(event.type)
        if isinstance(event, e.Output):
            stop.set()

    async def again() -> list[Ran]:
        return [ran async for ran in replay(cells, FakeRunners(python=runner), stop, show=show)]

    (ran,) = asyncio.run(again())
    assert (ran.status, ran.unexpected) == ("interrupted", True)
    assert runner.ran == ["1"]
    assert seen == ["code.proposed", "code.decided", "output", "code.finished"]


def test_replay_as_json_is_the_events_of_the_cells(home: Path) -> None:
    session = record(home, "print('one')")
    done = command("replay", home, session, json=True)
    assert [json.loads(line)["type"] for line in done.out.splitlines()] == [
        "code.proposed",
        "code.decided",
        "output",
        "code.finished",
    ]


def test_a_known_key_is_masked_in_what_programs_are_told(home: Path) -> None:
    read = home / "read.txt"
    read.write_text(KEY, encoding="utf-8")
    session = record(home, f"print(open({str(read)!r}).read())")
    replayed = command("replay", home, session, json=True, api_key=KEY)
    outputs = [event["data"] for event in map(json.loads, replayed.out.splitlines()) if event["type"] == "output"]
    assert outputs == [{"text/plain": "[masked]\n"}]

    read.write_text("another", encoding="utf-8")
    verified = command("replay", home, session, "--verify", json=True, api_key=KEY)
    (cell,) = json.loads(verified.out)["cells"]
    assert cell["differences"] == [{"what": "stdout", "recorded": "[masked]", "now": "another"}]


def test_a_known_key_is_compared_as_it_was_kept(home: Path) -> None:
    read = home / "read.txt"
    read.write_text("[masked]", encoding="utf-8")
    session = record(home, f"print(open({str(read)!r}).read())")
    read.write_text(KEY, encoding="utf-8")
    verified = command("replay", home, session, "--verify", api_key=KEY)
    assert verified.out.splitlines()[0] == "c1           reproduced"


def test_what_is_masked_leaves_what_programs_are_told_whole(home: Path) -> None:
    session = record(home, "from IPython.display import JSON\nJSON({'n': 12345678})")
    for key in ("12345678", "nJSON({'n"):
        verified = command("replay", home, session, "--verify", json=True, api_key=key)
        replayed = command("replay", home, session, json=True, api_key=key)
        assert [verdict["cell"] for verdict in json.loads(verified.out)["cells"]] == ["c1"]
        assert [json.loads(line)["cell"] for line in replayed.out.splitlines()] == ["c1"] * 4


def test_a_notebook_runs_in_the_folder_where_it_lies(home: Path, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n", encoding="utf-8")
    save(tmp_path / "x.ipynb", document(cell("c1", "open('data.csv').read()", by="user")))
    done = command("replay", home, str(tmp_path / "x.ipynb"))
    assert (done.code, "'a,b\\n'" in done.out) == (0, True)


@pytest.mark.parametrize("source", ["nothing", "nothing.ipynb"])
def test_what_is_not_there_is_one_line(home: Path, source: str) -> None:
    with pytest.raises(UsageError, match=r"^(There is no session|Cannot read the notebook)"):
        command("replay", home, source)


def test_a_kernel_that_is_not_installed_is_named(home: Path, tmp_path: Path) -> None:
    made = document(cell("c1", "1", by="user"), NotebookKernel(name="nowhere", display_name="X"))
    save(tmp_path / "x.ipynb", made)
    done = command("replay", home, str(tmp_path / "x.ipynb"))
    assert "There is no kernel named 'nowhere'" in done.out
    assert done.code == 3


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_ctrl_c_ends_the_cell_and_the_program_with_130(home: Path, tmp_path: Path) -> None:
    code = "print('begun', flush=True)\nimport time\ntime.sleep(600)"
    save(tmp_path / "x.ipynb", document([*cell("c1", code, by="user"), *cell("c2", "print('never')", by="user")]))
    program = subprocess.Popen(
        [sys.executable, "-m", "interpreter", "replay", str(tmp_path / "x.ipynb")],
        env=dict(context_in(home).environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with program:
        assert program.stdout is not None
        for line in program.stdout:
            if line == "begun\n":
                program.send_signal(signal.SIGINT)
                break
        out, err = program.communicate(timeout=120)
    assert (program.returncode, "never" in out, err) == (130, False, "")
