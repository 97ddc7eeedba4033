"""The journal: what is in it, what a crash leaves, and what happens when it cannot be written."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter import history as h
from interpreter import wire
from interpreter.errors import StorageError
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.journal import Journal
from interpreter.recorders.lines import lines
from interpreter.recorders.mending import CRASHED
from interpreter.recorders.resume import load, recorded
from interpreter.secrets import Secrets
from interpreter.testing import FakeRunner, FakeRunners, tool_call, words
from tests.conversations import arguments, session, turns
from tests.recorders.kept import keep, kept, objects, store, turn

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes, limits and signals")


def test_every_event_is_a_line_with_its_number_and_time_in_the_order_it_happened(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    plain = objects(folder)
    assert [line["seq"] for line in plain] == list(range(1, 14))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in plain)
    assert [wire.from_object(line) for line in plain][1:] == [*turn("c1")]


def test_a_session_is_in_the_journal_before_anyone_is_shown_it(tmp_path: Path) -> None:
    folder = store(tmp_path).create()
    journal = Journal(folder)
    missing: list[e.Event] = []

    def look(event: e.Event) -> None:
        if wire.from_json(folder.journal.read_bytes().splitlines()[-1]) != event:
            missing.append(event)

    made, _ = session(tool_call(arguments("print(1)")), words("Done."), consumers=(journal, look))
    turns(made, "Go.")
    journal.close()
    assert missing == []
    assert load(folder).history == h.close(made.history)


@posix
def test_only_the_owner_may_read_a_session(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder.path.parent, folder.path, folder.journal)}
    assert modes == {"sessions": 0o700, folder.id: 0o700, "events.jsonl": 0o600}


def test_a_known_key_never_reaches_the_journal(tmp_path: Path) -> None:
    folder = store(tmp_path).create()
    journal = Journal(folder, secrets=Secrets(["sk-very-secret-key"]))
    journal(e.TurnStarted(prompt="My key is sk-very-secret-key, use it."))
    journal.close()
    assert objects(folder)[0]["prompt"] == "My key is [masked], use it."


def test_a_known_key_that_looks_like_a_part_of_json_costs_no_line(tmp_path: Path) -> None:
    folder = store(tmp_path).create()
    journal = Journal(folder, secrets=Secrets(["12345678", "n2345-key"]))
    journal(e.Output(cell="c1", kind="result", data={"application/json": {"n": 12345678}}))
    journal(e.TurnStarted(prompt="a\n2345-key"))
    journal.close()
    told = objects(folder)
    assert (told[0]["data"], told[1]["prompt"]) == ({"application/json": {"n": "[masked]"}}, "a\n2345-key")


def test_a_session_in_which_nothing_happened_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = store(tmp_path).create()
    Journal(folder).close()
    assert not folder.path.exists()


def test_text_that_no_json_can_carry_is_kept_as_well_as_it_can_be(tmp_path: Path) -> None:
    folder = kept(tmp_path, e.TurnStarted(prompt="caf\udce9"))
    assert objects(folder)[1]["prompt"] == "caf?"


# ---- after a crash


def test_a_later_program_goes_on_in_the_same_file_with_the_next_number(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    keep(folder, [e.SessionResumed(session=folder.id, lost=("all variables",)), *turn("c2")])
    assert [line["seq"] for line in objects(folder)] == list(range(1, 27))
    assert load(folder).history.turns == 2


def test_a_journal_cut_at_any_byte_of_its_last_line_loses_that_line_at_most(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    whole = folder.journal.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    before = [line.raw for line in lines(folder.journal)]
    for cut in range(1, last + 1):
        folder.journal.write_bytes(whole[: len(whole) - cut])
        told: list[str] = []
        left = [line.raw for line in lines(folder.journal, told.append)]
        assert left == (before if cut == 1 else before[:-1])
        assert len(told) == (0 if cut in (1, last) else 1)
        keep(folder, [e.Warned(text="next")])
        # the turn ends in its own line, or in one that closes it
        assert [line["type"] for line in objects(folder)][12:] == ["turn.finished", "warning"]
        assert [line["seq"] for line in objects(folder)] == list(range(1, 15))


def test_a_line_cut_off_by_a_crash_is_told_in_one_warning(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    folder.journal.write_bytes(folder.journal.read_bytes()[:-9])
    assert load(folder).warnings == (
        f"The last line of {folder.journal} was cut off and is left out: the program was ended while writing it.",
    )


def test_what_a_crash_left_open_is_closed_and_the_words_already_shown_are_kept(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1")[:7], e.Output(cell="c1", kind="stdout", data={"text/plain": "half"}))
    loaded = load(folder)
    assert loaded.history.entries[-1] == h.Reply(
        text="Let me see.",
        calls=(
            h.Cell(
                id="c1",
                language="python",
                proposed="count()",
                code="count()",
                call=e.Call(id="call-1", name="execute_code", extra={"signature": "x"}),
                decision="run",
                outputs=(e.Output(cell="c1", kind="stdout", data={"text/plain": "half"}),),
                status="died",
            ),
        ),
    )
    Journal(folder).close()
    assert [wire.from_object(line) for line in objects(folder)[-2:]] == [
        e.CodeFinished(cell="c1", status="died", seconds=0.0),
        e.TurnFinished(reason="failed", error=CRASHED),
    ]
    assert load(folder) == loaded


def test_words_shown_before_a_crash_are_what_the_model_said(tmp_path: Path) -> None:
    thought = (e.ReasoningDelta(text="Hm"), e.ReasoningDelta(text="m."))
    folder = kept(tmp_path, *turn("c1"), e.TurnStarted(prompt="And now?"), *turn("c2")[1:2], *thought, *turn("c2")[2:4])
    assert load(folder).history.entries[-2:] == (h.Prompt(text="And now?"), h.Reply(text="Let me see."))
    assert [kept.event for kept in recorded(folder)][-3:] == [
        e.Reasoning(text="Hmm."),
        e.Text(text="Let me see."),
        e.TurnFinished(reason="failed", error=CRASHED),
    ]


def test_events_and_fields_of_other_versions_are_kept_and_what_is_not_known_is_passed_over(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    newer = b'{"seq":1,"time":"","type":"session.started","schema":9,"session":"s","model":"m","new":1}\n'
    unknown = b'{"seq":2,"time":"","type":"cell.dreamt","cell":"c1"}\n{"type":"turn.started","prompt":"Hi"}\n'
    folder.journal.write_bytes(newer + unknown)
    keep(folder, [e.TurnFinished(reason="done")])
    assert folder.journal.read_bytes().startswith(newer + unknown)
    loaded = load(folder)
    assert loaded.history.entries == (h.Prompt(text="Hi"),)
    assert loaded.warnings == ("A newer version wrote this session: what this version does not know is left out.",)


def test_a_damaged_line_in_the_middle_is_left_out_with_a_warning(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    whole = folder.journal.read_bytes().splitlines(keepends=True)
    folder.journal.write_bytes(b"".join([*whole[:3], b"\0\0\0\0\n", *whole[3:]]))
    loaded = load(folder)
    assert loaded.history.turns == 1
    assert loaded.warnings == (f"Line 4 of {folder.journal} is damaged and was left out.",)


# ---- where nothing can be written


def test_two_programs_cannot_have_one_session(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    script = "import sys; from pathlib import Path; from interpreter.recorders.folder import SessionFolder; "
    script += (
        "from interpreter.recorders.journal import Journal; open_one = Journal(SessionFolder(path=Path(sys.argv[1]))); "
    )
    script += "print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"open"
        with pytest.raises(StorageError, match=f"Session {folder.id} is open in another program"):
            Journal(folder)
        other.kill()
    Journal(folder).close()  # the system gave the lock up


def test_a_place_that_takes_no_files_is_told_at_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("a file, where a folder should be")
    with pytest.raises(StorageError, match=r"Cannot keep the session in .*sessions"):
        store(tmp_path).create()
    with pytest.raises(StorageError, match="Cannot keep the session in"):
        Journal(SessionFolder(path=tmp_path / "never-made"))


def test_a_journal_that_cannot_be_read_is_left_as_it_is(tmp_path: Path) -> None:
    folder = store(tmp_path).create()
    folder.journal.mkdir()  # stands for any file that does not open
    with pytest.raises(StorageError, match="Cannot read the journal"):
        Journal(folder)
    assert folder.journal.exists()
    folder.journal.rmdir()
    folder.journal.write_text("nothing of ours\n")
    Journal(folder).close()
    assert folder.journal.read_text() == "nothing of ours\n"


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes, as on a disk that is full."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@posix
@pytest.mark.parametrize("room", [100, 400, 600, 800, 1000, 1200, 1300])
def test_a_full_disk_ends_the_turn_failed_and_every_later_one_with_the_same_line(tmp_path: Path, room: int) -> None:
    runner = FakeRunner()
    seen: list[e.Event] = []
    folder = store(tmp_path).create()
    journal = Journal(folder)
    made, _ = session(
        tool_call(arguments("print(1)"), text="Look."),
        words("It is 1."),
        runners=FakeRunners(python=runner),
        consumers=(journal, seen.append),
    )
    with room_for(room):
        first = turns(made, "What is it?")
    line = f"Cannot keep the session in {folder.path}: File too large. Free or unlock that place; "
    failed = e.TurnFinished(reason="failed", error=f"{line}what follows is not saved.")
    assert first[-1] == failed
    assert seen[-1] == failed  # the screen is told too
    ran = list(runner.ran)
    assert turns(made, "And now?") == [failed]
    assert runner.ran == ran
    assert made.history.entries[-1] == h.Prompt(text="And now?")  # still there to be read
    journal.close()
    durable = [line.event() for line in lines(folder.journal)][1:] if folder.path.exists() else []
    closing = first[len(durable) :]
    assert durable == first[: len(durable)]
    assert [event.type for event in closing] in (["turn.finished"], ["code.finished", "turn.finished"])


@posix
def test_a_folder_that_is_removed_under_a_session_ends_the_turn_failed(tmp_path: Path) -> None:
    import shutil

    folder = store(tmp_path).create()
    journal = Journal(folder)
    made, _ = session(words("One."), words("Two."), consumers=(journal,))
    turns(made, "First.")
    shutil.rmtree(folder.path)
    assert turns(made, "Second.")[-1] == e.TurnFinished(
        reason="failed",
        error=f"Cannot keep the session in {folder.path}: the folder was removed. Free or unlock that place; "
        "what follows is not saved.",
    )
    journal.close()


@posix
def test_a_stream_left_early_with_a_journal_that_fails_still_ends_quietly(tmp_path: Path) -> None:
    folder = store(tmp_path).create()
    journal = Journal(folder)
    made, _ = session(tool_call(arguments("print(1)")), consumers=(journal,))

    async def leave() -> None:
        async with aclosing(made.run("Go.")) as events:
            async for event in events:
                if isinstance(event, e.Output):
                    break
            with_room = folder.journal.stat().st_size
            with room_for(with_room):
                await events.aclose()

    asyncio.run(leave())
    assert not made.busy
    assert made.history.entries[-2] == h.Reply(
        calls=(
            h.Cell(
                id="c1",
                language="python",
                proposed="print(1)",
                code="print(1)",
                call=e.Call(id="call-1", name="execute_code"),
                decision="run",
                outputs=(e.Output(cell="c1", kind="stdout", data={"text/plain": "print(1)\n"}),),
                status="interrupted",
            ),
        )
    )
    journal.close()
