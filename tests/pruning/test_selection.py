from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leastloss.errors import InputError
from leastloss.pruning.schedule import targets
from leastloss.pruning.selection import LayerOccupancy, lowest, protected_parts, select

SCORES = arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 1.0, 2.0, -1.0]))


@given(SCORES, st.data())
def test_exactly_k_whatever_the_ties(scores: np.ndarray, draw: st.DataObject) -> None:
    alive = draw.draw(arrays(np.bool_, len(scores)))
    k = draw.draw(st.integers(0, int(alive.sum())))
    priority = np.random.default_rng(0).random(len(scores))
    chosen = select(scores, alive, k, priority).order
    assert len(chosen) == len(set(chosen.tolist())) == k
    assert alive[chosen].all()
    left = alive.copy()
    left[chosen] = False
    if k and left.any():
        assert scores[chosen].max() <= scores[left].min()


@given(SCORES, st.data())
def test_selections_are_nested_and_repeatable(scores: np.ndarray, draw: st.DataObject) -> None:
    alive = np.ones(len(scores), dtype=bool)
    small, large = sorted(draw.draw(st.tuples(*[st.integers(0, len(scores))] * 2)))
    priority = np.random.default_rng(1).random(len(scores))
    long = select(scores, alive, large, priority).order
    assert np.array_equal(select(scores, alive, small, priority).order, long[:small])


@given(SCORES, st.data())
def test_the_lowest_are_the_beginning_of_the_sorted(
    scores: np.ndarray, draw: st.DataObject
) -> None:
    priority = draw.draw(arrays(np.float64, len(scores), elements=st.sampled_from([0.0, 0.5, 1.0])))
    alive = draw.draw(arrays(np.bool_, len(scores)))
    k = draw.draw(st.integers(0, int(alive.sum())))
    order = np.lexsort((priority, scores))
    expected = order[alive[order]][:k]
    assert lowest(scores, priority, np.flatnonzero(alive), k).tolist() == expected.tolist()


@given(SCORES, st.data())
def test_protected_is_the_last_of_a_layer_to_go(scores: np.ndarray, draw: st.DataObject) -> None:
    layer = draw.draw(arrays(np.int64, len(scores), elements=st.integers(0, 3)))
    alive = draw.draw(arrays(np.bool_, len(scores)))
    priority = draw.draw(arrays(np.float64, len(scores), elements=st.sampled_from([0.0, 0.5, 1.0])))
    order = np.lexsort((priority, scores))
    order = order[alive[order]]
    expected = {int(part) for n in range(4) for part in order[layer[order] == n][-1:]}
    marked = protected_parts(scores, alive, layer, priority)
    assert set(np.flatnonzero(marked).tolist()) == expected


def test_all_scores_equal_still_gives_k_and_not_a_whole_row() -> None:
    # Threshold comparisons remove nothing or everything here; index order empties the first rows.
    scores, alive = np.zeros(1000), np.ones(1000, dtype=bool)
    found = select(scores, alive, 100, np.random.default_rng(0).random(1000))
    assert len(found.order) == 100
    assert found.tied_share == 1.0
    rows = np.bincount(found.order // 100, minlength=10)
    assert rows.max() < 30


def test_tied_share_counts_those_at_the_cut() -> None:
    scores = np.array([0.0, 1.0, 1.0, 1.0, 5.0])
    found = select(scores, np.ones(5, dtype=bool), 2, np.arange(5.0))
    assert found.tied_share == pytest.approx(3 / 5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_refused_where_alive(bad: float) -> None:
    scores = np.array([1.0, bad, 2.0])
    with pytest.raises(InputError, match="1 of 3 scores are not finite"):
        select(scores, np.ones(3, dtype=bool), 1, np.zeros(3))
    assert select(scores, np.array([True, False, True]), 1, np.zeros(3)).order.tolist() == [0]


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(InputError, match="cannot remove 4 of 3"):
        select(np.zeros(3), np.ones(3, dtype=bool), 4, np.zeros(3))


def test_the_best_of_each_layer_is_protected() -> None:
    scores = np.array([3.0, 9.0, 1.0, 0.5, 0.2])
    layers = np.array([0, 0, 0, 1, 1])
    marked = protected_parts(scores, np.ones(5, dtype=bool), layers, np.arange(5.0))
    assert np.flatnonzero(marked).tolist() == [1, 3]
    alive = np.array([True, False, True, True, True])
    marked = protected_parts(scores, alive, layers, np.arange(5.0))
    assert np.flatnonzero(marked).tolist() == [0, 3]


@given(st.integers(20, 5000), st.floats(0.05, 0.95), st.integers(1, 50))
def test_targets_rise_to_the_asked_share(parts: int, share: float, steps: int) -> None:
    cuts = targets(parts, share, steps)
    steps = min(steps, int(cuts[-1]))
    assert len(cuts) == steps
    assert (np.diff(cuts, prepend=0) >= 1).all()
    assert abs(cuts[-1] - share * parts) <= 0.5
    even = np.arange(1, steps + 1) * cuts[-1] / steps
    assert np.abs(cuts - even).max() <= 0.5


def test_too_few_parts_are_refused() -> None:
    with pytest.raises(InputError, match="would remove 0"):
        targets(3, 0.1, 1)


@pytest.mark.parametrize(
    ("chosen", "emptied"), [([0], False), ([0, 1], True), ([2, 3], False), ([2, 3, 4], True)]
)
def test_a_layer_is_emptied_by_its_last_living_part(chosen: Sequence[int], emptied: bool) -> None:
    layers = LayerOccupancy(np.array([0, 0, 1, 1, 1, 2]))
    alive = np.array([True, True, True, True, True, False])  # the third is empty already
    assert layers.emptied_by(np.array(chosen), alive) is emptied
