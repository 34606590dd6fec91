"""The loop over removals: draws among ties, seeds, and long orders."""

import itertools
from collections import Counter

import numpy as np
import pytest
from tests.information import reference

from leastloss.information import (
    BOUNDARIES,
    bdm,
    encode,
    information_loss,
    removal_cost,
    removal_order,
    replay,
)


def _tied(matrices, gone):
    """Cells of lowest cost after clearing some."""
    cost = removal_cost(information_loss(reference.cleared(matrices, gone)[0], block=2).ravel())
    return np.flatnonzero(cost == np.nanmin(cost)).tolist()


def test_ties_are_drawn_uniformly():
    matrix = np.zeros((6, 6), dtype=np.uint8)
    matrix[:3, :3] = [[1, 0, 1], [0, 0, 0], [1, 0, 1]]  # 4 tied corners
    matrix[3:, 3:] = matrix[:3, :3]
    firsts = [int(removal_order(matrix, block=3, seed=seed, steps=1)[0]) for seed in range(800)]
    cells, counts = np.unique(firsts, return_counts=True)
    assert len(cells) == 8
    assert counts.min() > 60  # 100 each, standard deviation 9.4
    assert counts.max() < 140


def test_later_ties_are_drawn_uniformly_too():
    matrix = np.tile(np.eye(2, dtype=np.uint8), (2, 3))  # six equal blocks of two ones, tied
    law = dict.fromkeys(itertools.permutations(np.flatnonzero(matrix).tolist(), 2), 0.0)
    firsts = _tied([matrix], [])
    for one in firsts:
        seconds = _tied([matrix], [one])
        for other in seconds:
            law[one, other] += 1 / len(firsts) / len(seconds)
    drawn = Counter(
        tuple(removal_order(matrix, block=2, seed=seed, steps=2).tolist()) for seed in range(3000)
    )
    possible = {pair for pair, share in law.items() if share > 0}
    assert set(drawn) <= possible
    off = sum((drawn[pair] - 3000 * law[pair]) ** 2 / (3000 * law[pair]) for pair in possible)
    freedom = len(possible) - 1
    assert abs(off - freedom) < 5 * (2 * freedom) ** 0.5  # chi squared


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


def test_large_sequence_stays_exact():
    matrix = np.random.default_rng(6).integers(0, 2, (128, 128), dtype=np.uint8)
    order = removal_order(matrix, strategy="max_decrease")
    curve = replay(matrix, order)
    for step in (0, 1000, 5000, len(order) - 1):
        after = reference.cleared([matrix], order[: step + 1])
        assert curve[step] == pytest.approx(bdm(after), abs=1e-9)
    assert (np.diff(curve[:1000]) < 0).all()
