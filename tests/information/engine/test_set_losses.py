"""Losses of sets kept as sums."""

import numpy as np
import pytest

from leastloss.information import (
    COMPLEXITIES,
    encode,
    set_removal_order,
    unit_cells,
)
from leastloss.information.engine import queue_setup


@pytest.mark.parametrize("name", list(COMPLEXITIES))
def test_sets_by_sums_go_in_the_same_order_as_computed_anew(name, monkeypatch):
    layers = [np.random.default_rng(1).choice([-1, 1], shape) for shape in ((40, 30), (17, 40))]
    planes = [plane for layer in layers for plane in encode(layer)]
    cells = unit_cells([plane.shape for plane in planes], [0, 1], [2, 3])
    given = {"complexity": name, "boundary": "periodic", "pooled": [0, 1, 1, 0]}
    order = set_removal_order(planes, cells, **given)
    monkeypatch.setattr(queue_setup, "MOST_ROOM", 0)
    assert np.array_equal(order, set_removal_order(planes, cells, **given))
