"""A search before a study's cells: who follows, what reports call it, what a trial measures."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from tests.experiment.study.test_search_space import given

from leastloss._sources import code_digest
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.study import search as recipe
from leastloss.experiment.study.search import (
    as_chosen,
    run_search,
    searches_of,
    tried,
    with_choices,
)
from leastloss.experiment.study.search_space import arm_with
from leastloss.experiment.study.study import Choice, Report
from leastloss.experiment.study.worker_pool import Done, Job


def test_followers_and_the_report_take_over_what_was_chosen() -> None:
    study = given()
    report = Report(against=("nc", "magnitude"), figures=(("nc", "random@magnitude"),))
    study = replace(study, report=report)
    best = {
        arm: (arm_with(arm, values), Choice(method=study.method(arm), values=tuple(values.items())))
        for arm, values in (
            (study.arms[0], {"ridge": 0.5}),
            (study.arms[1], {"substeps": 2}),
            (study.arms[3], {"protect": 0.25}),
        )
    }
    chosen = with_choices(study, best)
    labels = ["nc:protect=0.5:ridge=0.5", "magnitude", "random@magnitude", "nc:protect=0.25"]
    assert [arm.criterion for arm in chosen.arms] == labels
    assert [arm.config.substeps for arm in chosen.arms] == [1, 2, 2, 1]
    assert chosen.report.against == ("nc:protect=0.25", "magnitude")
    assert chosen.report.figures == (("nc:protect=0.25", "random@magnitude"),)
    assert chosen.chosen[2] == Choice(method="random@magnitude", values=(("substeps", 2),))
    assert [len(call) for call in chosen.calls()] == [2, 2]
    assert chosen.report.recoveries == "together"  # since the search chooses the repair, too


def steps(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"sparsity": [0.0, 0.3, 0.6], "val_accuracy": [0.9, 0.8, 0.5], **columns})


def test_a_trial_is_the_mean_over_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [steps(), steps(val_accuracy=[0.9, 0.8, 0.7])]
    monkeypatch.setattr(recipe, "prune", lambda config: tables[config])
    assert tried([0, 1], "val_accuracy", 0.6, code_digest()) == (pytest.approx(0.6), "")  # type: ignore[list-item]  # stand-ins for configurations
    assert tried([0], "val_accuracy", 0.45, code_digest()) == (None, "no val_accuracy at 0.45")  # type: ignore[list-item]  # as above
    monkeypatch.setattr(recipe, "prune", lambda config: 1 / config)
    assert tried([0], "val_accuracy", 0.6, code_digest()) == (None, "division by zero")  # type: ignore[list-item]  # as above
    with pytest.raises(ResourceError, match="this worker has other code"):
        tried([0], "val_accuracy", 0.6, "other")  # type: ignore[list-item]  # as above


@pytest.mark.parametrize("error", ["this worker has other code", "its worker was lost: gone"])
def test_what_is_no_fault_of_a_trial_leaves_it_to_do(
    store: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    study = given(trials=2)

    def refused(jobs: list[Job], workers: object) -> Iterator[Done]:
        yield Done(job=jobs[0], error=error, seconds=0.0)

    monkeypatch.setattr(recipe, "run_jobs", refused)
    dense = dict.fromkeys(study.searched_seeds, "a")
    file = str(tmp_path / "study.toml")
    before = [search.left for search in searches_of(study, file)]
    with pytest.raises(ResourceError, match=error):
        run_search(study, file, dense, lambda size, environment: None)  # type: ignore[arg-type, return-value]
    assert [search.left for search in searches_of(study, file)] == before


def test_a_study_without_a_search_stays_as_it_is() -> None:
    study = replace(given(), search=None)
    assert as_chosen(study, "file.toml") is study


def test_behind_a_server_the_trials_lie_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe.tracking, "database", lambda: "")
    study = given(trials=1)
    with pytest.raises(ResourceError, match=r"3 trials of the search of 'chosen' are missing"):
        as_chosen(study, str(tmp_path / "study.toml"))
    assert (tmp_path / "study.search.db").exists()
    elsewhere = given(trials=1, storage=f"sqlite:///{tmp_path}/other.db")
    assert len(searches_of(elsewhere, "study.toml")) == 3
    assert (tmp_path / "other.db").exists()


def test_the_extra_is_named_where_optuna_is_missing(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mlflow.get_tracking_uri().startswith("sqlite")
    for name in [name for name in sys.modules if name.startswith("optuna")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "leastloss.experiment.study.arm_search", raising=False)
    monkeypatch.delattr("leastloss.experiment.study.arm_search", raising=False)
    with pytest.raises(InputError, match=r"needs Optuna: pip install 'leastloss\[search\]'"):
        searches_of(given(), "study.toml")
