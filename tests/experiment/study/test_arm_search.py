"""The trials of an arm: equal budgets, resumable anywhere, equal to an uninterrupted search."""

from pathlib import Path
from typing import Any

import optuna
import pytest
from mlflow import MlflowClient
from tests.experiment.study.test_search_space import given

from leastloss import tracking
from leastloss.errors import ResourceError
from leastloss.experiment.study.arm_search import ArmSearch, database_errors, database_of

SPACE = {"ridge": {"low": 1e-4, "high": 1.0, "log": True}, "substeps": {"low": 1, "high": 9}}


def search_in(folder: Path, arm: int = 3, code: str = "c", **search: Any) -> ArmSearch:
    study = given(**({"space": SPACE, "trials": 12} | search))
    return ArmSearch(study, study.arms[arm], database_of(f"sqlite:///{folder}/trials.db"), code)


def value_of(attempt: Any) -> float:
    """Best at few substeps."""
    return 1 / float(attempt.arm.config.substeps)


def finish(search: ArmSearch, stop: int = 100) -> None:
    for _ in range(stop):
        if (attempt := search.next()) is None:
            break
        search.tell(attempt, value_of(attempt))


def test_a_search_that_was_interrupted_comes_out_as_one_that_was_not(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    whole = search_in(tmp_path)
    finish(whole)
    for _ in range(3):
        finish(search_in(tmp_path / "other"), 3)
        assert search_in(tmp_path / "other").next() is not None  # begun and never told
    finish(again := search_in(tmp_path / "other"))
    assert (whole.left, again.left) == (0, 0)
    assert whole.best() == again.best()
    assert [t.params for t in whole._trials()] == [t.params for t in again._trials()]
    assert whole.best()[1].trials == 12


def test_more_trials_go_on_with_those_that_there_are(tmp_path: Path) -> None:
    finish(search_in(tmp_path, trials=3))
    assert search_in(tmp_path, trials=5).left == 2
    assert search_in(tmp_path, trials=2).left == 0
    assert search_in(tmp_path, metric="val_macro_f1").left == 12


def test_trials_of_other_code_do_not_count_and_are_drawn_alike(tmp_path: Path) -> None:
    finish(before := search_in(tmp_path, code=""))  # of before the code was noted
    assert search_in(tmp_path, code="").left == 0
    for code in ("one", "other"):
        assert search_in(tmp_path, code=code).left == 12
        finish(search := search_in(tmp_path, code=code))
        assert [t.params for t in search._trials()] == [t.params for t in before._trials()]


def test_a_trial_that_was_told_meanwhile_stays(tmp_path: Path) -> None:
    one, other = search_in(tmp_path), search_in(tmp_path)
    first, same = one.next(), other.next()
    assert first is not None
    assert first == same
    one.tell(first, 0.5)
    other.tell(first, 0.25)
    assert [trial.value for trial in other._ended()] == [0.5]


def test_a_trial_that_another_sweep_told_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = search_in(tmp_path), search_in(tmp_path)
    begun = other._study.ask()  # nothing is drawn yet
    true, stale = ArmSearch._begun, [begun]
    first = one.next()
    assert first is not None
    assert first.number == begun.number
    one.tell(first, 0.5)
    monkeypatch.setattr(ArmSearch, "_begun", lambda self: stale.pop() if stale else true(self))
    following = other.next()
    assert following is not None
    assert (following.number, stale) == (first.number + 1, [])


def test_what_equals_an_earlier_trial_takes_its_value(tmp_path: Path) -> None:
    search = search_in(tmp_path, space={"substeps": [1, 2]}, trials=12)
    ran = []
    while attempt := search.next():
        ran.append(attempt.arm.config.substeps)
        search.tell(attempt, value_of(attempt))
    assert sorted(ran) == [1, 2]
    assert search.best()[1].values == (("substeps", 1),)
    assert search.best()[1].trials == 12  # each arm has the same budget


def test_failed_trials_count_and_are_not_done_again(tmp_path: Path) -> None:
    search, told = search_in(tmp_path, trials=3), 0
    while attempt := search.next():
        search.tell(attempt, None if told == 0 else value_of(attempt))
        told += 1
    assert told == 3
    assert (search.best()[1].trials, search.best()[1].failed) == (3, 1)
    broken = search_in(tmp_path, arm=1, space={"substeps": [1, 2]}, trials=1)
    attempt = broken.next()
    assert attempt is not None
    broken.tell(attempt, None)
    with pytest.raises(ResourceError, match="all 1 trials of 'magnitude' failed"):
        broken.best()


def test_less_is_better_where_the_metric_says_so(tmp_path: Path) -> None:
    search = search_in(tmp_path, metric="val_loss", space={"substeps": [1, 2]})
    finish(search)
    assert dict(search.best()[1].values) == {"substeps": 2}


def test_an_arm_says_what_it_does_not_have(tmp_path: Path) -> None:
    search = search_in(tmp_path, arm=1, trials=2)
    finish(search)
    assert search.best()[1].lacking == ("ridge",)


def test_trials_and_runs_share_a_database(store: MlflowClient, tmp_path: Path) -> None:
    study = given(space=SPACE, trials=2)
    finish(ArmSearch(study, study.arms[0], database_of(tracking.database()), "c"))
    with tracking.run("train", "after", {}, exports=False) as run_id:
        pass
    assert MlflowClient(tracking.database()).get_run(run_id).info.status == "FINISHED"
    assert ArmSearch(study, study.arms[0], database_of(tracking.database()), "c").left == 0


def test_a_database_in_trouble_is_one_line() -> None:
    told = "the database of the search fails: gone"
    with pytest.raises(ResourceError, match=told), database_errors():
        raise optuna.exceptions.StorageInternalError("gone")
    with pytest.raises(ResourceError, match="unable to open"), database_errors():
        database_of("sqlite:////nowhere/at/all.db")
