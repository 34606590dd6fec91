"""Experiments are made once, never by looking for one; what the MLflow UI says of them and runs."""

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from leastloss import tracking
from leastloss.errors import ResourceError

NOTE = "mlflow.note.content"


def test_looking_into_a_store_that_is_not_there_makes_none(
    store: MlflowClient, tmp_path: Path
) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/new/mlflow.db")
    with pytest.raises(ResourceError, match="there is no run 'abcd'"):
        tracking.find_run("abcd")
    with pytest.raises(ResourceError, match="there is no experiment 'a': no run was logged here"):
        tracking.search("", "a")
    assert tracking.search("") == []
    assert not tracking.has_experiment("a")
    assert not (tmp_path / "new").exists()
    tracking.ensure_experiment("a")
    assert tracking.has_experiment("a")


def test_a_run_gets_a_note_a_name_and_figures(store: MlflowClient) -> None:
    with tracking.run("train", "before", {}) as run_id:
        tracking.describe(run_id, "What it did.", "after", ["a b.png"])
    found = store.get_run(run_id)
    assert found.info.run_name == "after"
    assert found.data.tags[NOTE].startswith("What it did.\n\n**a b.png**")
    assert f"(get-artifact?path=a%20b.png&run_uuid={run_id})" in found.data.tags[NOTE]


def test_the_note_of_an_experiment_follows_the_newest_runs(store: MlflowClient) -> None:
    with tracking.run("prune", "t", {}) as run_id:
        for ids in (["a", "b"], ["c", "d"]):
            tracking.note_experiment(run_id, "How to compare.", ids)
    note = store.get_experiment_by_name("test").tags[NOTE]
    assert note.startswith("How to compare.")
    assert "compare-runs?runs=[%22c%22,%22d%22]&experiments=" in note
    assert "workflowType=machine_learning" in note
    assert "%22a%22" not in note


def test_a_note_that_somebody_wrote_stays(store: MlflowClient) -> None:
    experiment = store.get_experiment_by_name("test").experiment_id
    with tracking.run("prune", "t", {}) as run_id:
        tracking.note_experiment(run_id, "How to compare.", ["a"])
        store.set_experiment_tag(experiment, NOTE, "Mine.")
        tracking.note_experiment(run_id, "How to compare.", ["b"])
    assert store.get_experiment(experiment).tags[NOTE] == "Mine."
