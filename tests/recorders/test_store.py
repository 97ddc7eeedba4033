"""Kept sessions together: ids, finding, cards, search, deletion, retention, forks."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter import history as h
from interpreter.errors import StorageError, UsageError
from interpreter.recorders.cards import Card, card
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.forking import fork
from interpreter.recorders.journal import Journal
from interpreter.recorders.lines import written
from interpreter.recorders.resume import load
from tests.recorders.kept import keep, kept, objects, store, turn


def dated(root: Path, session: str, *events: e.Event, day: str = "2026-11-24", attended: bool = True) -> SessionFolder:
    """A session with this id, all of it written at noon of `day`."""
    folder = store(root).folder(session)
    folder.path.mkdir(parents=True)
    begun = e.SessionStarted(session=session, model="scripted", paths=folder.paths, attended=attended)
    lines = [written(event, seq=seq, time=f"{day}T12:00:00.000Z") for seq, event in enumerate((begun, *events), 1)]
    folder.journal.write_text("".join(lines), encoding="utf-8")
    return folder


# ---- ids


def test_ids_are_short_sort_by_time_and_never_meet(tmp_path: Path) -> None:
    ids = [store(tmp_path).create().id for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(re.fullmatch(r"\d{6}-\d{6}(-\d+)?", session) for session in ids)
    assert [folder.id for folder in store(tmp_path).all()] == []  # none has a journal yet
    for session in ids:
        keep(store(tmp_path).folder(session), turn("c1"))
    assert [folder.id for folder in store(tmp_path).all()] == ids[::-1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("261124-120000", ["261124-120000"]),  # the whole id, though another begins with it
        ("261124-120000-", ["261124-120000-2"]),
        ("2611", ["261125-130000", "261124-120000-2", "261124-120000"]),
        ("13", ["261125-130000"]),  # the time of day alone
        ("3000", []),
        ("", []),
    ],
)
def test_a_session_is_named_by_its_id_or_by_how_the_id_or_its_time_begins(
    tmp_path: Path, text: str, found: list[str]
) -> None:
    for session in ("261124-120000", "261124-120000-2", "261125-130000"):
        dated(tmp_path, session, *turn("c1"))
    assert [folder.id for folder in store(tmp_path).matching(text)] == found


def test_a_name_that_fits_no_session_or_several_says_what_to_do(tmp_path: Path) -> None:
    for session in ("261124-120000", "261125-130000"):
        dated(tmp_path, session, *turn("c1"))
    with pytest.raises(UsageError, match=r"There is no session 'x'. `interpreter sessions` lists them."):
        store(tmp_path).find("x")
    with pytest.raises(UsageError, match=r"2 sessions begin with '2611': 261125-130000, 261124-120000. Type more"):
        store(tmp_path).find("2611")


def test_the_latest_session_is_the_one_last_written_to_in_which_something_was_asked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no session to resume yet"):
        store(tmp_path).latest()
    older = dated(tmp_path, "261101-120000", *turn("c1"), day="2026-11-20")
    dated(tmp_path, "261102-120000", *turn("c1"), day="2026-11-02")
    dated(tmp_path, "261103-120000", day="2026-11-23")
    assert store(tmp_path).latest() == older


def test_the_latest_at_which_a_person_was_is_found_behind_newer_ones_of_programs(tmp_path: Path) -> None:
    program = dated(tmp_path, "261105-120000", *turn("c1"), day="2026-11-25", attended=False)
    assert store(tmp_path).latest(attended=True) == program  # better than none
    theirs = dated(tmp_path, "261101-120000", *turn("c1"), day="2026-11-20")
    taken = dated(tmp_path, "261102-120000", *turn("c1"), day="2026-11-19", attended=False)
    assert (store(tmp_path).latest(attended=True), store(tmp_path).latest()) == (theirs, program)
    keep(taken, [e.SessionResumed(session=taken.id), *turn("c2")])
    assert store(tmp_path).latest(attended=True) == taken
    assert [made.attended for made in store(tmp_path).cards()] == [True, False, True]


# ---- cards


def test_a_card_tells_title_dates_model_turns_size_and_how_the_last_turn_ended(tmp_path: Path) -> None:
    first = turn("c1", prompt="How many\n lines?")
    folder = dated(
        tmp_path, "261124-120000", *first, e.ModelChanged(model="other"), *turn("c2"), e.HistoryUndone(turns=1)
    )
    assert store(tmp_path).cards() == (
        Card(
            session="261124-120000",
            title="How many lines?",
            started="2026-11-24T12:00:00.000Z",
            updated="2026-11-24T12:00:00.000Z",
            model="other",
            turns=1,
            cells=2,
            state="done",
            size=folder.size(),
        ),
    )


def test_a_card_goes_on_from_where_the_journal_was_last_read(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    before = card(folder)
    keep(folder, turn("c2"))
    after = card(folder)
    assert (before.turns, after.turns, after.title) == (1, 2, "How many?")
    (folder.path / "card.json").unlink()
    assert replace(card(folder), size=after.size) == after


@pytest.mark.parametrize("damage", ["", "{", '{"read": 10}', '{"read": 1000000, "card": {"session": "x"}}'])
def test_a_damaged_card_is_made_anew(tmp_path: Path, damage: str) -> None:
    folder = kept(tmp_path, *turn("c1"))
    before = card(folder)
    (folder.path / "card.json").write_text(damage)
    assert replace(card(folder), size=before.size) == before


def test_a_session_in_use_is_open_and_one_that_crashed_was_cut_off(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1")[:5])
    assert card(folder).state == "cut off"
    journal = Journal(folder)
    assert card(folder).state == "open"
    journal.close()
    assert card(folder).state == "failed"


# ---- search


def test_a_search_finds_the_sessions_that_hold_every_word_anywhere_and_tells_a_line(tmp_path: Path) -> None:
    dated(tmp_path, "261124-120000", *turn("c1", prompt="Read DATA.csv please", output="Straße 7\nmean 42.5\n"))
    dated(tmp_path, "261124-130000", *turn("c1", prompt="Read something else"))
    found = [(made.session, line) for made, line in store(tmp_path).search(["data.csv", "42.5"])]
    assert found == [("261124-120000", "Read DATA.csv please")]
    assert [line for _, line in store(tmp_path).search(["STRASSE"])] == ["Straße 7"]
    assert [made.session for made, _ in store(tmp_path).search(["read"])] == ["261124-130000", "261124-120000"]
    assert store(tmp_path).search(["data.csv", "nowhere"]) == ()
    assert store(tmp_path).search(["turn.started"]) == ()  # what the journal says of itself is nobody's word


def test_words_with_signs_that_json_escapes_are_found(tmp_path: Path) -> None:
    dated(tmp_path, "261124-120000", e.TurnStarted(prompt='say "hi" to C:\\temp'))
    assert [line for _, line in store(tmp_path).search(['"hi"', "C:\\temp"])] == ['say "hi" to C:\\temp']


# ---- going away


def test_a_deleted_session_is_gone_with_all_its_files_and_one_in_use_stays(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    journal = Journal(folder)
    with pytest.raises(StorageError, match="is open in another program"):
        store(tmp_path).delete(folder)
    journal.close()
    store(tmp_path).delete(folder)
    assert not folder.path.exists()


def test_nothing_goes_unless_a_limit_is_set(tmp_path: Path) -> None:
    dated(tmp_path, "200101-120000", *turn("c1"), day="2020-01-01")
    assert store(tmp_path).retain() == ()


def test_sessions_older_than_so_many_days_go_but_not_one_in_use(tmp_path: Path) -> None:
    dated(tmp_path, "200101-120000", *turn("c1"), day="2020-01-01")
    in_use = dated(tmp_path, "200102-120000", *turn("c1"), day="2020-01-02")
    kept(tmp_path, *turn("c1"))
    journal = Journal(in_use)
    assert store(tmp_path).retain(days=999_999_999) == ()
    assert store(tmp_path).retain(days=30) == ("200101-120000",)
    journal.close()
    assert len(store(tmp_path).all()) == 2


def test_the_oldest_sessions_go_until_the_others_fit(tmp_path: Path) -> None:
    days = [f"2020-01-0{number}" for number in range(1, 5)]
    for day in days:
        dated(tmp_path, f"{day[2:].replace('-', '')}-120000", *turn("c1"), day=day)
    size = store(tmp_path).cards()[0].size
    assert store(tmp_path).retain(size=size * 2 + size // 2) == ("200102-120000", "200101-120000")


# ---- forks


def test_a_fork_goes_on_from_an_earlier_turn_and_leaves_the_first_as_it_was(tmp_path: Path) -> None:
    undone = (*turn("c2", prompt="Undone."), e.HistoryUndone(turns=1))
    folder = kept(tmp_path, *turn("c1", prompt="One."), *undone, *turn("c3", prompt="Three."), *turn("c4"))
    before = folder.journal.read_bytes()
    new = fork(store(tmp_path), folder, 2)
    assert folder.journal.read_bytes() == before
    history = load(new).history
    assert [entry.text for entry in history.entries if isinstance(entry, h.Prompt)] == ["One.", "Three."]
    assert history.cells == 3
    plain = objects(new)
    assert [line["seq"] for line in plain] == list(range(1, len(plain) + 1))
    assert (plain[0]["session"], plain[0]["paths"]) == (new.id, dict(new.paths))
    assert load(fork(store(tmp_path), folder, 3)).history == load(folder).history


def test_a_fork_has_its_own_copies_of_outputs_and_its_own_paths(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    picture = folder.images / "c1-1.png"
    picture.parent.mkdir()
    picture.write_bytes(b"picture")
    shown = e.Output(cell="c1", kind="display", data={"text/plain": "<Figure>"}, file=str(picture))
    keep(folder, [*turn("c1")[:7], shown, *turn("c1")[8:]])
    new = fork(store(tmp_path), folder, 1)
    shutil.rmtree(folder.path)
    cell = load(new).history.last_run()
    assert cell is not None
    assert cell.outputs[0].file == str(new.images / "c1-1.png")
    assert (new.images / "c1-1.png").read_bytes() == b"picture"


def test_a_fork_keeps_lines_of_types_that_are_not_known(tmp_path: Path) -> None:
    folder = kept(tmp_path, *turn("c1"))
    with folder.journal.open("ab") as file:
        file.write(b'{"seq":14,"time":"","type":"cell.dreamt","cell":"c1"}\n')
    assert objects(fork(store(tmp_path), folder, 1))[-1] == json.loads(folder.journal.read_bytes().splitlines()[-1])


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_turn_that_is_not_there_cannot_be_forked(tmp_path: Path, number: int) -> None:
    folder = kept(tmp_path, *turn("c1"))
    with pytest.raises(UsageError, match=f"There is no turn {number} to go on from: session {folder.id} has 1."):
        fork(store(tmp_path), folder, number)
    assert len(store(tmp_path).all()) == 1
