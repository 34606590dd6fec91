"""Files are there whole or not at all."""

import os
from pathlib import Path

import pytest

from leastloss.whole_files import written_whole


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("before")

    def write() -> None:
        with written_whole(file) as place:
            place.write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write()
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_whole_file_takes_its_place(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("before")
    with written_whole(file) as place:
        assert place.suffix == ".txt"
        place.write_text("after")
        assert file.read_text() == "before"
    assert file.read_text() == "after"
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_kill_left_long_ago_goes(tmp_path: Path) -> None:
    old, new = tmp_path / ".part-old", tmp_path / ".part-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "a.txt").write_text("half")
    os.utime(old, (0, 0))
    with written_whole(tmp_path / "a.txt") as place:
        place.write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {".part-new", "a.txt"}
