"""Attachments: what of a file or folder travels with a prompt, and what is said of one that cannot be read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from interpreter.attachments import attach
from interpreter.errors import UsageError
from interpreter.events import Attachment


def test_a_text_travels_with_its_first_whole_lines_and_other_files_without(tmp_path: Path) -> None:
    text, data = tmp_path / "a.csv", tmp_path / "b"
    text.write_text("x,y\n" * 10, encoding="utf-8")
    data.write_bytes(b"\0\1")
    head = "x,y\nx,y\n…"
    assert attach(text, head=10) == Attachment(path=str(text), media_type="text/csv", size=40, head=head)
    assert attach(data) == Attachment(path=str(data), media_type="application/octet-stream", size=2)


def test_a_folder_travels_with_the_names_in_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a").touch()
    assert attach(tmp_path) == Attachment(path=str(tmp_path), media_type="inode/directory", size=0, head="a\ninner/")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none.csv", "No such file or directory"),
        ("~nobody-of-that-name/a.csv", "No such file or directory"),
        ("a\0b", "embedded null byte" if sys.version_info < (3, 13) else "stat: embedded null character in path"),
    ],
)
def test_what_cannot_be_read_is_one_line(name: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        attach(Path(name))
    assert str(caught.value).endswith(f": {why}. Check the path.")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_a_pipe_or_a_device_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(UsageError) as caught:
            attach(path)
        assert str(caught.value) == f"{path} is neither a file nor a folder. Attach one of these."


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_looked_into_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    tmp_path.chmod(0o400)
    try:
        with pytest.raises(UsageError, match="Permission denied"):
            attach(tmp_path)
    finally:
        tmp_path.chmod(0o700)
