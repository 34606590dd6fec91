"""The digest of the code changes with what computes results, and with nothing else."""

from pathlib import Path

import pytest

from leastloss import _sources

TEXT = '"""A room."""\n\n\ndef double(x: int) -> int:\n    """Twice."""\n    return 2 * x\n'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name in ("pruning/loop.py", "report/page.py", "experiment/prune_run/a.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(TEXT)
    (tmp_path / "cli.py").write_text(TEXT)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "old", "new", "counts"),
    [
        ("pruning/loop.py", "2 * x", "3 * x", True),
        ("experiment/prune_run/a.py", "2 * x", "x + x", True),
        ("pruning/loop.py", "2 * x\n", "2*x  # as it was\n", False),
        ("pruning/loop.py", "Twice.", "Two times.", False),
        ("report/page.py", "2 * x", "3 * x", False),
        ("cli.py", "2 * x", "3 * x", False),
    ],
)
def test_what_counts(package: Path, name: str, old: str, new: str, counts: bool) -> None:
    before = _sources.digest_of_code(package)
    text = (package / name).read_text()
    assert old in text
    (package / name).write_text(text.replace(old, new))
    assert (_sources.digest_of_code(package) != before) is counts


def test_what_is_listed_is_there() -> None:
    """A file that was listed and moved would silently count, or not."""
    listed = [*_sources._NO_PART, *_sources._YET_PART]
    assert [name for name in listed if not (_sources.PACKAGE / name).exists()] == []


def test_a_new_file_counts(package: Path) -> None:
    before = _sources.digest_of_code(package)
    (package / "pruning/new.py").write_text("")
    assert _sources.digest_of_code(package) != before


def test_it_is_kept_for_these_very_bytes(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, parsed = _sources.digest_of_code, list[Path]()

    def counted(package: Path) -> str:
        parsed.append(package)
        return true(package)

    monkeypatch.setattr(_sources, "digest_of_code", counted)
    file = tmp_path / "cache" / "code-digest"
    first = _sources.kept_digest(package, file)
    assert [_sources.kept_digest(package, file) for _ in range(2)] == [first, first]
    assert (first, len(parsed)) == (true(package), 1)
    with (package / "pruning/loop.py").open("a") as source:
        source.write("# a remark\n")  # other bytes, and the same code
    assert _sources.kept_digest(package, file) == first
    assert len(parsed) == 2
    with (package / "pruning/loop.py").open("a") as source:
        source.write("x = 1\n")
    assert _sources.kept_digest(package, file) == true(package) != first
    for damaged in (b"", b"one", b"\xff\xfe", b"a b c"):
        file.write_bytes(damaged)
        assert _sources.kept_digest(package, file) == true(package)
    (tmp_path / "no folder").write_text("")
    assert _sources.kept_digest(package, tmp_path / "no folder" / "file") == true(package)


def test_the_rooms_that_compute_results_count_and_are_read_once() -> None:
    names = {path.relative_to(_sources.PACKAGE).as_posix() for path in _counted()}
    some = {"training.py", "plan.py", "seeds.py", "criteria/obs.py", "pruning/loop.py"}
    some |= {"experiment/train.py", "information/engine/kernels.py"}
    some |= {"experiment/dense.py", "experiment/stored_network.py"}  # which networks are pruned
    assert some <= names
    assert not names & {"cli.py", "plots/__init__.py", "experiment/study/sweep.py"}
    for place in (*_sources._NO_PART, *_sources._YET_PART):
        assert (_sources.PACKAGE / place).exists()
    assert _sources.code_digest() is _sources.code_digest()


def _counted() -> list[Path]:
    return list(_sources._counted(_sources.PACKAGE))
