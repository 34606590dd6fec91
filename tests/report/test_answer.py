"""The first sentence and the first table of the page, from tables worked out by hand."""

import pandas as pd
import pytest
from tests.report.steps import table

from leastloss.report.answer import answer, answer_grid
from leastloss.report.numbers import at_points, means
from leastloss.report.roles import roles
from leastloss.report.values import areas, as_arms, free_values

GOODS = {"nc": 3, "magnitude": 1, "random": 0, "random@nc": 0}


def sentence(goods: dict[str, int], seeds: int = 8, refused: str = "") -> str:
    area = areas(as_arms(table(goods, seeds), "criterion", {}), ["minority_recall"], 0.8)
    known = roles({name: (name, "") for name in goods})
    text = answer(area, known, ["minority_recall"], end=0.8, refused=refused)
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_best_of_the_methods_asked_for_and_the_next() -> None:
    # Up to 60 % at 0.9 is 85 in the mean up to 80 %, up to 20 % is 65; p = 2 / 2**8 times three.
    assert sentence(GOODS) == (
        "Of 3 methods, `nc` keeps the most minority recall (85.0 %; next `magnitude` 65.0 % "
        "(`nc` against `magnitude`: +20.0 points [+20.0, +20.0], p = 0.023, n = 8)), averaged over "
        "the path up to 80 % removed."
    )


def test_a_control_that_keeps_more_is_named() -> None:
    assert sentence(GOODS | {"small-dense": 4}, seeds=1, refused="x") == (
        "Of 3 methods, `nc` keeps the most minority recall (85.0 %; next `magnitude` 65.0 %; "
        "control `small-dense` 90.0 %), averaged over the path up to 80 % removed; n = 1: too few "
        "seeds to say which is better."
    )


@pytest.mark.parametrize(
    ("goods", "words"),
    [
        ({"nc": 2, "magnitude": 2, "random": 1}, "`nc` and `magnitude` keep the most minority"),
        (dict.fromkeys(["nc", "mils-bdm", "lamp", "magnitude"], 2), "4 alike keep the most"),
        ({"nc": 2}, "The only method, `nc` keeps the most minority recall (75.0 %), averaged"),
    ],
)
def test_ties_and_a_method_alone(goods: dict[str, int], words: str) -> None:
    assert words in sentence(goods, seeds=1, refused="x")


def test_one_name_for_the_best_of_two_metrics() -> None:
    runs = table({"nc": 3, "magnitude": 1}, seeds=1)
    steps = as_arms(runs.assign(accuracy=runs["minority_recall"]), "criterion", {})
    metrics = ["accuracy", "minority_recall"]
    known = roles({"nc": ("nc", ""), "magnitude": ("magnitude", "")})
    text = answer(areas(steps, metrics, 0.8), known, metrics, end=0.8, refused="x")
    assert text.count("`nc`") == 1
    assert ") and minority recall (" in text


def test_without_a_share_nothing_is_ranked() -> None:
    area = areas(as_arms(table({"nc": 1}), "criterion", {}), ["minority_recall"], 0.8)
    assert answer(area, {}, [], end=0.8).startswith("These runs hold no metric")


def grid(runs: pd.DataFrame) -> dict[str, list[str]]:
    steps = as_arms(runs, "criterion", {})
    known = roles({name: (name, "") for name in runs["criterion"].unique()})
    metrics = ["minority_recall"]
    free = means(free_values(steps, metrics, 0.02))
    points = means(at_points(steps, [0.4, 0.8], metrics))
    found = answer_grid(steps, free, points, known, metrics, at=(0.4, 0.8), within=0.02)
    return {"": list(found.head)} | {
        name: [cell.value for cell in cells] for name, cells in found.rows.items()
    }


def test_the_table_holds_the_methods_asked_for_the_furthest_first() -> None:
    runs = table(GOODS, seeds=2).assign(score_seconds=0.5, removed=10)
    assert grid(runs) == {
        "": [
            "free sparsity",
            *("minority recall at 40 %", "minority recall at 80 %"),
            "scoring (seconds)",
        ],
        "nc": ["60.0", "90.0", "50.0", "2.5"],
        "magnitude": ["20.0", "50.0", "50.0", "2.5"],
        "random": ["0.0", "50.0", "50.0", "2.5"],
    }


def test_what_was_not_measured_has_no_column() -> None:
    assert len(grid(table(GOODS, seeds=1))[""]) == 3
