"""The table [search] of a study's file: what it may hold, and what arms make of it."""

import tomllib
from typing import Any

import pytest

from leastloss.errors import InputError
from leastloss.experiment.study.search_space import arm_with, following, options_for
from leastloss.experiment.study.study import Range, Study
from leastloss.experiment.study.study_file import study_of

TEXT = """
title = "Chosen"
section = "chosen"
question = "Which options?"
seeds = 3
[train]
model = "mlp"
hidden = [8]
[prune]
sparsities = [0.3, 0.6]
recovery = "compensate"
[[arm]]
criteria = ["nc:protect=0.5", "magnitude", "random@magnitude", "nc"]
[report]
sparsities = [0.6]
[search]
trials = 4
metric = "val/accuracy"
sparsity = 0.6
[search.space]
substeps = [1, 2]
protect = { low = 0.0, high = 1.0 }
ridge = { low = 1e-4, high = 1.0, log = true }
"compensate:gamma" = [1e-3, 1e-1]
"""


def given(text: str = "", **search: Any) -> Study:
    file = tomllib.loads(TEXT + text)
    file["search"] |= search
    file["search"] = {key: value for key, value in file["search"].items() if value is not None}
    return study_of(file)


def test_a_search_is_read_with_what_goes_unsaid() -> None:
    study = given()
    assert study.search is not None
    assert study.search.metric == "val_accuracy"
    assert (study.search.seeds, study.searched_seeds) == (1, (0,))
    assert dict(study.search.space)["ridge"] == Range(low=1e-4, high=1.0, log=True)
    assert dict(study.search.space)["substeps"] == (1, 2)
    assert study_of({k: v for k, v in tomllib.loads(TEXT).items() if k != "search"}).search is None


def test_an_arm_is_given_what_it_has_and_does_not_set_itself() -> None:
    study = given()
    assert study.search is not None
    options = {arm.criterion: options_for(study.search, arm) for arm in study.arms}
    assert options == {
        "nc:protect=0.5": ["substeps", "ridge", "compensate:gamma"],
        "magnitude": ["substeps", "compensate:gamma"],
        "random@magnitude": [],
        "nc": ["substeps", "protect", "ridge", "compensate:gamma"],
    }


def test_values_reach_plan_criterion_and_repair_and_those_who_follow() -> None:
    nc, magnitude, follower, _ = given().arms
    arm = arm_with(nc, {"substeps": 2, "ridge": 0.25, "compensate:gamma": 0.5})
    assert arm.criterion == "nc:protect=0.5:ridge=0.25"
    assert (arm.config.substeps, arm.config.recovery) == (2, "compensate:gamma=0.5")
    leader = arm_with(magnitude, {"substeps": 2})
    after = following(follower, leader)
    assert (after.criterion, after.config.substeps) == ("random@magnitude", 2)


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"trials": 0}, "trials of search is 0; it must be an integer in [1, 10000]"),
        ({"trials": None}, "search has no trials"),
        ({"metric": "accuracy"}, "'accuracy', which is measured on the test samples; options are"),
        ({"metric": "val_acuracy"}, "did you mean 'val_accuracy'"),
        ({"sparsity": 2}, "sparsity of search has 2; it must lie in [0, 1]"),
        ({"sparsity": 0.9}, "sparsity of search is 0.9, and 'nc:protect=0.5' has no step near"),
        ({"seeds": 4}, "seeds of search is 4; it must be an integer in [1, 3]"),
        ({"pruner": "median"}, "unknown key of search 'pruner'"),
        ({"space": {}}, "space of search is empty"),
        (
            {"space": {"substeps": 2}},
            "substeps of search.space is 2; it must be a list, or a range",
        ),
        ({"space": {"substeps": [2, 2]}}, "list two or more, each once"),
        ({"space": {"substeps": [[1], 2]}}, "lists [1], no text or number"),
        ({"space": {"substeps": [0, 2]}}, "substeps of search.space is 0"),
        ({"space": {"block": [3, 4]}}, "no arm has the option 'block' of search.space"),
        ({"space": {"ridge": {"low": 1, "high": 1}}}, "ridge of search.space must have low < high"),
        ({"space": {"ridge": {"low": 0, "high": 1, "log": True}}}, "low < high, both above 0"),
        ({"space": {"ridge": {"from": 0}}}, "unknown key of ridge 'from'"),
        ({"space": {"allocation": ["erk", "best"]}}, "unknown allocation of search.space 'best'"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(search: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as error:
        given(**search)
    assert said in str(error.value)


def test_arms_that_only_the_search_tells_apart_are_refused() -> None:
    text = TEXT.replace('"random@magnitude", "nc"]', '"nc"]\nsubsteps = [1, 2]')
    with pytest.raises(InputError, match=r"two arms of 'nc:protect=0.5' differ in nothing but"):
        study_of(tomllib.loads(text))


def test_allocation_is_not_searched_for_an_arm_that_others_take_ratios_from() -> None:
    with pytest.raises(InputError, match="take their layer ratios from 'magnitude'"):
        given('allocation = ["global", "erk"]\n')
    alone = TEXT.replace(', "random@magnitude"', "") + 'allocation = ["global", "erk"]\n'
    assert study_of(tomllib.loads(alone)).search is not None
