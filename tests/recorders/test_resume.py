"""A kept session as values again: its history, what of it is lost, and what the model is sent next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter import history as h
from interpreter.errors import StorageError
from interpreter.protocols import content
from interpreter.protocols.ladder import FixedProtocol
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.journal import Journal
from interpreter.recorders.outputs import DiskKeeper
from interpreter.recorders.resume import Recorded, cells_to_rerun, load, lost, ran, recorded
from interpreter.seams import Ended, Happening, Produced
from interpreter.session import Session
from interpreter.testing import FakeRunner, FakeRunners, ScriptedHost, ScriptedModel, tool_call, words
from interpreter.wire import to_json
from tests.conversations import BRIEF, arguments, last_messages, turns
from tests.recorders.kept import kept, store, turn


def opened(folder: SessionFolder, model: ScriptedModel, runner: FakeRunner) -> tuple[Session, Journal]:
    """The session in `folder`, as a program resumes it."""
    journal = Journal(folder)
    loaded = load(folder)
    made = Session(
        model=model,
        ladder=FixedProtocol("tools", BRIEF),
        runners=FakeRunners(python=runner, shell=FakeRunner()),
        host=ScriptedHost(),
        keeper=DiskKeeper(folder),
        consumers=(journal,),
        id=folder.id,
        paths=folder.paths,
        history=loaded.history,
    )
    if loaded.history != h.History():
        made.resumed(loaded.lost)
    return made, journal


def fails_at_times(code: str) -> tuple[Happening, ...]:
    """A script whose cell prints, and raises where the code says so."""
    printed = Produced(kind="stdout", data={"text/plain": f"{code}\n"})
    if "raise" not in code:
        return (printed,)
    return (printed, Produced(kind="error", data={"text/plain": "ValueError"}), Ended(status="error"))


def test_a_resumed_session_sends_the_model_the_conversation_its_outputs_and_what_is_lost(tmp_path: Path) -> None:
    folder = store(tmp_path).create()
    replies = (tool_call(arguments("print(1)")), words("One."), tool_call(arguments("ls", "shell")), words("Two."))
    first, journal = opened(folder, ScriptedModel(*replies), FakeRunner())
    turns(first, "First?", "Second?")
    journal.close()
    model, runner = ScriptedModel(words("Here.")), FakeRunner()
    again, journal = opened(folder, model, runner)
    assert again.history.entries[:-1] == h.close(first.history).entries
    turns(again, "Still there?")
    journal.close()
    assert runner.ran == []
    assert last_messages(model, 3) == (
        {"role": "tool", "tool_call_id": "call00002", "content": "ls"},
        {"role": "assistant", "content": "Two."},
        {
            "role": "user",
            "content": "[The session was resumed. Lost: the state of python (variables, imports, functions); "
            "the state of the shell (variables, functions, folder)]\n\nStill there?",
        },
    )
    assert load(folder).history == h.close(again.history)


def test_the_cells_that_would_rebuild_the_state_are_those_that_ended_well_and_are_not_run_unasked(
    tmp_path: Path,
) -> None:
    folder = store(tmp_path).create()
    codes = ("x = 1", "raise", "y = 2")
    replies = [reply for code in codes for reply in (tool_call(arguments(code)), words("Well."))]
    first, journal = opened(folder, ScriptedModel(*replies), FakeRunner(fails_at_times))
    turns(first, "a", "b", "c")
    journal.close()
    with folder.journal.open("a", encoding="utf-8") as file:  # and one that ran when the program was killed
        file.write(to_json(e.CodeProposed(cell="c9", language="python", code="z = 3", by="user")) + "\n")
        file.write(to_json(e.CodeDecided(cell="c9", decision="run", code="z = 3")) + "\n")
    runner = FakeRunner()
    again, journal = opened(folder, ScriptedModel(), runner)
    journal.close()
    assert runner.ran == []
    assert [cell.code for cell in cells_to_rerun(again.history)] == ["x = 1", "y = 2"]
    last = again.history.last_run()
    assert last is not None
    assert (last.code, last.status) == ("z = 3", "died")


def test_a_cell_that_went_to_the_background_rebuilds_the_state_too_where_it_ended_well(tmp_path: Path) -> None:
    def own(cell: str, code: str, *ends: e.CellStatus) -> tuple[e.Event, ...]:
        begun = (
            e.CodeProposed(cell=cell, language="python", code=code, by="user"),
            e.CodeDecided(cell=cell, decision="run", code=code),
            e.CodeDetached(cell=cell, seconds=1.0),
        )
        return (*begun, *(e.CodeFinished(cell=cell, status=end, seconds=2.0) for end in ends))

    own_cells = (*own("c1", "x = 1", "ok"), *own("c2", "y = 2", "interrupted"))
    asked = (*turn("c3")[:7], e.CodeDetached(cell="c3", seconds=1.0), e.CodeFinished(cell="c3", status="ok", seconds=2))
    folder = kept(tmp_path, *own_cells, *asked, *turn("c3")[9:], *own("c4", "z"))
    history = load(folder).history
    assert [cell.code for cell in cells_to_rerun(history)] == ["x = 1", "count()"]
    assert {cell.status for cell in ran(history)} == {"detached"}  # as which the model is told of it, before its end


def test_a_journal_of_schema_1_is_read_whole_for_ever(tmp_path: Path) -> None:
    folder = store(tmp_path).create()
    folder.journal.write_bytes((Path(__file__).parent / "journal-schema-1.jsonl").read_bytes())
    loaded = load(folder)
    call = e.Call(id="call-1", name="execute_code", extra={"signature": "x"})
    picture = e.Output(
        cell="c1",
        kind="display",
        data={"text/plain": "<Figure>", "image/png": "iVBORw0KGgo="},
        display_id="d1",
        file="/data/sessions/261124-120000/images/c1-1.png",
    )
    cell = h.Cell(
        id="c1",
        language="python",
        proposed="count()",
        code="count(1)",
        call=call,
        decision="edited",
        note="One is enough.",
        inputs=("yes",),
        outputs=(picture,),
        status="ok",
        seconds=1.5,
    )
    rejected = h.RejectedCall(id="c2", raw='{"lang', reason="The call was cut off.")
    data = e.Attachment(path="/data.csv", media_type="text/csv", size=3, head="a,b")
    assert loaded.history.entries == (
        h.Prompt(text="How many?", attachments=(data,)),
        h.Reply(text="Let me see.", calls=(cell, rejected)),
        h.Note(text="The python session was restarted (the user asked for it): its state is gone."),
        h.Note(text="The session was resumed. Lost: the state of python"),
    )
    assert (loaded.model, loaded.warnings) == ("other", ())
    assert len(list(recorded(folder))) == 26  # all but the three deltas


def test_a_session_that_ran_nothing_lost_nothing(tmp_path: Path) -> None:
    assert lost(load(kept(tmp_path, *turn("c1")[:5])).history) == ()


def test_every_whole_event_is_told_with_its_number_and_time(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    told = list(recorded(folder))
    assert [entry.event for entry in told][1:] == [event for event in turn("c1") if event.type != "text.delta"]
    assert [entry.seq for entry in told] == [1, 2, 3, *range(6, 14)]
    assert told[0] == Recorded(
        event=told[0].event, seq=1, time=json.loads(folder.journal.read_text().splitlines()[0])["time"]
    )


def test_a_cell_with_more_outputs_than_any_model_is_sent_is_resumed_with_its_ends(tmp_path: Path) -> None:
    pieces = [e.Output(cell="c1", kind="stdout", data={"text/plain": f"{n:05}" + "x" * 1000}) for n in range(5000)]
    bars = [e.Output(cell="c1", kind="display", data={"text/plain": f"{n} %"}, display_id="bar") for n in range(100)]
    folder = kept(tmp_path, *turn("c1")[:7], bars[0], *pieces, *bars[1:], *turn("c1")[8:])
    cell = load(folder).history.last_run()
    assert cell is not None
    texts = [str(output.data["text/plain"]) for output in cell.outputs]
    assert texts[0] == "99 %"  # a display keeps its place and has its newest state
    middle = next(index for index, text in enumerate(texts) if "left out" in text)
    left_out = 5000 - (len(texts) - 2)
    assert texts[middle] == f"\n[… {left_out} outputs left out: they are in the journal …]\n"
    assert [text[:5] for text in texts[1:middle]] == [f"{n:05}" for n in range(middle - 1)]
    assert [text[:5] for text in texts[middle + 1 :]] == [f"{n:05}" for n in range(middle - 1 + left_out, 5000)]
    assert left_out > 4000
    assert cell.status == "ok"


@pytest.mark.parametrize("piece", [1, 50, 3000, 70_000, 500_000])
def test_after_a_flood_the_model_is_told_the_same_head_tail_and_file_as_before_the_resume(
    tmp_path: Path, piece: int
) -> None:
    whole = "".join(f"line {number}\n" for number in range(50_000 if piece > 1 else 2000))
    pieces = tuple(
        Produced(kind="stdout", data={"text/plain": whole[start : start + piece]})
        for start in range(0, len(whole), piece)
    )
    folder = store(tmp_path).create()
    replies = (tool_call(arguments("flood()")), words("Done."), words("Well."))
    model = ScriptedModel(*replies)
    first, journal = opened(folder, model, FakeRunner(lambda _: pieces))
    turns(first, "Go.")
    journal.close()
    live, resumed = h.close(first.history).last_run(), load(folder).history.last_run()
    assert live is not None
    assert resumed is not None
    before, after = (content.result(cell, head=4000, tail=4000) for cell in (live, resumed))
    assert (before[:4000], before[-4000:]) == (after[:4000], after[-4000:])
    assert before.startswith("line 0\nline 1\n")


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"seq":' + b"9" * 5000 + b',"time":"","type":"warning","text":"x"}',
        b'{"seq":3,"time":"\xff","type":"warning","text":"x"}',
        b'{"seq":3,"time":"","type":"output","cell":"\xff","kind":"stdout","data":{}}',
        b'{"a":' + b"[" * 100_000,
    ],
    ids=["a number without end", "a time that is no text", "a cell that is no text", "brackets without end"],
)
def test_of_a_journal_with_a_line_of_rubbish_everything_else_is_resumed(tmp_path: Path, damaged: bytes) -> None:
    folder = kept(tmp_path, *turn("c1"))
    whole = load(folder).history
    first, rest = folder.journal.read_bytes().split(b"\n", 1)
    folder.journal.write_bytes(b"\n".join((first, damaged, rest)))
    loaded = load(folder)
    assert (loaded.history, len(loaded.warnings)) == (whole, 1)


def test_a_journal_that_is_not_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"Cannot read the journal .*events\.jsonl: No such file"):
        load(store(tmp_path).create())
