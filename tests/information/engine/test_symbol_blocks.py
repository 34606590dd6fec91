"""Heaps and lists of the blocks of a symbol, and notes of removals."""

import numpy as np

from leastloss.information.engine import symbol_blocks


def test_blocks_leave_a_heap_in_the_order_of_their_first_cells() -> None:
    merge, push = symbol_blocks.merge.py_func, symbol_blocks.push.py_func
    cells = np.random.default_rng(5).permutation(50)
    place, root = np.full((50, 3), -1), np.array([-1])
    place[:, 2] = cells
    for block in range(50):
        push(place, root, 0, block)
    left = []
    while root[0] >= 0:
        left.append(int(place[root[0], 2]))
        root[0] = merge(place, int(place[root[0], 0]), int(place[root[0], 1]))
    assert left == list(range(50))


def test_a_list_holds_what_was_linked_and_not_unlinked() -> None:
    link, unlink = symbol_blocks.link.py_func, symbol_blocks.unlink.py_func
    head, after, before = np.full(2, -1), np.full(6, -1), np.full(6, -1)
    for block in range(6):
        link(head, after, before, block, block % 2)
    for block in (4, 0, 1):  # first, last and last of the lists
        unlink(head, after, before, block, block % 2)

    def listed(leaf: int) -> list[int]:
        blocks, block = [], int(head[leaf])
        while block >= 0:
            blocks.append(block)
            block = int(after[block])
        return blocks

    assert (listed(0), listed(1)) == ([2], [5, 3])


def test_a_note_holds_leaf_bit_and_rank() -> None:
    noted, read = symbol_blocks.noted.py_func, symbol_blocks.read.py_func
    for removal in [(0, 0, 0), (2**28 - 1, 15, 2**31 - 1), (123456, 7, 89)]:
        assert read(noted(*removal)) == removal


def test_most_blocks_of_a_leaf_on_the_way() -> None:
    noted = symbol_blocks.noted.py_func
    notes = np.array([noted(3, 0, 0), -1, noted(2, 1, 0), noted(2, 1, 0)])  # 3 -> 2 -> 0
    most = symbol_blocks.most_blocks(notes, np.array([0, 0, 1, 1], np.int32))
    assert most.tolist() == [2, 0, 2, 1]


def test_mixing_is_splitmix() -> None:
    # The first output of SplitMix64 from the seed 0 (Vigna's reference code).
    with np.errstate(over="ignore"):
        first = symbol_blocks.mixed.py_func(np.uint64(symbol_blocks.STEP))
    assert int(first) == 0xE220A8397B1DCDAF
