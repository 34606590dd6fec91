"""Files are written all or none."""

import multiprocessing
import os
import signal
from itertools import count
from pathlib import Path
from typing import NoReturn
from unittest import mock

import pytest

from leastloss.deploy.bundle import check_free, digest_of, write_all
from leastloss.errors import InputError, ResourceError


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "b":
            raise OSError(28, "No space left on device")
        return real(path, content)

    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_bytes(b"before")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ResourceError, match=r"cannot write to .*No space left on device"):
        write_all(out, {"a": b"1", "b": b"2"})
    assert [file.name for file in out.iterdir()] == ["a"]
    assert (out / "a").read_bytes() == b"before"


def test_what_is_there_is_not_overwritten_unasked(tmp_path: Path) -> None:
    check_free(tmp_path / "new", ["a"], overwrite=False)
    (tmp_path / "a").write_text("1")
    check_free(tmp_path, ["b"], overwrite=False)
    check_free(tmp_path, ["a"], overwrite=True)
    with pytest.raises(InputError, match="holds a already; choose another out, or overwrite"):
        check_free(tmp_path, ["a", "b"], overwrite=False)
    with pytest.raises(ResourceError, match="a is a file"):
        check_free(tmp_path / "a", ["b"], overwrite=True)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    with pytest.raises(ResourceError, match="cannot write to"):
        write_all(tmp_path / "a" / "b", {"c": b""})


def test_digests_are_sha256() -> None:
    assert digest_of(b"").startswith("e3b0c442")


def test_an_error_on_the_way_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    (tmp_path / "card").write_text("of another network")
    (tmp_path / "b").mkdir()
    with pytest.raises(ResourceError, match="cannot write to"):
        write_all(tmp_path, {"a": b"1", "b": b"2"}, replaced=["a", "b", "card"])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b", "card"]
    assert (tmp_path / "a").read_text() == "before"
    (tmp_path / "b").rmdir()
    write_all(tmp_path, {"a": b"1", "b": b"2"}, replaced=["a", "b", "card"])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("moves", range(6))
def test_what_a_kill_left_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """Four moves make the bundle; then its plan goes, and then the temporary folder."""
    for name in ("a", "card", "of another"):
        (tmp_path / name).write_text("before")
    # What runs in the child moves files and takes no lock that a thread of this one could hold.
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(tmp_path, moves))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    check_free(tmp_path, [], overwrite=False)
    files = {file.name: file.read_text() for file in tmp_path.iterdir()}
    before = dict.fromkeys(("a", "card", "of another"), "before")
    assert files == (before if moves < 5 else {"a": "1", "b": "2", "of another": "before"})


def _killed(folder: Path, moves: int) -> None:
    """Kill this process after so many moves."""

    def kill(*arguments: object, **options: object) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    move, moved = os.replace, count()

    def replace(source: Path, target: Path) -> None:
        kill() if next(moved) == moves else move(source, target)

    mock.patch("os.replace", replace).start()
    cleanup = "tempfile.TemporaryDirectory.cleanup"
    mock.patch("pathlib.Path.unlink" if moves == 4 else cleanup, kill).start()
    write_all(folder, {"a": b"1", "b": b"2"}, replaced=["a", "b", "card"])
