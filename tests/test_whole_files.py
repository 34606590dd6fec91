"""Files are there whole or not at all."""

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
