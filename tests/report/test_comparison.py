"""The sections of the page."""

import pytest
from tests.report.pages import steps, whole_page
from tests.report.steps import table

from leastloss.errors import InputError
from leastloss.report.comparison import Comparison, sections_of
from leastloss.report.numbers import at_points
from leastloss.report.sections import Grid, Sentences
from leastloss.report.values import as_arms


def test_a_run_without_the_metric_is_named() -> None:
    table = steps(seeds=2)
    table.loc[(table["criterion"] == "nc") & (table["seed"] == 1), "accuracy"] = float("nan")
    with pytest.raises(InputError, match="the run of 'nc' with seed 1 has no accuracy"):
        whole_page(table=table, figures={})


def test_tests_of_two_seeds_are_shown_only_if_asked_for() -> None:
    refusal = "n = 2: a claim needs 3 seeds or more"
    runs = steps(2, ["nc", "magnitude", "random"])
    for few_seeds in (False, True):
        given = Comparison(
            table=runs, title="t", command="c", metrics=["accuracy"], few_seeds=few_seeds
        )
        (section,) = (part for part in sections_of(given) if part.anchor == "significance")
        text = section.all(str)[0]
        assert text.startswith(refusal) is not few_seeds
        assert ("corrected by Holm" in text) is few_seeds
        smalls = [cell.small for grid in section.all(Grid) for cell in grid.rows["nc"]]
        assert any("p = 1" in small for small in smalls) is few_seeds  # 2 / 2**2, times two others


GOODS = {"nc": 2, "mils-bdm": 0, "magnitude": 1, "magnitude@nc": 3, "small-dense": 4}


OVER = "Averaged over the path up to 80 % removed"


def test_the_page_begins_with_whole_paths_and_the_end_of_them() -> None:
    runs = table(GOODS, seeds=1)
    runs["accuracy"] = runs["worst_class_recall"] = runs["minority_recall"]
    _, summary, *_ = sections_of(Comparison(table=runs, title="t", command="c"))
    whole, end, *_ = summary.all(Sentences)[0].texts
    assert whole.startswith(f"{OVER}, the highest of the 5 methods")
    assert end.startswith("At 80 % removed, the highest of the 5 methods, baselines and controls: ")
    assert "accuracy `small-dense` (90.0 %), then `nc`" in end
    steps = as_arms(runs, "criterion", {})
    assert len(at_points(steps, [0.8], ["accuracy"])) == 5
