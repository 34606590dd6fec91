"""Costs of methods."""

from tests.report.pages import steps

from leastloss.report.cost import cost_section
from leastloss.report.sections import Grid
from leastloss.report.values import as_arms


def test_seconds_of_scoring_are_added_up_and_shared_out() -> None:
    table = steps(seeds=2)
    section = cost_section(as_arms(table, "criterion", {}), ["nc"], {"nc": []})
    whole, each = section.all(Grid)[0].rows["nc"]
    assert whole.value == "1.4"  # seven steps of 0.2 s
    assert each.value == "1,474"  # 1.4 s for 950 parts, in microseconds
