"""Runs and experiments: found by a part of their name, and named when they were deleted."""

import gc
from typing import Any

import pytest
from mlflow import MlflowClient

from leastloss import tracking
from leastloss.errors import InputError, ResourceError
from leastloss.tracking import _find


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


def test_a_store_without_experiments(store: MlflowClient) -> None:
    for experiment in store.search_experiments():
        store.delete_experiment(experiment.experiment_id)
    assert tracking.search("") == []
    with pytest.raises(ResourceError, match="there is no experiment 'tset'; there are: none"):
        tracking.search("", "tset")


def test_an_unknown_experiment_names_those_that_exist(store: MlflowClient) -> None:
    with pytest.raises(ResourceError, match=r"there is no experiment 'tset'; there are: .*test"):
        tracking.search("", "tset")


def test_a_search_reads_page_by_page_and_leaves_the_collector_on(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [store.create_run("1").info.run_id for _ in range(3)]
    monkeypatch.setattr(_find, "_PAGE", 1)
    pages, states = [], []
    true = MlflowClient.search_runs

    def counted(*arguments: Any, **options: Any) -> Any:
        states.append(gc.isenabled())
        pages.append(true(*arguments, **options))
        return pages[-1]

    monkeypatch.setattr(MlflowClient, "search_runs", counted)
    runs = tracking.search_each("", "test")
    assert next(runs).info.run_id in made
    assert (len(pages), states, gc.isenabled()) == (1, [False], True)
    assert len(list(runs)) == 2
