"""Sequential orders: every single choice is the best one when everything is recomputed."""

import itertools
from collections import Counter

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
    bdm,
    block_entropy,
    covered,
    encode,
    information_loss,
    removal_cost,
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
    function = {"bdm": bdm, "entropy": block_entropy}[name]

    def value(gone):
        return function(reference.cleared(matrices, gone), **options)

    picked = [cells.index(cell) for cell in order[:12]]
    unit = _unit(matrices, name, options)
    reference.check_greedy([[cell] for cell in cells], picked, strategy, value, unit)


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
    function = {"bdm": bdm, "entropy": block_entropy}[name]

    def value(gone):
        return function(reference.cleared(matrices, gone), **options)

    unit = _unit(matrices, name, options)
    reference.check_greedy(sets, [int(i) for i in order], strategy, value, unit)


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
@pytest.mark.parametrize("name", list(COMPLEXITIES))
def test_late_choices_are_the_best_too(name, boundary):
    matrices = [np.random.default_rng(3).integers(0, 2, shape) for shape in ((17, 14), (8, 9))]
    options = {"block": 4, "boundary": boundary}
    order = removal_order(matrices, complexity=name, seed=5, **options)
    cells = sorted(order)
    function = {"bdm": bdm, "entropy": block_entropy}[name]
    for done in (0, len(order) // 2, len(order) - 12):
        gone = list(order[:done])

        def value(more, gone=gone):
            return function(reference.cleared(matrices, [*gone, *more]), **options)

        left = sorted(set(cells) - set(gone))
        picked = [left.index(cell) for cell in order[done : done + 3]]
        unit = _unit(matrices, name, options)
        reference.check_greedy([[c] for c in left], picked, "min_absolute", value, unit)


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


def test_ties_are_drawn_uniformly():
    matrix = np.zeros((8, 8), dtype=np.uint8)
    matrix[:4, :4] = [[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 1]]  # 4 tied corners
    matrix[4:, 4:] = matrix[:4, :4]
    firsts = [int(removal_order(matrix, seed=seed, steps=1)[0]) for seed in range(800)]
    cells, counts = np.unique(firsts, return_counts=True)
    assert len(cells) == 8
    assert counts.min() > 60  # 100 each, standard deviation 9.4
    assert counts.max() < 140


def test_later_ties_are_drawn_uniformly_too():
    block = np.diag([1, 0, 0, 1])
    matrix = np.tile(block, (2, 3))  # six equal blocks of two ones, tied
    law = dict.fromkeys(itertools.permutations(np.flatnonzero(matrix).tolist(), 2), 0.0)
    firsts = _tied([matrix], [])
    for one in firsts:
        seconds = _tied([matrix], [one])
        for other in seconds:
            law[one, other] += 1 / len(firsts) / len(seconds)
    drawn = Counter(
        tuple(removal_order(matrix, seed=seed, steps=2).tolist()) for seed in range(3000)
    )
    possible = {pair for pair, share in law.items() if share > 0}
    assert set(drawn) <= possible
    off = sum((drawn[pair] - 3000 * law[pair]) ** 2 / (3000 * law[pair]) for pair in possible)
    freedom = len(possible) - 1
    assert abs(off - freedom) < 5 * (2 * freedom) ** 0.5  # chi squared


def _tied(matrices, gone):
    """Cells of lowest cost after clearing some."""
    cost = removal_cost(information_loss(reference.cleared(matrices, gone)[0]).ravel())
    return np.flatnonzero(cost == np.nanmin(cost)).tolist()


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
def test_same_seed_same_order_and_fewer_steps_are_a_prefix(boundary):
    layer = np.random.default_rng(0).choice([-1, 1], (14, 15))
    options = {"complexity": "entropy", "boundary": boundary}
    order = removal_order(encode(layer), seed=1, **options)
    assert np.array_equal(order, removal_order(encode(layer), seed=1, **options))
    assert np.array_equal(order[:40], removal_order(encode(layer), seed=1, steps=40, **options))
    assert not np.array_equal(order, removal_order(encode(layer), seed=2, **options))
    generators = [np.random.default_rng(7), np.random.default_rng(7)]
    first, second = (removal_order(encode(layer), seed=g, **options) for g in generators)
    assert np.array_equal(first, second)


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


def test_large_sequence_stays_exact():
    matrix = np.random.default_rng(6).integers(0, 2, (128, 128), dtype=np.uint8)
    order = removal_order(matrix, strategy="max_decrease")
    curve = replay(matrix, order)
    for step in (0, 1000, 5000, len(order) - 1):
        after = reference.cleared([matrix], order[: step + 1])
        assert curve[step] == pytest.approx(bdm(after), abs=1e-9)
    assert (np.diff(curve[:1000]) < 0).all()


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


def test_replay_of_a_cell_that_does_not_exist():
    with pytest.raises(InputError, match="does not exist"):
        replay(np.eye(8), [64])
