"""What is logged to a run, and runs that are not opened."""

import re
import resource
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from tests.forked import forked

from leastloss import tracking
from leastloss.errors import ResourceError
from leastloss.tracking import _runs


def test_metrics_that_are_not_finite_are_left_out(store: MlflowClient) -> None:
    with tracking.run("train", "t", {}) as run_id:
        tracking.log_metrics(run_id, [(0, {"a": 1.0, "b": float("nan"), "c": float("inf")})])
    assert store.get_run(run_id).data.metrics == {"a": 1.0}


def test_more_metrics_than_one_request_takes(store: MlflowClient) -> None:
    with tracking.run("train", "t", {}) as run_id:
        tracking.log_metrics(run_id, [(i, {"a": float(i), "b": 0.0}) for i in range(700)])
    history = store.get_metric_history(run_id, "a")
    assert [(m.step, m.value) for m in history] == [(i, float(i)) for i in range(700)]


def test_a_parameter_longer_than_mlflow_takes_is_cut(store: MlflowClient) -> None:
    with tracking.run("train", "t", {"long": "x" * 9000}) as run_id:
        pass
    assert store.get_run(run_id).data.params["long"] == "x" * 6000


def test_parameters_that_a_project_logged_stay_and_nothing_is_asked_of_the_store(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = store.create_run("1").info.run_id
    store.log_param(project, "seed", "'1'")
    monkeypatch.setenv("MLFLOW_RUN_ID", project)
    asked: list[str] = []
    true = MlflowClient.get_run

    def counted(client: MlflowClient, run_id: str) -> Run:
        asked.append(run_id)
        return true(client, run_id)

    with tracking.run("prune", "outer", {"seed": 1, "steps": 2}, exports=False) as outer:
        monkeypatch.setattr(MlflowClient, "get_run", counted)
        with tracking.run("criterion", "inner", {"steps": 3}, nested=True) as inner:
            assert asked == []
    assert outer == project
    assert store.get_run(outer).data.params == {"seed": "'1'", "steps": "2"}
    assert store.get_run(inner).data.params == {"steps": "3"}


def test_no_run_is_opened_in_a_deleted_experiment(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.delete_experiment("1")

    def opened() -> None:
        with tracking.run("train", "t", {}, exports=False):
            pass

    said = "the experiment 'test' was deleted; restore it with `mlflow experiments restore -x 1`"
    with pytest.raises(ResourceError, match=said):
        opened()
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "1")
    with pytest.raises(ResourceError, match=said):
        opened()


def test_the_end_of_a_run_is_told_again_to_a_busy_store(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = mlflow.end_run

    def busy(status: str = "FINISHED") -> None:
        monkeypatch.setattr(mlflow, "end_run", told)
        with monkeypatch.context() as patch:
            patch.setattr(SqlAlchemyStore, "update_run_info", locked)
            told(status)

    def locked(*arguments: object, **options: object) -> None:
        raise MlflowException("database is locked", error_code=TEMPORARILY_UNAVAILABLE)

    with tracking.run("prune", "outer", {}, exports=False) as outer:
        with tracking.run("criterion", "inner", {}, nested=True) as inner:
            monkeypatch.setattr(mlflow, "end_run", busy)
        assert store.get_run(outer).info.status == "RUNNING"
        assert store.get_run(inner).info.status == "FINISHED"
    assert store.get_run(outer).info.status == "FINISHED"


def test_a_run_that_is_interrupted_as_it_opens_is_killed(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_runs, "_log_new", interrupted)
    with pytest.raises(KeyboardInterrupt), tracking.run("train", "t", {}, exports=False):
        pass
    (run,) = store.search_runs(["1"])
    assert run.info.status == "KILLED"
    assert run.data.tags["failure"] == "KeyboardInterrupt"
    assert mlflow.active_run() is None


def fill(uri: str, said: Path) -> None:
    """Log until the store cannot grow any more."""
    size = Path(uri.removeprefix("sqlite:///")).stat().st_size + 200_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    mlflow.set_tracking_uri(uri)
    try:
        with tracking.run("train", "t", {}, exports=False) as run_id:
            for step in range(100):
                rows = [(step, {f"m{i}": 0.0 for i in range(1000)})]
                tracking.log_metrics(run_id, rows)
    except ResourceError as error:
        said.write_text(str(error))


def test_a_full_store_is_one_line_and_nothing_stays_open(
    store: MlflowClient, tmp_path: Path
) -> None:
    filler = forked(fill, store.tracking_uri, said := tmp_path / "said")
    filler.join()
    assert re.fullmatch(r"the tracking store sqlite:\S+ fails: .*(full|I/O).*", said.read_text())
    with tracking.run("train", "next", {}, exports=False):
        pass
    (run,) = store.search_runs(["1"], "tags.mlflow.runName = 't'")
    assert run.info.status in ("FAILED", "KILLED")
    assert run.data.tags["failure"]


def test_a_killed_run_has_its_reason_though_a_request_fails(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, asked = SqlAlchemyStore.set_tag, []

    def set_tag(self: SqlAlchemyStore, run_id: str, tag: RunTag) -> None:
        if tag.key == "failure" and not asked:
            asked.append(tag.value)
            raise MlflowException("the connection is in an unusable state")
        true(self, run_id, tag)

    monkeypatch.setattr(SqlAlchemyStore, "set_tag", set_tag)
    with pytest.raises(KeyboardInterrupt), tracking.run("train", "t", {}) as run_id:
        raise KeyboardInterrupt("stopped by hand")
    assert asked
    run = store.get_run(run_id)
    assert (run.info.status, run.data.tags["failure"]) == ("KILLED", "stopped by hand")
