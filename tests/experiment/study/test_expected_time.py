"""What is left of a study, from runs that are made up."""

from collections.abc import Mapping

import pytest

from leastloss.experiment.study.expected_time import expected_of
from leastloss.experiment.study.finished_runs import FinishedRuns
from leastloss.experiment.study.study import Arm, Study
from leastloss.experiment.study.study_file import study_of


@pytest.fixture
def study() -> Study:
    arms = [{"criteria": ["magnitude", "random"]}]
    return study_of({"title": "t", "section": "s", "question": "q", "seeds": 3, "arm": arms})


def finished(study: Study, networks: int, took: Mapping[tuple[int, Arm], float]) -> FinishedRuns:
    """So many networks, trained in a minute each, and the seconds of criterion runs."""
    dense = {seed: f"dense {seed}" for seed in range(networks)}
    children = {cell: f"run {number}" for number, cell in enumerate(took)}
    seconds = dict.fromkeys(dense.values(), 60.0) | dict(
        zip(children.values(), took.values(), strict=True)
    )
    return FinishedRuns(study=study, dense=dense, children=children, took=seconds)


def test_the_mean_of_other_seeds_is_what_a_run_will_take(study: Study) -> None:
    magnitude, random = study.arms
    took = {(0, magnitude): 10, (1, magnitude): 30, (0, random): 100}
    # The last seed is trained in 60 s, then pruned in 20 and 100: meanwhile the rest is done.
    assert expected_of(finished(study, 2, took), 2).splitlines() == [
        "s: 3 of 6 prune runs and 1 of 3 networks are left, about 3 min with 2 workers",
        "  magnitude: 2 of 3 finished, 20 s each",
        "  random: 1 of 3 finished, 100 s each",
    ]


def test_an_arm_that_no_seed_has_takes_as_long_as_the_others(study: Study) -> None:
    runs = finished(study, 3, {(0, study.arms[0]): 10})
    assert expected_of(runs, 1).splitlines()[0].endswith("about 50 s with 1 workers")


def test_without_a_run_the_time_is_not_known_and_without_work_there_is_none(study: Study) -> None:
    assert expected_of(FinishedRuns(study=study), 1).splitlines()[0] == (
        "s: 6 of 6 prune runs and 3 of 3 networks are left, time unknown"
    )
    every = {(seed, arm): 1 for seed in study.seeds for arm in study.arms}
    assert expected_of(finished(study, 3, every), 1).splitlines()[0] == (
        "s: 0 of 6 prune runs and 0 of 3 networks are left"
    )


def test_workers_without_work_make_nothing_faster(study: Study) -> None:
    magnitude, random = study.arms
    took = {(seed, arm): 600 for seed in range(3) for arm in study.arms}
    del took[2, random]
    assert expected_of(finished(study, 3, took), 64).splitlines()[0] == (
        "s: 1 of 6 prune runs and 0 of 3 networks are left, about 10 min with 1 workers"
    )
    del took[2, magnitude]  # one call prunes by both, one after the other
    assert (
        expected_of(finished(study, 3, took), 64)
        .splitlines()[0]
        .endswith("about 20 min with 1 workers")
    )
