"""What is left of a study, from runs that are made up."""

from types import SimpleNamespace
from typing import Any

import pytest

from leastloss.experiment.study import expected_time
from leastloss.experiment.study.expected_time import expected_of
from leastloss.experiment.study.finished_runs import FinishedRuns
from leastloss.experiment.study.study import Study
from leastloss.experiment.study.study_file import study_of


def run(seconds: float) -> Any:
    info = SimpleNamespace(start_time=1_000, end_time=1_000 + int(1000 * seconds))
    return SimpleNamespace(info=info)


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Study:
    trained = SimpleNamespace(get_run=lambda run_id: run(60))
    monkeypatch.setattr(expected_time, "client", lambda: trained)
    arms = [{"criteria": ["magnitude", "random"]}]
    return study_of({"title": "t", "section": "s", "question": "q", "seeds": 3, "arm": arms})


def test_the_mean_of_other_seeds_is_what_a_run_will_take(study: Study) -> None:
    magnitude, random = study.arms
    children = {(0, magnitude): run(10), (1, magnitude): run(30), (0, random): run(100)}
    finished = FinishedRuns(study=study, dense={0: "a", 1: "b"}, children=children)
    # The last seed is trained in 60 s, then pruned in 20 and 100: meanwhile the rest is done.
    assert expected_of(finished, 2).splitlines() == [
        "s: 3 of 6 prune runs and 1 of 3 networks are left, about 3 min with 2 workers",
        "  magnitude: 2 of 3 finished, 20 s each",
        "  random: 1 of 3 finished, 100 s each",
    ]


def test_an_arm_that_no_seed_has_takes_as_long_as_the_others(study: Study) -> None:
    children = {(0, study.arms[0]): run(10)}
    finished = FinishedRuns(study=study, dense={0: "a", 1: "b", 2: "c"}, children=children)
    assert expected_of(finished, 1).splitlines()[0].endswith("about 50 s with 1 workers")


def test_without_a_run_the_time_is_not_known_and_without_work_there_is_none(study: Study) -> None:
    assert expected_of(FinishedRuns(study=study), 1).splitlines()[0] == (
        "s: 6 of 6 prune runs and 3 of 3 networks are left, time unknown"
    )
    every = {(seed, arm): run(1) for seed in study.seeds for arm in study.arms}
    finished = FinishedRuns(study=study, dense={0: "a", 1: "b", 2: "c"}, children=every)
    assert expected_of(finished, 1).splitlines()[0] == (
        "s: 0 of 6 prune runs and 0 of 3 networks are left"
    )


def test_workers_without_work_make_nothing_faster(study: Study) -> None:
    magnitude, random = study.arms
    children = {(seed, arm): run(600) for seed in range(3) for arm in study.arms}
    del children[2, random]
    finished = FinishedRuns(study=study, dense={0: "a", 1: "b", 2: "c"}, children=children)
    assert expected_of(finished, 64).splitlines()[0] == (
        "s: 1 of 6 prune runs and 0 of 3 networks are left, about 10 min with 1 workers"
    )
    del children[2, magnitude]  # one call prunes by both, one after the other
    assert expected_of(finished, 64).splitlines()[0].endswith("about 20 min with 1 workers")
