"""Sets of cells as blocks and bits."""

import numpy as np
import pytest

from leastloss.information import BOUNDARIES, count_blocks
from leastloss.information.engine.block_sets import cell_items, shared_items


def binary(rows: int, cols: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 2, (rows, cols), dtype=np.uint8)


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
def test_clearing_the_bits_of_a_cell_is_clearing_the_cell(boundary: str) -> None:
    matrix = binary(7, 9)
    blocks = count_blocks(matrix, boundary=boundary)
    ones = np.flatnonzero(matrix)
    items = cell_items(blocks, ones)
    for i, cell in enumerate(ones):
        symbols = blocks.symbols.copy()
        for k in range(items.start[i], items.start[i + 1]):
            symbols[items.block[k]] &= ~items.mask[k]
        cleared = matrix.copy()
        cleared.ravel()[cell] = 0
        assert np.array_equal(symbols, count_blocks(cleared, boundary=boundary).symbols)


def test_cells_of_several_blocks_are_found() -> None:
    matrix = np.ones((4, 6), np.uint8)  # the last two columns wrap around to the first two
    shared, cells, find = shared_items(count_blocks(matrix, boundary="periodic"))
    assert shared.tolist() == [True, True]
    assert cells.tolist() == list(range(24))  # all cells of blocks that share some
    occurrences = np.diff(find.start).reshape(4, 6)
    assert occurrences.tolist() == [[2, 2, 1, 1, 1, 1]] * 4


def test_disjoint_blocks_share_nothing() -> None:
    shared, cells, find = shared_items(count_blocks(binary(8, 8)))
    assert not shared.any()
    assert len(cells) == len(find.block) == 0
