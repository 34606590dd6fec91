"""The complexity along an order, for sets of cells."""

import numpy as np
import pytest
from tests.information import reference

from leastloss.errors import InputError
from leastloss.information import (
    BOUNDARIES,
    COMPLEXITIES,
    bdm,
    block_entropy,
    removal_order,
    replay,
    set_removal_order,
)


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


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize("name", list(COMPLEXITIES))
def test_replay_equals_recomputation(name, boundary):
    matrices = [np.random.default_rng(4).integers(0, 2, shape) for shape in ((9, 10), (4, 6))]
    order = removal_order(matrices, complexity=name, boundary=boundary)
    curve = replay(matrices, order, complexity=name, boundary=boundary)
    function = {"bdm": bdm, "entropy": block_entropy}[name]
    for step in range(0, len(order), 7):
        after = reference.cleared(matrices, order[: step + 1])
        assert curve[step] == pytest.approx(function(after, boundary=boundary), abs=1e-9)


def test_replay_of_a_cell_that_does_not_exist():
    with pytest.raises(InputError, match="does not exist"):
        replay(np.eye(8), [64])
