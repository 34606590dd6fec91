"""Sets: their losses kept as sums give the same orders, and the curve along an order of sets."""

import numpy as np
import pytest
from tests.information import reference

from leastloss.errors import InputError
from leastloss.information import (
    BOUNDARIES,
    COMPLEXITIES,
    bdm,
    block_entropy,
    encode,
    replay,
    set_removal_order,
    unit_cells,
)
from leastloss.information.engine import queue_setup


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize("name", list(COMPLEXITIES))
def test_replay_of_sets_equals_recomputation(name, boundary):
    matrices = [np.random.default_rng(4).integers(0, 2, shape) for shape in ((9, 10), (4, 6))]
    sets = [range(start, 90 + 24, 9) for start in range(9)] + [[0, 1], []]
    given = {"complexity": name, "boundary": boundary}
    order = set_removal_order(matrices, sets, **given)
    curve = replay(matrices, order, sets=sets, **given)
    value = {"bdm": bdm, "entropy": block_entropy}[name]
    gone = []
    for number, after in zip(order, curve, strict=True):
        gone += sets[number]
        assert after == pytest.approx(
            value(reference.cleared(matrices, gone), boundary=boundary), abs=1e-9
        )


@pytest.mark.parametrize("order", [[2], [-1], [0.5]])
def test_replay_of_a_set_that_does_not_exist(order):
    with pytest.raises(InputError, match="a set that does not exist; sets are the integers 0 to 1"):
        replay(np.eye(8), order, sets=[[0], [1]])


@pytest.mark.parametrize("name", list(COMPLEXITIES))
def test_sets_by_sums_go_in_the_same_order_as_computed_anew(name, monkeypatch):
    layers = [np.random.default_rng(1).choice([-1, 1], shape) for shape in ((40, 30), (17, 40))]
    planes = [plane for layer in layers for plane in encode(layer)]
    cells = unit_cells([plane.shape for plane in planes], [0, 1], [2, 3])
    given = {"complexity": name, "boundary": "periodic", "pooled": [0, 1, 1, 0]}
    order = set_removal_order(planes, cells, **given)
    monkeypatch.setattr(queue_setup, "MOST_ROOM", 0)
    assert np.array_equal(order, set_removal_order(planes, cells, **given))
