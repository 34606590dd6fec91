"""Who counts in the mean of how far a metric is kept, and what the page says of the others."""

import pandas as pd
from tests.report.pages import steps, whole_page

from leastloss.report.comparison import Comparison, sections_of
from leastloss.report.numbers import means
from leastloss.report.parts import Section
from leastloss.report.values import as_arms, free_values

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
    full, fewer, *_ = headline.grids[0].rows["nc"]
    assert "n =" not in full.small
    assert fewer.small.endswith("n = 3")
    assert "counts in no mean" in headline.notes[1]
    assert any("worst-class recall" in text and "n = 3" in text for text in summary.lead)


def test_where_none_is_left_there_is_a_dash_and_the_reason() -> None:
    _, summary, headline, *rest = lost([0, 1, 2, 3])
    cell = headline.grids[0].rows["nc"][1]
    assert (cell.value, cell.small) == ("–", "dense 1.8")
    assert "Dense worst-class recall is 1.8 %: there is nothing to keep." in summary.lead
    (paired,) = (section for section in rest if section.anchor == "significance")
    heads = {grid.caption.partition(",")[0]: grid.head for grid in paired.grids}
    assert heads["Accuracy"][0].startswith("kept within")
    assert not any(head.startswith("kept within") for head in heads["Worst-class recall"])
    assert "there is nothing to keep" in whole_page(
        table=steps(3).assign(accuracy=0.01), metrics=["accuracy"], figures={}
    )


def test_two_seeds_that_are_left_tell_no_difference() -> None:
    for few, told in ((False, False), (True, True)):
        rest = lost([0, 1], few_seeds=few)
        (paired,) = (section for section in rest if section.anchor == "significance")
        (grid,) = (g for g in paired.grids if "Worst" in g.caption and not g.folded)
        assert (grid.head[0].startswith("kept within")) is told
