"""The queue before the first removal."""

from dataclasses import replace

import numpy as np
import pytest

from leastloss.errors import InputError
from leastloss.information import count_blocks
from leastloss.information.engine import queue_setup
from leastloss.information.engine.queue_setup import queue_of, shared_items
from leastloss.information.removal import items_of

MATRIX = np.random.default_rng(4).integers(0, 2, (8, 8), dtype=np.uint8)


@pytest.mark.parametrize(
    ("size", "expected"), [(1, (0, 1)), (16, (0, 16)), (17, (1, 2)), (257, (2, 2)), (4096, (2, 16))]
)
def test_the_top_of_a_tree_has_at_most_sixteen_nodes(size: int, expected: tuple[int, int]) -> None:
    assert queue_setup._tops(size) == expected


def test_labels_have_leaves_of_their_own() -> None:
    blocks = count_blocks([MATRIX, MATRIX, MATRIX], block=2)
    items = items_of(blocks, np.arange(6), np.arange(5))
    shared = np.zeros(len(blocks.symbols), np.bool_)
    labels = np.array([0, 1, 0])
    queue = queue_of(
        blocks, blocks.terms("bdm"), shared, items, np.arange(5), labels=labels,
        item_labels=np.array([0, 0, 1, 1, 1]),
    )  # fmt: skip
    assert (queue.labels, queue.stride) == (2, 32)  # 16 symbols and 5 items, on whole nodes
    assert queue.leaf.tolist() == [16, 17, 50, 51, 52]
    assert (np.diff(queue.groups.level) % 16 == 0).all()


def test_sums_of_sets_are_kept_only_where_they_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = count_blocks(MATRIX)
    items = items_of(blocks, np.arange(5), np.arange(4))
    every = np.ones(len(blocks.symbols), np.bool_)

    def room(summed: bool) -> int:
        given = (blocks, blocks.terms("bdm"), every, items, np.arange(4))
        return int(queue_of(*given, summed=summed).tally.change.size)

    assert (room(False), room(True)) == (0, 4 * len(blocks.counts))
    monkeypatch.setattr(queue_setup, "MOST_ROOM", 0)
    assert room(True) == 0


def test_too_many_cells_are_refused() -> None:
    blocks = count_blocks(MATRIX)
    many = replace(blocks, flat=np.broadcast_to(np.uint8(0), 2**31))
    items = items_of(blocks, np.arange(1), np.arange(0))
    with pytest.raises(InputError, match="an order takes fewer than"):
        queue_of(many, blocks.terms("bdm"), np.zeros(4, np.bool_), items, np.arange(0))


def test_cells_of_several_blocks_are_found() -> None:
    matrix = np.ones((4, 6), np.uint8)  # the last two columns wrap around to the first two
    shared, cells, find = shared_items(count_blocks(matrix, boundary="periodic"))
    assert shared.tolist() == [True, True]
    assert cells.tolist() == list(range(24))  # all cells of blocks that share some
    occurrences = np.diff(find.start).reshape(4, 6)
    assert occurrences.tolist() == [[2, 2, 1, 1, 1, 1]] * 4


def test_disjoint_blocks_share_nothing() -> None:
    shared, cells, find = shared_items(count_blocks(MATRIX))
    assert not shared.any()
    assert len(cells) == len(find.block) == 0
