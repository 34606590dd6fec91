"""A store that cannot be used says so at once, in one line and without its password."""

import time
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from leastloss import tracking
from leastloss.errors import ResourceError


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("http://127.0.0.1:9", "Connection refused"),
        ("sqlite:///{folder}", "unable to open database file"),
        ("sqlite:///{folder}/bad.db", "file is not a database"),
        ("sqlite:///{folder}/bad.db/mlflow.db", "File exists"),
        ("nonsense://x", "unsupported URI"),
        ("mysql+nodriver://me:secret@localhost/db", "nodriver"),
    ],
)
def test_one_line_at_once(tmp_path: Path, uri: str, said: str) -> None:
    (tmp_path / "bad.db").write_text("no database")
    mlflow.set_tracking_uri(uri.format(folder=tmp_path))
    start = time.monotonic()
    with pytest.raises(ResourceError, match=said) as caught:
        tracking.client()
    assert time.monotonic() - start < 10  # MLflow alone tries for minutes
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


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


def test_an_unknown_experiment_names_those_that_exist(store: MlflowClient) -> None:
    with pytest.raises(ResourceError, match=r"there is no experiment 'tset'; there are: .*test"):
        tracking.search("", "tset")
