"""Tables of methods and points."""

import pandas as pd
from tests.report.pages import steps, whole_page
from tests.report.test_page import runs

from leastloss.report import operating_points
from leastloss.report.comparison import Comparison, sections_of
from leastloss.report.numbers import means
from leastloss.report.sections import Grid, Section, Sentences
from leastloss.report.tables import metric_tables
from leastloss.report.values import as_arms, free_values


def cells(table):
    points = operating_points(table, metrics=["accuracy"])
    dense = operating_points(table, [0.0], metrics=["accuracy"])
    (found,) = metric_tables(points, dense, "criterion")
    return found


def test_numbers_of_the_table():
    found = cells(runs())
    assert found.head == ["50 %", "80 %", "90 %", "95 %"]
    assert found.dense is not None
    assert found.dense.value == "90.2"
    assert [cell.value for cell in found.rows["magnitude"]] == ["70.2"] * 4
    low, high = map(float, found.rows["nc"][0].small.split("–"))
    assert 90.0 <= low < 90.2 < high <= 90.4


def test_a_best_value_is_marked_only_if_the_intervals_tell():
    assert [cell.best for cell in cells(runs(gap=0.2)).rows["nc"]] == [True] * 4
    apart = [cell.best for row in cells(runs(gap=0.0005)).rows.values() for cell in row]
    assert not any(apart)


def test_of_what_is_lost_the_highest_is_not_marked_best():
    table = runs(gap=0.2).rename(columns={"accuracy": "changed_predictions"})
    points = operating_points(table, metrics=["changed_predictions"])
    (found,) = metric_tables(points, points.iloc[:0], "criterion")
    assert found.unit == "%"
    assert not any(cell.best for row in found.rows.values() for cell in row)


def test_a_point_out_of_reach_is_a_dash():
    table = runs()
    table = table[(table["criterion"] == "nc") | (table["sparsity"] < 0.85)]
    values = [cell.value for cell in cells(table).rows["magnitude"]]
    assert values[:2] == ["70.2", "70.2"]
    assert values[2:] == ["–", "–"]


METRICS = ("accuracy", "worst_class_recall")


def lost(seeds: list[int], few_seeds: bool = False) -> list[Section]:
    """The sections of a page where some seeds have lost their worst class from the start."""
    table = steps(seeds=4)
    table.loc[table["seed"].isin(seeds), "worst_class_recall"] *= 0.02
    own = {"title": "t", "command": "c", "metrics": METRICS, "within": 0.1}
    return sections_of(Comparison(table=table, few_seeds=few_seeds, **own))  # type: ignore[arg-type]


def test_a_seed_with_nothing_to_keep_is_in_no_mean() -> None:
    runs = pd.DataFrame(
        {"criterion": "nc", "seed": seed, "sparsity": p, "accuracy": value}
        for seed, values in enumerate([(0.9, 0.89, 0.5), (0.9, 0.5, 0.5), (0.015, 0.0, 0.0)])
        for p, value in zip((0.0, 0.4, 0.8), values, strict=True)
    )
    (row,) = means(free_values(as_arms(runs, "criterion", {}), ["accuracy"], 0.02)).to_dict(
        "records"
    )
    # 0.4 and 0; the third seed would count as 0.8 and double the mean.
    assert (row["n"], row["mean"]) == (2, 0.2)


def test_cells_of_fewer_seeds_say_so() -> None:
    _, summary, headline, *_ = lost([0])
    (sentences,) = (block.texts for block in summary.all(Sentences))
    full, fewer, *_ = headline.all(Grid)[0].rows["nc"]
    assert "n =" not in full.small
    assert fewer.small.endswith("n = 3")
    assert "counts in no mean" in headline.all(str)[1]
    assert any("worst-class recall" in text and "n = 3" in text for text in sentences)


def test_where_none_is_left_there_is_a_dash_and_the_reason() -> None:
    _, summary, headline, *rest = lost([0, 1, 2, 3])
    (sentences,) = (block.texts for block in summary.all(Sentences))
    cell = headline.all(Grid)[0].rows["nc"][1]
    assert (cell.value, cell.small) == ("–", "dense 1.8")
    assert "Dense worst-class recall is 1.8 %: there is nothing to keep." in sentences
    (paired,) = (section for section in rest if section.anchor == "significance")
    heads = {grid.caption.partition(",")[0]: grid.head for grid in paired.all(Grid)}
    assert heads["Accuracy"][0].startswith("kept within")
    assert not any(head.startswith("kept within") for head in heads["Worst-class recall"])
    assert "there is nothing to keep" in whole_page(
        table=steps(3).assign(accuracy=0.01), metrics=["accuracy"], figures={}
    )


def test_two_seeds_that_are_left_tell_no_difference() -> None:
    for few, told in ((False, False), (True, True)):
        rest = lost([0, 1], few_seeds=few)
        (paired,) = (section for section in rest if section.anchor == "significance")
        (grid,) = (g for g in paired.all(Grid) if "Worst" in g.caption and not g.folded)
        assert (grid.head[0].startswith("kept within")) is told


def test_a_cell_of_another_sparsity_says_so_and_one_too_far_is_empty() -> None:
    table = pd.DataFrame(
        {"criterion": name, "seed": seed, "sparsity": p, "accuracy": 0.9 - seed / 10}
        for name, own in {"nc": [0.9, 0.99], "units": [0.893, 0.985]}.items()
        for seed in range(3)
        for p in [0.0, *own]
    )
    given = {"table": table, "title": "t", "command": "c", "metrics": ["accuracy"]}
    _, _, headline, *_, paired, _ = sections_of(Comparison(**given, at=(0.9, 0.99)))  # type: ignore[arg-type]
    cells = headline.all(Grid)[1].rows
    assert [cell.small for cell in cells["nc"]] == ["70.0–90.0"] * 2
    assert cells["units"][0].small == "70.0–90.0\nat 89.3 %"
    assert (cells["units"][1].value, cells["units"][1].small) == ("–", "")
    (grid,) = paired.all(Grid)  # units minus nc
    assert grid.head[-1] == "at 90 %"  # at 99 % there is no pair
    assert grid.rows["units"][-1].small.endswith("at 89.3 % and 90 %")
