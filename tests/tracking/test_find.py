"""Runs and experiments: found by a part of their name, and named when they were deleted."""

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from leastloss import tracking
from leastloss.errors import InputError, ResourceError


def make(store: MlflowClient, *ids: str) -> None:
    """Runs with given ids; MLflow draws them by chance."""
    import mlflow.store.tracking.sqlalchemy_store as sql

    for run_id in ids:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sql.uuid, "uuid4", lambda run_id=run_id: type("U", (), {"hex": run_id}))
            store.create_run("1")


FIRST, SECOND = "abcd1" + "0" * 27, "abcd2" + "0" * 27


def test_a_part_of_the_id_is_enough(store: MlflowClient) -> None:
    make(store, FIRST, SECOND)
    assert tracking.find_run("abcd1").info.run_id == FIRST
    assert tracking.find_run(SECOND[:31]).info.run_id == SECOND
    said = f"several runs begin with 'abcd': ({FIRST}, {SECOND}|{SECOND}, {FIRST}); write more"
    with pytest.raises(InputError, match=said):
        tracking.find_run("abcd")


@pytest.mark.parametrize("given", ["abc", "abce", "bcd1", "abc%", "____", "", FIRST + "0"])
def test_what_begins_no_id(store: MlflowClient, given: str) -> None:
    make(store, FIRST)
    with pytest.raises(ResourceError, match=f"there is no run {given!r} in the tracking store"):
        tracking.find_run(given)


def test_a_deleted_run_says_how_it_comes_back(store: MlflowClient) -> None:
    make(store, FIRST, SECOND)
    store.delete_run(FIRST)
    said = f"run {FIRST!r} was deleted; restore it with `mlflow runs restore --run-id {FIRST}`"
    for given in (FIRST, "abcd1"):
        with pytest.raises(ResourceError, match=said):
            tracking.find_run(given)
    assert tracking.find_run("abcd").info.run_id == SECOND  # the only one that is there
    store.restore_run(FIRST)
    assert tracking.find_run("abcd1").info.run_id == FIRST


def test_a_deleted_experiment_says_how_it_comes_back(store: MlflowClient) -> None:
    make(store, FIRST)
    store.delete_experiment("1")
    again = "restore it with `mlflow experiments restore -x 1`"
    with pytest.raises(ResourceError, match=f"so was its experiment; {again}"):
        tracking.find_run("abcd")
    for call in (
        lambda: tracking.search("", "test"),
        lambda: tracking.ensure_experiment("test"),
        lambda: tracking.worker_environment("test"),
    ):
        with pytest.raises(ResourceError, match=f"the experiment 'test' was deleted; {again}"):
            call()


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


def test_a_store_without_experiments(store: MlflowClient) -> None:
    for experiment in store.search_experiments():
        store.delete_experiment(experiment.experiment_id)
    assert tracking.search("") == []
    with pytest.raises(ResourceError, match="there is no experiment 'tset'; there are: none"):
        tracking.search("", "tset")


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
