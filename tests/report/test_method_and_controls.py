"""Each method beside its controls."""

from tests.report.steps import table

from leastloss.report.method_and_controls import controls_section
from leastloss.report.numbers import means
from leastloss.report.roles import roles
from leastloss.report.sections import Grid, Section
from leastloss.report.values import areas, as_arms


def section(goods: dict[str, int]) -> Section:
    area = areas(as_arms(table(goods, 2), "criterion", {}), ["minority_recall"], 0.8)
    return controls_section(means(area), roles({name: (name, "") for name in goods}))


def test_a_row_per_method_with_a_column_per_control() -> None:
    beside = section({"nc": 3, "random@nc": 1, "small-dense": 4, "magnitude": 2})
    (grid,) = beside.all(Grid)
    assert grid.head == ["itself", "random@…", "magnitude@…", "shuffled@…", "small-dense"]
    assert {name: [cell.value for cell in cells] for name, cells in grid.rows.items()} == {
        "nc": ["85.0", "65.0", "–", "–", "90.0"]
    }
    assert beside.all(str)[-1] == "`nc` is incomplete: magnitude@nc, shuffled@nc not run."


def test_without_any_control_there_is_no_table() -> None:
    alone = section({"nc": 3, "magnitude": 2})
    assert alone.all(Grid) == []
    assert "all of them are incomplete" in alone.all(str)[-1]
