"""What a cell produces: masked, of bearable length, and the whole of it in files whose paths the model is told."""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter.errors import StorageError
from interpreter.history import Cell
from interpreter.protocols import content
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.longtext import HEAD, TAIL
from interpreter.recorders.outputs import DISPLAYS, DiskCellKeeper, DiskKeeper
from interpreter.seams import Ended, Produced
from interpreter.secrets import Secrets, known
from interpreter.testing import FakeRunner, FakeRunners, tool_call, words
from tests.conversations import arguments, last_messages, session, turns
from tests.recorders.kept import store

PNG = base64.b64encode(b"\x89PNG picture").decode()
SECRET = "sk-abc-sk-abc-123"  # begins again inside itself


class Clock:
    """Time that only a test lets go by."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def out(text: str) -> Produced:
    """A piece of stdout."""
    return Produced(kind="stdout", data={"text/plain": text})


def shown(keeper: DiskCellKeeper, *pieces: Produced) -> list[e.Output]:
    """All events of these outputs and of the end."""
    events = [event for piece in pieces for event in keeper.add(piece)]
    return [*events, *keeper.close()]


def made(
    tmp_path: Path, *, secrets: Secrets | None = None, clock: Clock | None = None
) -> tuple[DiskKeeper, SessionFolder]:
    """A keeper over a new session's folder."""
    folder = store(tmp_path).create()
    return DiskKeeper(folder, secrets=secrets or Secrets(), clock=clock or Clock()), folder


def text(events: list[e.Output]) -> str:
    """Their plain text, run together."""
    return "".join(str(event.data.get("text/plain", "")) for event in events)


def test_short_output_passes_as_it_comes_and_makes_no_file(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    events = shown(keeper.cell("c1"), out("a"), Produced(kind="stderr", data={"text/plain": "b"}), out("c\n"))
    assert events == [
        e.Output(cell="c1", kind="stdout", data={"text/plain": "a"}),
        e.Output(cell="c1", kind="stderr", data={"text/plain": "b"}),
        e.Output(cell="c1", kind="stdout", data={"text/plain": "c\n"}),
    ]
    assert list(folder.path.iterdir()) == []


def test_of_a_flood_the_head_is_shown_at_once_the_tail_at_the_end_and_the_whole_is_in_a_file(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    lines = [f"line {number}\n" for number in range(20_000)]
    whole = "".join(lines)
    events = shown(keeper.cell("c1"), *map(out, lines))
    file = folder.outputs / "c1-stdout.txt"
    assert file.read_text() == whole
    assert events[-1].file == str(file)
    head, tail = text(events[:-1]), str(events[-1].data["text/plain"])
    assert whole.startswith(head)
    assert HEAD - 20 < len(head) <= HEAD
    left_out = len(whole) - len(head) - TAIL
    assert tail == f"\n[… {left_out} characters left out …]\n{whole[-TAIL:]}"
    if sys.platform != "win32":
        assert (file.stat().st_mode & 0o777, folder.outputs.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_prints_slowly_stays_visible_however_much_it_prints_and_leaves_no_file(tmp_path: Path) -> None:
    clock = Clock()
    keeper, folder = made(tmp_path, clock=clock)
    cell = keeper.cell("c1")
    for number in range(3000):
        clock.now += 1
        piece = out(f"step {number} ".ljust(100) + "\n")
        assert list(cell.add(piece)) == [e.Output(cell="c1", kind="stdout", data=piece.data)]
    assert list(cell.close()) == []
    assert list(folder.outputs.iterdir()) == []


def test_text_held_back_that_is_short_after_all_is_shown_whole(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    whole = "x" * (HEAD + TAIL)
    assert text(shown(keeper.cell("c1"), out(whole))) == whole
    assert list(folder.outputs.iterdir()) == []


def test_a_million_printed_lines_cost_little_and_the_model_is_told_head_tail_and_path(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    cell = keeper.cell("c1")
    pieces = [
        out("".join(f"{number}\n" for number in range(start, start + 1000))) for start in range(0, 1_000_000, 1000)
    ]
    began = time.process_time()
    events = shown(cell, *pieces)
    assert time.process_time() - began < 2  # about 0.05 s; what it must not be is work for each line
    ended = Cell(id="c1", language="python", proposed="p", code="p", decision="run", outputs=tuple(events), status="ok")
    told = content.result(ended, head=100, tail=100)
    assert told.startswith("0\n1\n2\n")
    assert told.endswith(f"999999\n[kept in {folder.outputs / 'c1-stdout.txt'}]")


@pytest.mark.parametrize("cut", range(len(SECRET) + 1))
def test_a_key_is_masked_wherever_the_pieces_of_a_stream_are_cut(tmp_path: Path, cut: int) -> None:
    keeper, _ = made(tmp_path, secrets=Secrets([SECRET]))
    events = shown(keeper.cell("c1"), out(f"key: {SECRET[:cut]}"), out(f"{SECRET[cut:]}!"), out("sk-abc"))
    assert text(events) == "key: [masked]!sk-abc"


def test_a_key_is_masked_in_every_text_of_a_value_and_in_the_file(tmp_path: Path) -> None:
    keeper, folder = made(
        tmp_path, secrets=known({"OPENAI_API_KEY": "sk-1234567890", "HOME": "/home/me", "A_KEY": "short"})
    )
    data = {"text/plain": "sk-1234567890", "application/json": {"list": ["a sk-1234567890"], "HOME": "/home/me"}}
    long = out("sk-1234567890 short\n" * 10_000)
    events = shown(keeper.cell("c1"), Produced(kind="result", data=data), long)
    assert events[0].data == {
        "text/plain": "[masked]",
        "application/json": {"list": ["a [masked]"], "HOME": "/home/me"},
    }
    kept = (folder.outputs / "c1-stdout.txt").read_text()
    assert kept == "[masked] short\n" * 10_000


def test_a_picture_is_kept_as_a_file_and_still_sent_to_models_that_see(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    data = {"image/png": PNG, "text/plain": "<Figure>"}
    events = shown(keeper.cell("c1"), Produced(kind="display", data=data, display_id="d"))
    file = folder.images / "c1-1.png"
    assert events == [e.Output(cell="c1", kind="display", data=data, display_id="d", file=str(file))]
    assert file.read_bytes() == b"\x89PNG picture"


def test_vector_pictures_are_kept_as_text_and_what_is_no_picture_is_not_kept(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    events = shown(
        keeper.cell("c1"),
        Produced(kind="display", data={"image/svg+xml": "<svg/>"}),
        Produced(kind="display", data={"image/png": "not base64"}),
        Produced(kind="display", data={"image/png": "né"}),
    )
    assert [event.file for event in events] == [str(folder.images / "c1-1.svg"), None, None]
    assert (folder.images / "c1-1.svg").read_text() == "<svg/>"


def test_a_picture_too_large_for_an_event_is_only_a_file_that_its_text_names(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    huge = base64.b64encode(b"x" * 4_000_000).decode()
    events = shown(keeper.cell("c1"), Produced(kind="display", data={"image/png": huge, "text/html": "h" * 5_000_000}))
    picture, page = folder.images / "c1-1.png", folder.outputs / "c1-1.html"
    assert events == [
        e.Output(
            cell="c1",
            kind="display",
            data={"text/plain": f"[image/png: {picture}]\n[text/html: {page}]"},
            file=str(picture),
        )
    ]
    assert (picture.stat().st_size, page.stat().st_size) == (4_000_000, 5_000_000)


def test_a_long_traceback_or_value_is_shortened_and_kept_whole(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    whole = "".join(f"frame {number}\n" for number in range(20_000))
    [event] = shown(keeper.cell("c1"), Produced(kind="error", data={"text/plain": whole}))
    assert event.data == {"text/plain": content.shorten(whole, HEAD, TAIL)}
    assert event.file == str(folder.outputs / "c1-1.txt")
    assert (folder.outputs / "c1-1.txt").read_text() == whole


def test_of_a_display_that_is_updated_too_often_the_last_state_is_shown_at_the_end(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    updates = [
        Produced(kind="display", data={"text/plain": f"{step} %", "image/png": PNG}, display_id="bar")
        for step in range(2000)
    ]
    events = shown(keeper.cell("c1"), *updates)
    assert len(events) == DISPLAYS + 1
    assert events[-1].data["text/plain"] == "1999 %"
    assert [path.name for path in folder.images.iterdir()] == ["c1-1.png"]


def test_of_a_flood_of_values_the_text_is_kept(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    events = shown(
        keeper.cell("c1"), *[Produced(kind="display", data={"text/plain": f"value {n}"}) for n in range(20_000)]
    )
    assert len(events) == DISPLAYS + 1
    assert events[-1].file == str(folder.outputs / "c1-display.txt")
    assert text(events[-1:]).endswith("value 19998\nvalue 19999\n")


def test_output_that_comes_after_its_cell_is_masked_and_kept_in_files_of_its_own(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path, secrets=Secrets([SECRET]))
    shown(keeper.cell("c1"), Produced(kind="display", data={"image/png": PNG}))
    late = shown(keeper.cell("c1"), out(SECRET), Produced(kind="display", data={"image/png": PNG}))
    assert text(late) == "[masked]"
    assert late[-1].file == str(folder.images / "c1-late1-1.png")


def test_late_output_in_a_session_goes_through_the_keeper(tmp_path: Path) -> None:
    keeper, _ = made(tmp_path, secrets=Secrets([SECRET]))
    runners = FakeRunners(python=FakeRunner())
    started, model = session(
        tool_call(arguments("go()")), words("Done."), words("Well."), runners=runners, keeper=keeper
    )
    turns(started, "Go.")
    assert runners.late is not None
    runners.late("python", out(f"thread says {SECRET}\n"))
    turns(started, "And?")
    assert last_messages(model, 1) == (
        {"role": "user", "content": "[Cell c1 printed after it had ended:\nthread says [masked]]\n\nAnd?"},
    )


def test_late_output_belongs_to_the_latest_cell_of_its_language_also_while_another_runs(tmp_path: Path) -> None:
    keeper, _ = made(tmp_path)

    def shell(code: str) -> Iterable[Produced]:
        assert runners.late is not None
        runners.late("python", out("thread\n"))
        return (out("listed\n"),)

    runners = FakeRunners(python=FakeRunner(), shell=FakeRunner(shell))
    two = (*tool_call(arguments("go()"), id="1"), *tool_call(arguments("ls", "shell"), id="2"))
    started, model = session(two, words("Done."), words("Well."), runners=runners, keeper=keeper)
    turns(started, "Go.")
    assert [message["content"] for message in last_messages(model, 2)] == ["go()\nthread", "listed"]
    assert runners.late is not None
    runners.late("python", out("again\n"))
    turns(started, "And?")
    said = "[Cell c1 printed after it had ended:\nagain]\n\nAnd?"
    assert last_messages(model, 1) == ({"role": "user", "content": said},)


def test_a_folder_that_takes_no_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    keeper, folder = made(tmp_path)
    (folder.path / "images").write_text("in the way")
    with pytest.raises(StorageError, match="Cannot keep the session in"):
        shown(keeper.cell("c1"), Produced(kind="display", data={"image/png": PNG}))
    (folder.path / "outputs").write_text("in the way")
    with pytest.raises(StorageError, match="Cannot keep the session in"):
        shown(keeper.cell("c1"), out("x" * 1_000_000))


def test_what_a_flood_ends_in_comes_after_its_tail_and_reaches_the_model(tmp_path: Path) -> None:
    keeper, _ = made(tmp_path)
    error = Produced(kind="error", data={"text/plain": "ValueError: the last row"})
    runner = FakeRunner(lambda _: [out("row\n" * 50_000), error, Ended(status="error")])
    script = (tool_call(arguments("flood()")), words("It failed."))
    talk, model = session(*script, runners=FakeRunners(python=runner), keeper=keeper)
    outputs = [event for event in turns(talk, "Go.") if isinstance(event, e.Output)]
    assert [(event.kind, text([event]).endswith(("row\n", "row"))) for event in outputs] == [
        ("stdout", True),
        ("stdout", True),
        ("error", True),
    ]
    assert "row\nValueError: the last row\n[kept in " in str(last_messages(model, 1)[0]["content"])
