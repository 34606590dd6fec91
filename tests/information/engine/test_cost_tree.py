"""The tree of lowest costs against a plain search."""

import numpy as np
import pytest

from leastloss.information.engine import cost_tree
from leastloss.information.engine.ranks import EMPTY

LEAVES = 40
LEVEL = np.array([0, 48, 64])  # 48 leaves, 3 nodes in room for 16, the root
settle, draw, find = (f.py_func for f in (cost_tree.settle, cost_tree.draw, cost_tree.find))


@pytest.fixture
def tree() -> np.ndarray:
    empty = np.zeros((65, 2), np.int64)
    empty[:, 0] = EMPTY
    return empty


def test_the_root_holds_the_lowest_cost_and_its_ways(tree: np.ndarray) -> None:
    random = np.random.default_rng(0)
    leaves: dict[int, tuple[int, int]] = {}
    for _ in range(300):
        leaf, cost, ways = (int(random.integers(n)) for n in (LEAVES, 5, 4))
        leaves[leaf] = (cost, ways) if ways else (EMPTY, 0)
        settle(tree, LEVEL, leaf, *leaves[leaf], False)
        best = min(cost for cost, _ in leaves.values())
        assert tree[64, 0] == best
        assert tree[64, 1] == sum(ways for cost, ways in leaves.values() if cost == best)


def test_every_ticket_draws_another_candidate(tree: np.ndarray) -> None:
    ways = {3: 2, 17: 1, 39: 3}
    for leaf in range(LEAVES):
        settle(tree, LEVEL, leaf, 7 if leaf in ways else 9, ways.get(leaf, 5), False)
    drawn = [draw(tree, LEVEL, 2, 0, 7, ticket) for ticket in range(6)]
    assert drawn == [(leaf, rank) for leaf, many in ways.items() for rank in range(many)]


def test_by_index_the_lowest_cell_of_the_lowest_cost_is_found(tree: np.ndarray) -> None:
    random = np.random.default_rng(1)
    cells = random.permutation(LEAVES) + 1
    costs = random.integers(0, 4, LEAVES)
    for leaf in range(LEAVES):
        settle(tree, LEVEL, leaf, costs[leaf], cells[leaf], True)
    for _ in range(LEAVES):
        leaf = min(range(LEAVES), key=lambda i: (costs[i], cells[i]))
        assert tuple(tree[64]) == (costs[leaf], cells[leaf])
        assert find(tree, LEVEL, 2, 0, costs[leaf], cells[leaf]) == leaf
        costs[leaf], cells[leaf] = 10**6, 10**6 + leaf
        settle(tree, LEVEL, leaf, EMPTY, 0, True)
