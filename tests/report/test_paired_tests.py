"""Tables of differences name what is taken away: the arm, not its criterion."""

import pandas as pd

from leastloss.report.numbers import differences
from leastloss.report.paired_tests import significance
from leastloss.report.sections import Grid

SETTINGS = {
    "nc, recovery=refit": "recovery=refit",
    "nc, recovery=none": "recovery=none",
    "magnitude, recovery=refit": "recovery=refit",
    "magnitude, recovery=none": "recovery=none",
}


def grids(methods: list[str], absent: tuple[str, float] = ("", 0.0)) -> dict[str, Grid]:
    """The tables of accuracy at two sparsities, of which one method may lack one."""
    values = pd.DataFrame(
        {"recovery": "", "granularity": "", "method": name, "criterion": name.partition(",")[0]}
        | {"settings": SETTINGS[name], "seed": seed, "quantity": "accuracy", "at": at}
        | {"value": 0.9 - at / 10 + place / 100, "only_dense": False}
        for place, name in enumerate(methods)
        for seed in range(3)
        for at in (0.5, 0.9)
        if (name, at) != absent
    )
    made = significance([differences(values, ["magnitude"])], methods).all(Grid)
    return {grid.caption: grid for grid in made}


def test_the_reference_is_named_in_full_in_the_caption() -> None:
    found = grids([name for name in SETTINGS if name != "magnitude, recovery=refit"])
    assert list(found) == ["Accuracy, minus `magnitude, recovery=none`, n = 3"]


def test_each_reference_has_a_table_and_all_are_corrected_together() -> None:
    found = grids(list(SETTINGS))
    assert {caption: list(grid.rows) for caption, grid in found.items()} == {
        "Accuracy, minus `magnitude, recovery=refit`, n = 3": [
            "nc, recovery=refit",
            "magnitude, recovery=none",
        ],
        "Accuracy, minus `magnitude, recovery=none`, n = 3": ["nc, recovery=none"],
    }
    # Three differences of one sign: 2 / 2**3, times three methods, at most 1.
    last = found["Accuracy, minus `magnitude, recovery=none`, n = 3"].rows["nc, recovery=none"]
    assert last[0].small.endswith("p = 0.75")


def test_where_the_own_reference_was_not_measured_another_has_its_own_table() -> None:
    found = grids(list(SETTINGS), ("magnitude, recovery=refit", 0.9))
    near = found["Accuracy, minus `magnitude, recovery=refit`, n = 3"]
    assert near.head == ["at 50 %"]
    far = found["Accuracy, minus `magnitude, recovery=none`, n = 3"].rows["nc, recovery=refit"]
    assert [cell.value for cell in far] == ["–", "−3.0"]


def test_one_method_alone_has_nothing_to_compare_with() -> None:
    section = significance([], ["nc"])
    assert section.blocks == ["There is no other method to compare with."]
