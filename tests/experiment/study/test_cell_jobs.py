"""A job that another worker had begun does what is left of it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tests.experiment.runs import run
from tests.experiment.study.test_study_file import given

from leastloss import tracking
from leastloss._sources import code_digest
from leastloss.errors import ResourceError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.study import cell_jobs
from leastloss.experiment.study.study import Arm, Study, prune_config
from leastloss.experiment.study.study_file import study_of
from leastloss.options import parameters

HERE = {tracking.CODE: code_digest()}


@pytest.fixture
def study() -> Study:
    arms = [{"criteria": ["magnitude", "nc@magnitude", "random"]}]
    return study_of(given(seeds=1, arm=arms, report={"sparsities": [0.5]}))


def finished(patch: pytest.MonkeyPatch, *runs: Any) -> list[tuple[str, str]]:
    """Let a search find these runs; returns what is asked for."""
    asked = []

    def search_each(where: str, section: str) -> Iterator[Any]:
        asked.append((where, section))
        yield from runs

    patch.setattr(tracking, "search_each", search_each)
    return asked


def child(study: Study, number: int, arm: Arm, tags: dict[str, str] = HERE) -> Any:
    made = run(number, tags=tags)
    asked = parameters(arm.config) | parameters(study.network(0))
    made.data.params = asked | {"run_id": "abc", "criterion": arm.criterion}
    return made


@pytest.mark.parametrize(
    ("there", "left", "known"),
    [
        ([], "magnitude,nc@magnitude,random", {}),
        ([2], "magnitude,nc@magnitude", {}),
        ([0, 2], "magnitude,nc@magnitude", {"magnitude": "run0"}),  # it lends its layer ratios
        ([0, 1], "random", {}),
        ([0, 1, 2], None, {}),
    ],
)
def test_arms_that_are_finished_are_not_pruned_again(
    study: Study,
    there: list[int],
    left: str | None,
    known: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = finished(monkeypatch, *(child(study, i, study.arms[i]) for i in there))
    done, lent = list[PruneConfig](), list[Any]()
    monkeypatch.setattr(cell_jobs, "prune", lambda c, runs: (done.append(c), lent.append(runs)))
    cell_jobs.prune_missing(
        prune_config(study, 0, study.arms, "abc"), study.arms, "s", code_digest()
    )
    assert [config.criteria for config in done] == [left] * (left is not None)
    assert lent == [known] * (left is not None)
    ((where, section),) = asked
    assert section == "s"
    assert "params.run_id = 'abc' AND attributes.status = 'FINISHED'" in where


def test_runs_of_other_code_or_settings_do_not_count(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = study.arms[2]
    older, other = child(study, 1, arm, {}), child(study, 2, arm)
    other.data.params["substeps"] = "7"
    finished(monkeypatch, older, other)
    done: list[PruneConfig] = []
    monkeypatch.setattr(cell_jobs, "prune", lambda config, run_ids: done.append(config))
    cell_jobs.prune_missing(prune_config(study, 0, [arm], "abc"), [arm], "s", code_digest())
    assert [config.criteria for config in done] == ["random"]


def test_a_network_is_trained_once(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_jobs, "train", lambda config: SimpleNamespace(run_id="new"))
    config = study.network(0)
    older, other, first, again = (run(i, tags=HERE) for i in range(4))
    older.data.tags = {}
    for its in (older, other, first, again):
        its.data.params = parameters(config)
    other.data.params = parameters(config) | {"epochs": "99"}
    finished(monkeypatch, other, older)
    assert cell_jobs.train_once(config, "s", code_digest()) == "new"
    finished(monkeypatch, again, first, other)  # newest first
    assert cell_jobs.train_once(config, "s", code_digest()) == "run2"


def test_a_worker_of_other_code_does_nothing(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = finished(monkeypatch)
    said = rf"this worker has other code \({code_digest()}\) than the sweep \(other\)"
    with pytest.raises(ResourceError, match=said):
        cell_jobs.train_once(study.network(0), "s", "other")
    with pytest.raises(ResourceError, match=said):
        cell_jobs.prune_missing(prune_config(study, 0, study.arms, "abc"), study.arms, "s", "other")
    assert asked == []
