"""Trials are told from the finished runs of the store where the file that kept them is gone."""

from collections.abc import Iterator
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Param, RunTag
from tests.experiment.study.test_search_space import given

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.experiment.run_names import TABLE
from leastloss.experiment.run_table import csv_text
from leastloss.experiment.study import search as recipe
from leastloss.experiment.study.arm_search import ArmSearch, Attempt
from leastloss.experiment.study.search import as_chosen, searches_of
from leastloss.experiment.study.study import Study
from leastloss.experiment.study.worker_pool import Done, Job
from leastloss.options import parameters

OLD = "of other code"


@pytest.fixture
def study(store: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Of two arms, with the network that its trials prune, in a store that is no database."""
    study = given(trials=4, space={"protect": {"low": 0.0, "high": 1.0}, "substeps": [1, 2]})
    store.create_experiment(study.section)
    made(store, "train", study.section, parameters(study.network(0)), code_digest())
    store.create_experiment(f"{study.section}-search")
    monkeypatch.setattr(recipe.tracking, "database", lambda: "")
    return study


def made(store: MlflowClient, kind: str, experiment: str, params: dict[str, str], code: str) -> str:
    number = store.get_experiment_by_name(experiment).experiment_id
    run_id: str = store.create_run(number).info.run_id
    tags = [RunTag(tracking.KIND, kind), RunTag(tracking.CODE, code)]
    store.log_batch(run_id, params=[Param(k, v) for k, v in params.items()], tags=tags)
    if kind == "train":
        store.set_terminated(run_id)
    return run_id


def ran(store: MlflowClient, study: Study, attempt: Attempt, code: str = "") -> float:
    """Make the run of a trial; returns its value, whose last bit matters."""
    (dense,) = tracking.outlines("train", study.section)
    params = parameters(attempt.arm.config) | parameters(study.network(0))
    params |= {"run_id": dense.run_id, "criterion": attempt.arm.criterion}
    code = code or code_digest()
    run_id = made(store, "criterion", f"{study.section}-search", params, code)
    value = 1 / (3 + attempt.number % 3)
    steps = pd.DataFrame({"sparsity": [0.3, 0.6], "val_accuracy": [0.9, value]})
    tracking.log_text(run_id, csv_text(steps), TABLE)
    store.set_terminated(run_id)
    return value


def finish(store: MlflowClient, study: Study, searches: list[ArmSearch], code: str = "") -> None:
    for search in searches:
        while attempt := search.next():
            search.tell(attempt, ran(store, study, attempt, code))


def left(study: Study, file: Path, code: str = "same") -> list[int]:
    return [search.left for search in searches_of(study, str(file), code)]


def test_a_lost_file_is_made_again_from_runs(
    store: MlflowClient, study: Study, tmp_path: Path
) -> None:
    file = tmp_path / "study.toml"
    finish(store, study, searches_of(study, str(file)))
    chosen = as_chosen(study, str(file))
    elsewhere = tmp_path / "another machine.toml"
    assert left(study, elsewhere) == [0, 0, 0]
    assert as_chosen(study, str(elsewhere)) == chosen
    (tmp_path / "study.search.db").unlink()
    assert as_chosen(study, str(file)) == chosen


def test_a_search_goes_on_where_the_runs_end(
    store: MlflowClient, study: Study, tmp_path: Path
) -> None:
    *_, nc = searches_of(study, str(tmp_path / "one.toml"))
    for number in range(3):
        attempt = nc.next()
        assert attempt is not None
        value = ran(store, study, attempt)
        if number < 2:  # the third one ended, and was not told
            nc.tell(attempt, value)
    assert left(study, tmp_path / "one.toml") == [4, 4, 1]
    assert left(study, tmp_path / "two.toml") == [4, 4, 1]


@pytest.mark.parametrize("fails", [True, False])
def test_behind_a_trial_without_a_run_the_runs_count_again(
    store: MlflowClient,
    study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    fails: bool,
) -> None:
    for search in searches_of(study, str(tmp_path / "one.toml")):
        while attempt := search.next():
            if (search.method, attempt.number) != ("nc", 1):
                search.tell(attempt, ran(store, study, attempt))
            else:
                search.tell(attempt, None if fails else 0.25)
    file, done = str(tmp_path / "two.toml"), list[str]()

    def run_jobs(jobs: list[Job], workers: object) -> Iterator[Done]:
        for job in jobs:
            done.append(job.name)
            assert job.then is not None
            assert job.then((None, "again") if fails else (0.25, "")) == []
            yield Done(job=job, error="", seconds=0.0)

    monkeypatch.setattr(recipe, "run_jobs", run_jobs)
    dense = dict.fromkeys(study.searched_seeds, "a")
    recipe.run_search(study, file, dense, lambda size, environment: None)  # type: ignore[arg-type, return-value]
    assert done == ["search of nc, trial 1"]
    assert left(study, Path(file)) == [0, 0, 0]
    assert as_chosen(study, file) == as_chosen(study, str(tmp_path / "one.toml"))


def test_runs_of_other_code_count_where_any_does(
    store: MlflowClient, study: Study, tmp_path: Path
) -> None:
    old = searches_of(study, str(tmp_path / "old.toml"))
    for search in old:
        search.code = OLD
    finish(store, study, old, OLD)
    file = tmp_path / "new.toml"
    assert left(study, file) == [4, 4, 4]
    assert left(study, file, "any") == [0, 0, 0]
    taken = as_chosen(study, str(file), "any")
    assert [choice.values for choice in taken.chosen] == [
        choice.values for choice in as_chosen(study, str(tmp_path / "old.toml")).chosen
    ]
    assert left(study, file) == [4, 4, 4]
    finish(store, study, searches_of(study, str(file)))
    assert {s.code for s in searches_of(study, str(file), "any")} == {code_digest()}


def test_a_run_whose_table_is_gone_is_none(
    store: MlflowClient, study: Study, tmp_path: Path
) -> None:
    finish(store, study, searches_of(study, str(tmp_path / "one.toml")))
    for table in Path(mlflow.get_tracking_uri().removeprefix("sqlite:///")).parent.rglob(TABLE):
        table.write_text("")
    assert left(study, tmp_path / "two.toml") == [4, 4, 4]


def test_trials_on_a_network_of_other_code_are_of_their_own(
    store: MlflowClient, study: Study, tmp_path: Path
) -> None:
    (dense,) = tracking.outlines("train", study.section)
    store.set_tag(dense.run_id, tracking.CODE, OLD)
    file = tmp_path / "study.toml"
    for search in searches_of(study, str(file), "any"):
        while attempt := search.next():
            search.tell(attempt, 0.5)
    assert left(study, file, "any") == [0, 0, 0]
    assert left(study, file) == [4, 4, 4]
