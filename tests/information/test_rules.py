"""The order that a strategy makes of losses, and what rules are refused for."""

import numpy as np
import pytest

from leastloss.errors import InputError
from leastloss.information import (
    STRATEGIES,
    TIES,
    removal_cost,
    removal_order,
    set_removal_order,
)


def test_costs_of_the_strategies():
    loss = np.array([3.0, -2.0, 0.0, 1.0, -0.5, np.nan])
    wanted = {
        "min_absolute": [2, 4, 3, 1, 0],
        "max_absolute": [0, 1, 3, 4, 2],
        "min_increase": [4, 1, 2, 3, 0],
        "max_increase": [1, 4, 2, 3, 0],
        "min_decrease": [3, 0, 2, 4, 1],
        "max_decrease": [0, 3, 2, 4, 1],
    }
    assert set(wanted) == set(STRATEGIES)
    for strategy, order in wanted.items():
        cost = removal_cost(loss, strategy)
        assert np.isnan(cost[5])
        assert cost[:5].argsort().tolist() == order, strategy
    assert removal_cost(0.1 + 0.2) == removal_cost(0.3)  # rounding errors are ties


@pytest.mark.parametrize("ties", list(TIES))
def test_nothing_to_remove(ties):
    assert removal_order(np.zeros((9, 10)), ties=ties).shape == (0,)
    assert set_removal_order(np.ones((8, 8)), [], ties=ties).shape == (0,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ties": "first"}, "unknown treatment of ties 'first'"),
        ({"batch": 0}, "batch is 0; it must be at least 1"),
        ({"batch": 2.0}, "batch is 2.0; it must be an integer"),
        ({"batch": True}, "batch is True; it must be an integer"),
        ({"batch": 2, "ties": "together"}, "ties='together' with batch=2"),
        ({"balance": [0, 1]}, r"balance is \[0, 1\]; it must be None or 1 integer label"),
        ({"balance": 0}, "balance is 0"),
        ({"balance": [0.5]}, r"balance is \[0.5\]"),
        ({"balance": [0], "ties": "together"}, "ties='together' with balance"),
    ],
)
def test_bad_requests(options, message):
    with pytest.raises(InputError, match=message):
        removal_order(np.eye(8), **options)
