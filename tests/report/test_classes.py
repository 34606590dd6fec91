"""Which class pays most, and how unevenly."""

import pandas as pd

from leastloss.report.classes import class_losses, classes_section, fairness_section
from leastloss.report.sections import Grid
from leastloss.report.values import as_arms


def steps() -> pd.DataFrame:
    """Class 1 loses 0.3 in the mean of two seeds, class 0 loses 0.1."""
    rows = [
        {"criterion": "nc", "seed": seed, "sparsity": p, "cev": 2.0 * p}
        | {"recall_class_0": 0.9 - 0.2 * p, "recall_class_1": 0.8 - (0.5 + 0.2 * seed) * p}
        for seed in range(2)
        for p in (0.0, 0.5)
    ]
    return as_arms(pd.DataFrame(rows), "criterion", {})


def test_the_class_that_loses_most() -> None:
    losses = class_losses(steps(), 0.5)
    assert losses[["method", "label", "n"]].values.tolist() == [["nc", "1", 2]]
    (grid,) = classes_section([], losses, ["nc"]).all(Grid)
    assert [cell.value for cell in grid.rows["nc"]] == ["1", "−30.0"]


def test_without_recalls_of_classes_it_is_said() -> None:
    none = steps().drop(columns=["recall_class_0", "recall_class_1"])
    assert class_losses(none, 0.5).empty
    (text,) = classes_section([], class_losses(none, 0.5), ["nc"]).all(str)
    assert text == "These runs hold no recalls of single classes."


def test_fairness_at_each_point() -> None:
    (grid,) = fairness_section(steps(), [0.5], ["nc"]).all(Grid)
    assert grid.caption == "At 50 % removed, n = 2"
    assert [cell.value for cell in grid.rows["nc"]] == ["1"]
    (text,) = fairness_section(steps().drop(columns="cev"), [0.5], ["nc"]).all(str)
    assert text.startswith("These runs hold none")


def test_the_class_that_loses_most_is_called_by_its_name() -> None:
    assert class_losses(steps(), 0.5, ["no", "yes"])["label"].tolist() == ["yes"]
