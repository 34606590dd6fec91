"""What a server was asked for once: runs that come, go and come back are seen all the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Param, RunTag

from leastloss import tracking
from leastloss.tracking import _outlines, _remembered

WHERE = "attributes.status = 'FINISHED'"


@pytest.fixture
def make(
    store: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def made(start: int, status: str = "FINISHED") -> str:
        run_id: str = store.create_run("1", start_time=start).info.run_id
        tags = [RunTag(tracking.CODE, "c")]
        store.log_batch(run_id, params=[Param("seed", str(start))], tags=tags)
        store.set_terminated(run_id, status, end_time=start + 1500)
        return run_id

    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many runs each search read."""
    counts: list[int] = []
    true = _remembered.search_each

    def search_each(*arguments: Any, **options: Any) -> Iterator[Any]:
        runs = list(true(*arguments, **options))
        counts.append(len(runs))
        yield from runs

    monkeypatch.setattr(_remembered, "search_each", search_each)
    monkeypatch.setattr(_remembered, "_MARGIN", 0)
    return counts


def ids() -> list[str]:
    return list(_remembered.remembered(WHERE, "test"))


def test_only_new_runs_are_read(make: Any, asked: list[int]) -> None:
    assert ids() == []
    first, second = make(1), make(2)
    make(3, "FAILED")
    assert ids() == [second, first]
    third = make(4)
    assert _remembered.remembered(WHERE, "test") == {
        run_id: (start, start + 1500, "c", {"seed": str(start)})
        for run_id, start in ((third, 4), (second, 2), (first, 1))
    }
    assert ids() == [third, second, first]
    assert asked == [0, 2, 1, 0, 0, 0]  # newer, deleted


def test_a_deleted_run_is_gone_and_comes_back(
    make: Any, asked: list[int], store: MlflowClient
) -> None:
    first, second = make(1), make(2)
    assert ids() == [second, first]
    store.delete_run(first)
    assert ids() == [second]
    store.restore_run(first)
    assert ids() == [second, first]
    assert asked == [2, 0, 1, 0, 0]  # the deleted one


def test_one_that_comes_back_does_not_hide_one_that_goes(make: Any, store: MlflowClient) -> None:
    first, second, third = make(1), make(2), make(100_000)
    store.delete_run(first)
    assert ids() == [third, second]
    store.restore_run(first)
    store.delete_run(second)
    assert ids() == [third, first]


def test_what_does_not_agree_is_read_anew(make: Any, asked: list[int], store: MlflowClient) -> None:
    late, last = make(5), make(9)
    assert ids() == [last, late]
    early = make(1)  # by a clock that is far behind
    assert ids() == [last, late, early]
    store.update_run(last, status="FAILED")
    assert ids() == [late, early]
    assert ids() == [late, early]
    # Asked for newer and for deleted ones twice, as more could have ended meanwhile, then for all.
    assert asked == [2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 2, 0, 0]


def test_a_run_that_ends_meanwhile_has_no_other_read_again(
    make: Any, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, late = make(1), []
    assert ids() == [first]
    true = _remembered._counted

    def counted(*arguments: Any) -> bool:
        late.extend([] if late else [make(2)])
        return true(*arguments)

    monkeypatch.setattr(_remembered, "_counted", counted)
    assert ids() == [*late, first]
    assert asked == [1, 0, 0, 1, 0]


def test_another_machine_reads_what_was_made_since_alone(
    make: Any,
    asked: list[int],
    store: MlflowClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_remembered, "_MANY", 3)
    runs = [make(start) for start in range(1, 5)]
    assert ids() == runs[::-1]  # three and more are shared
    runs.append(make(5))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert ids() == runs[::-1]
    assert asked == [4, 1, 0]
    runs += [make(start) for start in (6, 7, 8)]
    assert ids() == runs[::-1]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # which knows four of eight
    assert ids() == runs[::-1]
    assert asked[3:] == [3, 0, 0, 0]
    for run_id in runs[:4]:
        store.update_run(run_id, status="FAILED")  # as if it were removed for good
    assert ids() == runs[:3:-1]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "third"))  # finds what was read anew
    del asked[:]
    assert ids() == runs[:3:-1]
    assert asked == [0, 0]


def test_a_file_that_is_none_of_ours_is_made_anew(
    make: Any, asked: list[int], tmp_path: Path
) -> None:
    first = make(1)
    assert ids() == [first]
    (file,) = (tmp_path / "cache/leastloss").iterdir()
    before = file.read_bytes()
    file.write_text('{"a": 1}')
    assert ids() == [first]
    assert file.read_bytes() == before
    file.unlink()
    file.parent.rmdir()
    file.parent.touch()  # no file can be written there
    assert ids() == [first]


def test_outlines_of_a_server_are_remembered(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = make(1)
    monkeypatch.setattr(_outlines, "database", lambda: "")
    monkeypatch.setattr(_outlines.mlflow, "get_tracking_uri", lambda: "http://store")
    monkeypatch.setattr(
        _outlines, "remembered", lambda where, experiment: {run_id: (1, 1501, "c", {"seed": "1"})}
    )
    (outline,) = tracking.outlines("train", "test")
    assert (outline.run_id, outline.seconds, outline.code) == (run_id, 1.5, "c")
    assert outline.params == {"seed": "1"}


def test_who_reads_on_counts_nothing(
    make: Any, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_remembered, "_counted", lambda *arguments: False)  # more end all the time
        first = make(1)
        _remembered.read_on(WHERE, "test")
        second = make(5)
        _remembered.read_on(WHERE, "test")
    assert asked == [1, 1]
    assert ids() == [second, first]
