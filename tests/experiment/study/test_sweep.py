"""Jobs of a study: what is missing, in which calls it is made."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from leastloss.errors import InputError, ResourceError
from leastloss.experiment.config import SweepConfig
from leastloss.experiment.study import sweep as recipe
from leastloss.experiment.study.finished_runs import FinishedRuns
from leastloss.experiment.study.study import Study
from leastloss.experiment.study.study_file import study_of

ARMS = [{"criteria": ["magnitude", "random", "nc@magnitude"]}, {"criteria": "random", "steps": 38}]


@pytest.fixture
def study() -> Study:
    return study_of({"title": "t", "section": "s", "question": "q", "seeds": [0, 4], "arm": ARMS})


def arm(study: Study, criterion: str) -> Any:
    return next(each for each in study.arms if each.criterion == criterion)


def test_a_seed_is_trained_once_and_then_pruned_by_all_arms(study: Study) -> None:
    (job,) = recipe._jobs(study, 4, FinishedRuns(study=study))
    assert job.name == "seed 4, train"
    assert job.arguments[0].seed == 4
    assert job.then is not None
    first, second = job.then("abc")
    assert first.arguments[0].criteria == "magnitude,random,nc@magnitude"
    assert second.arguments[0].criteria == "random"
    assert {job.arguments[0].run_id for job in (first, second)} == {"abc"}
    assert second.name == "seed 4, random, steps=38"


def test_a_missing_arm_is_made_with_those_that_it_follows(study: Study) -> None:
    follower = arm(study, "nc@magnitude")
    children: Any = {(0, each): None for each in study.arms if each is not follower}
    finished = FinishedRuns(study=study, dense={0: "abc"}, children=children)
    (job,) = recipe._jobs(study, 0, finished)
    assert job.arguments[0].criteria == "magnitude,nc@magnitude"
    assert job.name == "seed 0, nc@magnitude, steps=19"


def test_progress_counts_what_was_missing(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    follower, counts = arm(study, "nc@magnitude"), list[int]()
    children: Any = {(s, each): None for s in (0, 4) for each in study.arms if each is not follower}
    finished = FinishedRuns(study=study, dense={0: "a", 4: "b"}, children=children)
    monkeypatch.setattr(recipe, "find", lambda study, code: finished)
    monkeypatch.setattr(recipe.tracking, "worker_environment", lambda section: {})
    bar = nullcontext(SimpleNamespace(update=counts.append, disable=False))
    monkeypatch.setattr(recipe, "tqdm", lambda total, **rest: (counts.append(total), bar)[1])

    def run_jobs(jobs: list[Any], workers: Any) -> Any:
        for job in jobs:
            yield SimpleNamespace(job=job, error="", seconds=1.0)

    monkeypatch.setattr(recipe, "run_jobs", run_jobs)
    assert recipe.run_missing(study, SweepConfig(workers=2)) == []
    assert counts == [2, 1, 1]


def test_nothing_missing_makes_no_job(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    children: Any = {(seed, each): None for seed in (0, 4) for each in study.arms}
    finished = FinishedRuns(study=study, dense={0: "a", 4: "b"}, children=children)
    monkeypatch.setattr(recipe, "find", lambda study, code: finished)
    assert recipe.run_missing(study, SweepConfig()) == []


def test_failed_jobs_are_named(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "find", lambda study, code: FinishedRuns(study=study))
    monkeypatch.setattr(recipe.tracking, "worker_environment", lambda section: {})

    def run_jobs(jobs: list[Any], workers: Any) -> Any:
        assert workers.size() == 2
        for job in jobs:
            yield SimpleNamespace(job=job, error="out of luck", seconds=1.0)

    monkeypatch.setattr(recipe, "run_jobs", run_jobs)
    assert recipe.run_missing(study, SweepConfig(workers=2)) == [
        "seed 0, train: out of luck\n  again: mlflow run . -e train --experiment-name s",
        "seed 4, train: out of luck\n  again: mlflow run . -e train -P seed=4 --experiment-name s",
    ]


def test_flags_choose_sections_and_seeds(study: Study) -> None:
    assert recipe._chosen((study,), SweepConfig(seeds="7"))[0].seeds == (7,)
    with pytest.raises(InputError, match="unknown section 'x'; there are: s"):
        recipe._chosen((study,), SweepConfig(sections="x"))


def test_out_must_be_a_folder(study: Study, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="which is no folder"):
        recipe.check(SweepConfig(out=str(tmp_path / "file")), (study,))


def test_the_file_is_named_from_where_its_reader_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert recipe._shown("experiments/a.toml", Path("out")) == "experiments/a.toml"
    assert recipe._shown(str(tmp_path / "out/b.toml"), tmp_path / "out") == "out/b.toml"
    assert recipe._shown("/elsewhere/c.toml", Path("out")) == "c.toml"


def test_failed_jobs_are_named_though_the_store_fails_then(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recipe, "find", lambda study, code: FinishedRuns(study=study))
    monkeypatch.setattr(recipe, "_searched", lambda study, config: study)
    monkeypatch.setattr(recipe, "run_missing", lambda study, config: ["seed 4, train: no data"])
    monkeypatch.setattr(recipe, "log_search", lambda run_id, study: None)
    monkeypatch.setattr(recipe.tracking, "ensure_experiment", lambda name: None)
    monkeypatch.setattr(recipe.tracking, "run", lambda *_, **__: nullcontext("abc"))
    monkeypatch.setattr(recipe, "close_lost", Mock(side_effect=ResourceError("the store is gone")))
    with pytest.raises(ResourceError, match="the store is gone"):
        recipe._sweep(study, SweepConfig(), "sweep")
    assert capsys.readouterr().err == "seed 4, train: no data\n"


def test_what_is_finished_is_read_from_a_server_by_the_hundred(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "_READ_EVERY", 3)
    monkeypatch.setattr(recipe, "find", lambda study, code: FinishedRuns(study=study))
    monkeypatch.setattr(recipe.tracking, "worker_environment", lambda section: {})
    read: list[tuple[str, str]] = []

    def remember(kind: str, section: str) -> None:
        read.append((kind, section))
        raise ResourceError("the server is gone")

    monkeypatch.setattr(recipe.tracking, "remember", remember)

    def run_jobs(jobs: list[Any], workers: Any) -> Any:
        for job in jobs:
            yield SimpleNamespace(job=job, error="", seconds=1.0)
            for pruning in job.then("abc"):
                yield SimpleNamespace(job=pruning, error="", seconds=1.0)

    monkeypatch.setattr(recipe, "run_jobs", run_jobs)
    # 3 arms and 1 of the first network, then of the second: 3, 4, 7 and 8 runs are finished.
    assert recipe.run_missing(study, SweepConfig(workers=2)) == []
    assert read == [("criterion", "s")] * 2
