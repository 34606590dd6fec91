"""Tables of differences name what is taken away: the arm, not its criterion."""

import pandas as pd

from leastloss.report.numbers import differences
from leastloss.report.paired import significance
from leastloss.report.parts import Grid

SETTINGS = {
    "nc, recovery=refit": "recovery=refit",
    "nc, recovery=none": "recovery=none",
    "magnitude, recovery=refit": "recovery=refit",
    "magnitude, recovery=none": "recovery=none",
}


def grid(methods: list[str], absent: tuple[str, float] = ("", 0.0)) -> Grid:
    """The table of accuracy at two sparsities, of which one method may lack one."""
    values = pd.DataFrame(
        {"recovery": "", "granularity": "", "method": name, "criterion": name.partition(",")[0]}
        | {"settings": SETTINGS[name], "seed": seed, "quantity": "accuracy", "at": at}
        | {"value": 0.9 - at / 10 + place / 100, "only_dense": False}
        for place, name in enumerate(methods)
        for seed in range(3)
        for at in (0.5, 0.9)
        if (name, at) != absent
    )
    return significance([differences(values, ["magnitude"])], methods).grids[0]


def test_one_reference_is_named_in_full_in_the_caption() -> None:
    found = grid([name for name in SETTINGS if name != "magnitude, recovery=refit"])
    assert found.caption == "Accuracy, minus `magnitude, recovery=none`, n = 3"
    assert found.head == ["at 50 %", "at 90 %"]


def test_of_several_each_row_names_its_own() -> None:
    found = grid(list(SETTINGS))
    assert found.caption == "Accuracy, minus an arm of `magnitude`, n = 3"
    assert found.head[0] == "minus"
    assert {name: cells[0].value for name, cells in found.rows.items()} == {
        "nc, recovery=refit": "magnitude, recovery=refit",
        "nc, recovery=none": "magnitude, recovery=none",
        "magnitude, recovery=none": "magnitude, recovery=refit",
    }


def test_a_cell_with_another_reference_than_its_row_says_so() -> None:
    found = grid(list(SETTINGS), ("magnitude, recovery=refit", 0.9))
    own, near, far = found.rows["nc, recovery=refit"]
    assert own.value == "magnitude, recovery=refit"
    assert "minus" not in near.small
    # At 90 % there is the other arm alone.
    assert far.small.endswith("minus magnitude, recovery=none")
