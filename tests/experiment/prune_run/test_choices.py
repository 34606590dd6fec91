"""Which criteria a prune run is asked for, and in which order they prune."""

import pytest

from leastloss.errors import InputError
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.prune_run.choices import choices, in_order

LEADER = "mils-bdm:boundary=ignore"


def test_flags_are_defaults_of_specs_and_leaders_go_first() -> None:
    config = PruneConfig(criteria="random@mils-bdm, mils-bdm, nc", boundary="ignore")
    chosen = choices(config)
    assert [choice.label for choice in chosen] == [f"random@{LEADER}", LEADER, "nc"]
    assert [choice.label for choice in in_order(chosen)] == [LEADER, "nc", f"random@{LEADER}"]


@pytest.mark.parametrize(
    ("criteria", "line"),
    [
        (",", "criteria is empty; there are: "),
        ("nc@nc", "'nc@nc' follows itself"),
        ("shuffled", "'shuffled' needs a criterion whose masks it shuffles"),
        ("small-dense@nc,nc", "follows no layer ratios; write 'small-dense'"),
        ("small-dense", "'small-dense' is as large as another's pruned network"),
    ],
)
def test_criteria_that_cannot_be(criteria: str, line: str) -> None:
    with pytest.raises(InputError, match=line):
        choices(PruneConfig(criteria=criteria))
