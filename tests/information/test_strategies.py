"""The order that a strategy makes of losses."""

import numpy as np

from leastloss.information import (
    STRATEGIES,
    removal_cost,
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
