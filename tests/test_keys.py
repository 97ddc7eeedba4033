"""Keys that the user gave this program to keep: where they go, who wins, and who never sees them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from interpreter.errors import StorageError
from interpreter.keys import Keys, SystemRing, with_kept


class Drawer:
    """A keyring in memory; one that is `shut` keeps nothing."""

    def __init__(self, *, shut: bool = False) -> None:
        self.held: dict[str, str] = {}
        self._shut = shut

    def get(self, name: str) -> str | None:
        return self.held.get(name)

    def put(self, name: str, key: str) -> bool:
        if not self._shut:
            self.held[name] = key
        return not self._shut


def test_a_key_goes_into_the_keyring_and_the_file_only_says_so(tmp_path: Path) -> None:
    ring, file = Drawer(), tmp_path / "config" / "keys.json"
    assert Keys(file=file, ring=ring).keep("OPENAI_API_KEY", "sk-1") == "the system's keyring"
    assert ring.held == {"OPENAI_API_KEY": "sk-1"}
    assert "sk-1" not in file.read_text(encoding="utf-8")
    assert Keys(file=file, ring=ring).kept() == {"OPENAI_API_KEY": "sk-1"}
    assert Keys(file=file, ring=Drawer()).kept() == {}  # the keyring lost it


def test_without_a_keyring_a_key_goes_into_a_file_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = Keys(file=file, ring=Drawer(shut=True))
    assert keys.keep("OPENAI_API_KEY", "sk-1") == str(file)
    keys.keep("GROQ_API_KEY", "gsk-2")
    keys.keep("OPENAI_API_KEY", "sk-3")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert keys.kept() == {"OPENAI_API_KEY": "sk-3", "GROQ_API_KEY": "gsk-2"}


def test_a_variable_wins_over_a_kept_key_and_the_environment_itself_stays_as_it_is(tmp_path: Path) -> None:
    file, environment = tmp_path / "keys.json", {"GROQ_API_KEY": "of the shell"}
    keys = Keys(file=file, ring=Drawer(shut=True))
    keys.keep("GROQ_API_KEY", "kept")
    keys.keep("XAI_API_KEY", "kept")
    assert with_kept(environment, file) == {"GROQ_API_KEY": "of the shell", "XAI_API_KEY": "kept"}
    assert environment == {"GROQ_API_KEY": "of the shell"}


@pytest.mark.parametrize("damage", ["", "[1, 2]", "{", "\0"])
def test_a_damaged_file_counts_as_empty_and_is_replaced(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(damage, encoding="utf-8")
    keys = Keys(file=file, ring=Drawer(shut=True))
    assert keys.kept() == {}
    keys.keep("XAI_API_KEY", "x")
    assert keys.kept() == {"XAI_API_KEY": "x"}


def test_a_place_that_takes_no_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file, not a folder", encoding="utf-8")
    keys = Keys(file=tmp_path / "config" / "keys.json", ring=SystemRing())
    with pytest.raises(StorageError) as caught:
        keys.keep("XAI_API_KEY", "x")
    assert str(caught.value).startswith(f"The key cannot be kept in {tmp_path / 'config' / 'keys.json'}: ")


def test_a_variable_that_is_empty_hides_no_kept_key(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    Keys(file=file, ring=Drawer(shut=True)).keep("OPENAI_API_KEY", "sk-1")
    assert with_kept({"OPENAI_API_KEY": "", "OTHER": "1"}, file) == {"OPENAI_API_KEY": "sk-1", "OTHER": "1"}
    assert with_kept({"OPENAI_API_KEY": "sk-2"}, file) == {"OPENAI_API_KEY": "sk-2"}
