"""Interrupted and finished prune runs lend their dense network; interrupted runs are KILLED."""

import pytest
from mlflow import MlflowClient
from tests.entrypoints.conftest import Entry, children, newest, statuses
from tests.entrypoints.test_repeat import TIMES

import leastloss.experiment.prune_run.child_run as recipe


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_finished_prune_run_lends_its_network(
    finished: MlflowClient, entry: Entry, pipeline: dict[str, str]
) -> None:
    run_id = entry.run("prune", run_id=pipeline["own"], criteria="random", seed=1)
    dense = finished.get_run(pipeline["own"]).data.tags["leastloss.dense_model"]
    child = children(finished, run_id)["random"]
    assert [i.model_id for i in child.inputs.model_inputs] == [dense]
    twin = children(finished, pipeline["own"])["random"]
    assert {k: v for k, v in child.data.metrics.items() if k not in TIMES} == {
        k: v for k, v in twin.data.metrics.items() if k not in TIMES
    }


def test_an_interrupted_prune_run_lends_its_network(
    store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(recipe, "prune_by", interrupt)
        result = entry("prune", criteria="magnitude", epochs=1)
    assert result.exit_code == 130
    assert result.stderr == "Error: interrupted; what was finished is kept\n"
    child = newest(store)
    killed = store.get_run(child.data.tags["mlflow.parentRunId"])
    for run in (child, killed):
        assert run.info.status == "KILLED"
        assert run.data.tags["failure"] == "KeyboardInterrupt"
    announced = store.get_logged_model(killed.data.tags["leastloss.dense_model"])
    assert announced.status in ("READY", "FAILED")  # by whether its files were made in time
    given = {"run_id": killed.info.run_id, "unfinished": "yes", "criteria": "magnitude"}
    again = entry.run("prune", **given)
    run = children(store, again)["magnitude"]
    assert run.data.tags["leastloss.dense_run"] == killed.info.run_id
    assert run.data.params["hidden"] == "8"
    entry.run("robustness", run_id=again, corruptions="shot", severities="2")


def test_interrupted_in_training(
    store: MlflowClient, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leastloss.experiment.train.fit", interrupt)
    assert entry("prune").exit_code == 130
    assert statuses(store) == {"KILLED"}
