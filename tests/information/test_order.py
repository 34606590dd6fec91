"""Sequential orders: every single choice is the best one when everything is recomputed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.information import reference

from leastloss.errors import InputError
from leastloss.information import (
    BOUNDARIES,
    COMPLEXITIES,
    STRATEGIES,
    covered,
    encode,
    removal_order,
    replay,
    set_removal_order,
    unit_cells,
)
from leastloss.information.complexity import count_blocks


def _unit(matrices, name, options):
    """For entropy, orders compare N times the value, N being the blocks of the largest pool."""
    return int(count_blocks(matrices, **options).sizes.max()) if name == "entropy" else 1


@given(
    case=reference.cases(),
    name=st.sampled_from(list(COMPLEXITIES)),
    strategy=st.sampled_from(list(STRATEGIES)),
    seed=st.integers(0, 100),
)
@reference.examples(100)
def test_every_choice_is_the_best(case, name, strategy, seed):
    matrices, options = case
    order = removal_order(matrices, complexity=name, strategy=strategy, seed=seed, **options)
    ones = np.flatnonzero(np.concatenate([matrix.ravel() for matrix in matrices]))
    if options["boundary"] == "periodic":
        assert sorted(order) == ones.tolist()
    assert len(set(order)) == len(order)
    cells = sorted(order)

    def values(sets):
        return reference.complexities(matrices, sets, name, **options)

    picked = [cells.index(cell) for cell in order[:12]]
    unit = _unit(matrices, name, options)
    reference.check_greedy([[cell] for cell in cells], picked, strategy, values, unit)


@given(
    case=reference.cases(),
    name=st.sampled_from(list(COMPLEXITIES)),
    strategy=st.sampled_from(list(STRATEGIES)),
)
@reference.examples(40)
def test_every_choice_of_a_set_is_the_best(case, name, strategy):
    matrices, options = case
    size = matrices[0].size
    sets = [list(range(start, size, 5)) for start in range(5)] + [list(range(min(size, 3)))]
    order = set_removal_order(matrices, sets, complexity=name, strategy=strategy, **options)
    assert sorted(order) == list(range(6))

    def values(sets):
        return reference.complexities(matrices, sets, name, **options)

    unit = _unit(matrices, name, options)
    reference.check_greedy(sets, [int(i) for i in order], strategy, values, unit)


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize("name", list(COMPLEXITIES))
def test_late_choices_are_the_best_too(name, boundary):
    matrices = [np.random.default_rng(3).integers(0, 2, shape) for shape in ((17, 14), (8, 9))]
    options = {"block": 4, "boundary": boundary, "pooled": [0, 0]}
    order = removal_order(matrices, complexity=name, seed=5, **options)
    cells = sorted(order)
    for done in (0, len(order) // 2, len(order) - 12):
        gone = list(order[:done])

        def values(sets, gone=gone):
            every = [[*gone, *cells] for cells in sets]
            return reference.complexities(matrices, every, name, **options)

        left = sorted(set(cells) - set(gone))
        picked = [left.index(cell) for cell in order[done : done + 3]]
        unit = _unit(matrices, name, options)
        reference.check_greedy([[c] for c in left], picked, "min_absolute", values, unit)


def test_uncovered_ones():
    matrix = np.ones((10, 8), dtype=np.uint8)
    outside = set(np.flatnonzero(~covered((10, 8)).ravel()))
    assert outside.isdisjoint(removal_order(matrix))
    last = removal_order(matrix, uncovered="last")
    assert set(last[-16:]) == outside
    assert np.array_equal(last[:64], removal_order(matrix))
    assert len(removal_order(matrix, uncovered="last", steps=70)) == 70
    included = removal_order(matrix, uncovered="include")
    assert set(included[:16]) == outside  # their loss is 0: the smallest there is
    assert sorted(included) == list(range(80))


@pytest.mark.parametrize("boundary", ["periodic", "overlapping"])
def test_shared_blocks_without_a_one(boundary):
    matrix = np.zeros((42, 42), dtype=np.uint8)
    matrix[12, 20] = matrix[20, 12] = 1  # the edge, where blocks wrap, holds none
    assert sorted(removal_order(matrix, boundary=boundary)) == [12 * 42 + 20, 20 * 42 + 12]


def test_units_are_ordered():
    layers = [np.random.default_rng(0).choice([-1, 1], shape) for shape in ((12, 9), (5, 12))]
    planes = [plane for layer in layers for plane in encode(layer)]
    cells = unit_cells([plane.shape for plane in planes], [0, 1], [2, 3])
    order = set_removal_order(planes, cells, boundary="periodic")
    assert sorted(order) == list(range(12))
    assert np.array_equal(order[:5], set_removal_order(planes, cells, boundary="periodic", steps=5))


def test_nothing_to_remove():
    for boundary in BOUNDARIES:  # with an edge of shared blocks, too
        assert removal_order(np.zeros((9, 10)), boundary=boundary).shape == (0,)
    assert set_removal_order(np.ones((8, 8)), []).shape == (0,)
    assert replay(np.ones((8, 8)), []).shape == (0,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "least"}, "unknown strategy"),
        ({"steps": 0}, "between 1 and the 8 removable"),
        ({"steps": 9}, "between 1 and the 8 removable"),
        ({"steps": 2.0}, "must be an integer"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": "a"}, "seed is 'a'"),
        ({"uncovered": "keep"}, "unknown treatment of uncovered cells"),
    ],
)
def test_bad_requests(options, message):
    with pytest.raises(InputError, match=message):
        removal_order(np.eye(8), **options)
