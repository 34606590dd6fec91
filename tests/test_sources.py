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


def test_a_new_file_counts(package: Path) -> None:
    before = _sources.digest_of_code(package)
    (package / "pruning/new.py").write_text("")
    assert _sources.digest_of_code(package) != before


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
