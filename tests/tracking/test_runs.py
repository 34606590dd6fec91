"""What is logged to a run, and runs that are not opened."""

import pytest
from mlflow import MlflowClient

from leastloss import tracking
from leastloss.errors import ResourceError


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
