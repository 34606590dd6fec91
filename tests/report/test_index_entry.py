"""A study's entry in RESULTS.md: the best figure first, and enough to judge it by."""

import pandas as pd
from tests.report.test_numbers import runs

from leastloss.report.index_entry import index_entry
from leastloss.report.numbers import at_points, means


def entry(table: pd.DataFrame, against: list[str]) -> str:
    dense = table[table["sparsity"] == 0].drop_duplicates("seed").assign(method="dense")
    numbers = pd.concat(
        [
            means(at_points(dense, [0.0], ["accuracy"])),
            means(at_points(table, [0.3, 0.6], ["accuracy"])),
        ]
    )
    return index_entry(
        "s",
        title="T",
        numbers=numbers,
        against=against,
        page="docs/results/s.md",
        csv="results/s.csv",
    )


def test_the_best_figure_comes_first() -> None:
    table = runs(
        nc=[[0.9, 0.6, 0.3]] * 4,
        magnitude=[[0.9, 0.7, 0.5]] * 4,
        wanda=[[0.9, 0.8, 0.4]] * 4,
        lamp=[[0.9, 0.8, 0.2]] * 4,
        random=[[0.9, 0.5, 0.1]] * 4,
    )
    text = entry(table, ["random"])
    lines = [line for line in text.splitlines() if line]
    assert lines[:3] == ["<!-- begin s -->", '<a id="s"></a>', "## T"]
    assert lines[3] == (
        "**50.0 %** [50.0, 50.0] accuracy with 60 % of the weights removed: `magnitude`, the best "
        "of 5 arms; dense: 90.0 [90.0, 90.0]."
    )
    # The best two, the study's first arm and the reference; lamp is on the page alone.
    assert [line.split("`")[1] for line in lines if line.startswith("| `")] == [
        "magnitude",
        "wanda",
        "nc",
        "random",
    ]
    assert "[All arms, figures and the command](docs/results/s.md)" in text
    assert text.endswith("<!-- end s -->\n")


def test_the_table_is_of_the_group_of_the_best_arm() -> None:
    weights = runs(nc=[[0.9, 0.6, 0.3]] * 4, random=[[0.9, 0.5, 0.1]] * 4)
    units = runs(nc=[[0.9, 0.8, 0.7]] * 4, random=[[0.9, 0.8, 0.2]] * 4)
    text = entry(pd.concat([weights, units.assign(granularity="unit")]), ["random"])
    assert "60 % of the units removed: `nc`, the best of 4 arms" in text
    assert "| `nc` | 80.0 [80.0, 80.0] | 70.0 [70.0, 70.0] |" in text
    assert "30.0" not in text
    assert "Accuracy (%), units" in text
