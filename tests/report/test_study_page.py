"""A study's page of results."""

import re
from collections.abc import Sequence

import pandas as pd
import pytest
from tests.report.test_numbers import runs

from leastloss.report.numbers import at_points, differences, free_of_loss, means, spreads
from leastloss.report.sections import Block, Image
from leastloss.report.study_page import study_page


def made(table: pd.DataFrame, ranks: Sequence[Block] = ()) -> str:
    values = at_points(table, [0.3, 0.6], ["accuracy"])
    kept = free_of_loss(table, [0.05])
    return study_page(
        title="T",
        question="Q?",
        facts={"command": "`c`"},
        means=means(values),
        differences=differences(values, ["random"]),
        free=means(kept),
        shorter=differences(kept, ["random"]),
        spread=means(spreads(values, {"both": list(table["method"].unique())})),
        images={("none", "weight"): ["../images/s.svg"]},
        csv="../../results/s.csv",
        ranks=ranks,
    )


def test_verdicts_follow_from_the_numbers() -> None:
    text = made(
        runs(
            random=[[0.9, 0.5, 0.2 + 0.01 * (-1) ** i] for i in range(8)],
            nc=[[0.9, 0.6 + 0.01 * i, 0.2] for i in range(8)],
        )
    )
    (verdict,) = [line for line in text.splitlines() if line.startswith("- `nc` − `random`")]
    # Eight of one sign: p = 2/256.
    interval = r"\+13\.5{} \[1[12]\.\d, 1[45]\.\d\]"
    shown = interval.format(" points")
    assert re.search(rf"at 30 % removed {shown}, n = 8, p = 0\.0078: higher; at 60 %", verdict)
    assert verdict.endswith("n = 8, p = 1: no difference shown.")
    assert re.search(rf"\*\*{interval.format('')}, p = 0\.0078\*\*", text)
    assert "| `random` | 50.0 [50.0, 50.0] |" in text
    assert "none can be shown" not in text


def test_ranks_stand_at_the_end_where_there_are_several_data_sets() -> None:
    table = runs(random=[[0.9, 0.5, 0.2]] * 3, nc=[[0.9, 0.6, 0.2]] * 3)
    assert "Ranks over" not in made(table)
    text = made(table, ["Said.", Image("../images/s-ranks.svg", "Ranks")])
    end = text.partition("## Ranks over data sets\n")[2]
    assert end.split() == ["Said.", "![Ranks](../images/s-ranks.svg)"]


def test_what_comes_free_is_compared_seed_by_seed() -> None:
    text = made(
        runs(
            random=[[0.9, 0.5, 0.2]] * 8,
            nc=[[0.9, 0.86 + 0.001 * i, 0.2] for i in range(8)],
        )
    )
    summary = (
        "Most removed, shortest: Removed minus that of <code>random</code>, in percentage points"
    )
    (place,) = [i for i, line in enumerate(text.splitlines()) if summary in line]
    table = text.splitlines()[place + 2 : place + 5]
    # All of eight seeds go from 0 to 30 % removed within 5 points: p = 2/256.
    assert table == [
        "| within | 5 % |",
        "|---|---|",
        "| `nc` | **+30.0 [30.0, 30.0], p = 0.0078** |",
    ]


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        (2, "is 0.5 m: none can be shown."),
        (3, "is 0.25 m: none can be shown."),
        (5, "is 0.062 m: none can be shown."),
        (6, "is 0.031 m: none can be shown where m is above 1."),  # two arms: 0.0625 at best
    ],
)
def test_too_few_seeds_are_called_so(seeds: int, said: str) -> None:
    arms = {"nc": [[0.9, 0.6, 0.2]] * seeds, "lamp": [[0.9, 0.55, 0.2]] * seeds}
    text = made(runs(random=[[0.9, 0.5, 0.2]] * seeds, **arms))
    assert f"in a column of m arms {said}" in text


def test_one_seed_shows_no_difference() -> None:
    text = made(runs(random=[[0.9, 0.5, 0.2]], nc=[[0.9, 0.6, 0.2]]))
    assert "With one seed no difference can be shown." in text


def test_dense_counts_where_nothing_pruned_is_near() -> None:
    text = made(runs(random=[[0.9, 0.5, 0.2], [0.9, 0.87, 0.2]]))
    assert "| `random` | 15.0 [0.0, 30.0], *1 | 88.5 [87.0, 90.0], *1 | 80 [60, 100], *1 |" in text
