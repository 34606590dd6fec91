"""Many runs at a time: the same outlines from a database and from MLflow's search."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
import sqlalchemy
from mlflow import MlflowClient
from mlflow.entities import Param, RunTag

from leastloss import tracking
from leastloss.errors import ResourceError
from leastloss.tracking import _outlines


@pytest.fixture
def made(store: MlflowClient) -> list[str]:
    """Three finished runs, oldest first, among those that are none: open, deleted, elsewhere."""
    ids = []

    def make(start: int, kind: str = "train", status: str = "FINISHED", at: str = "1") -> str:
        run_id: str = store.create_run(at, start_time=start).info.run_id
        store.log_batch(
            run_id,
            params=[Param("seed", str(start)), Param("empty", "")],
            tags=[
                RunTag(tracking.KIND, kind),
                *([RunTag(tracking.CODE, "c")] if start > 1 else []),
            ],
        )
        store.set_terminated(run_id, status, end_time=start + 1500)
        return run_id

    ids = [make(start) for start in (1, 2, 3)]
    make(4, kind="prune")
    make(5, status="FAILED")
    make(6, at=store.create_experiment("another"))
    store.delete_run(make(7))
    return ids


def test_finished_runs_of_a_kind_newest_first(
    made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_outlines, "_CHUNK", 2)

    def refused(*rest: Any) -> Iterator[Any]:
        raise AssertionError("whole runs were read")

    with monkeypatch.context() as patch:
        patch.setattr(_outlines, "search_each", refused)
        outlines = list(tracking.outlines("train", "test"))
    assert [outline.run_id for outline in outlines] == made[::-1]
    assert [outline.params for outline in outlines] == [
        {"seed": str(start), "empty": ""} for start in (3, 2, 1)
    ]
    assert {outline.seconds for outline in outlines} == {1.5}
    assert [outline.code for outline in outlines] == ["c", "c", ""]
    monkeypatch.setattr(_outlines, "database", lambda: "")  # a server
    assert list(tracking.outlines("train", "test")) == outlines


def test_no_runs_and_no_experiment(store: MlflowClient) -> None:
    assert list(tracking.outlines("train", "test")) == []
    with pytest.raises(ResourceError, match="there is no experiment 'tset'"):
        list(tracking.outlines("train", "tset"))


def test_runs_without_parameters_and_without_an_end(store: MlflowClient) -> None:
    run_id = store.create_run("1", tags={tracking.KIND: "train"}).info.run_id
    store.update_run(run_id, status="FINISHED")
    (outline,) = tracking.outlines("train", "test")
    assert (outline.params, outline.seconds) == ({}, 0.0)


def test_a_busy_database_is_asked_again(made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    calls, true = [], _outlines._params

    def busy(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 1:
            raise sqlalchemy.exc.OperationalError("", {}, Exception("database is locked"))
        return true(*arguments)

    monkeypatch.setattr(_outlines, "_params", busy)
    assert len(list(tracking.outlines("train", "test"))) == len(made)
    assert len(calls) == 2


def test_what_a_database_says_is_one_line(made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> Any:
        raise sqlalchemy.exc.OperationalError("", {}, Exception("disk I/O error"))

    monkeypatch.setattr(_outlines, "_runs", full)
    with pytest.raises(ResourceError, match=r"the tracking store .* fails: disk I/O error"):
        list(tracking.outlines("train", "test"))


def test_a_store_of_plain_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "e")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    try:
        tracking.ensure_experiment("e")
        with tracking.run("train", "t", {"seed": "4"}, exports=False) as run_id:
            pass
        (outline,) = tracking.outlines("train", "e")
        assert (outline.run_id, outline.params) == (run_id, {"seed": "4"})
    finally:
        mlflow.set_tracking_uri(before)


def test_a_server_alone_is_read_ahead(made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(_outlines, "read_on", lambda *where: asked.append(where))
    tracking.remember("train", "test")
    assert asked == []
    with monkeypatch.context() as patch:
        patch.setattr(mlflow, "get_tracking_uri", lambda: "http://store.example.org")
        tracking.remember("train", "test")
    ((where, experiment),) = asked
    assert "'train'" in where
    assert experiment == "test"
