"""The fast path for blocks on the grid against NumPy."""

import numpy as np
import pytest

from leastloss.information import count_blocks
from leastloss.information.engine import kernels, loss_kernels

MATRIX = np.random.default_rng(3).integers(0, 2, (13, 14), dtype=np.uint8)


def codes_of(block: int, top: int, left: int, high: int, wide: int) -> np.ndarray:
    part = MATRIX[top * block : (top + high) * block, left * block : (left + wide) * block]
    cells = part.reshape(high, block, wide, block).swapaxes(1, 2).reshape(high * wide, -1)
    return cells @ (1 << np.arange(block * block))


@pytest.mark.parametrize("block", [2, 3, 4])
@pytest.mark.parametrize("grid", [(0, 0, 3, 3), (1, 0, 2, 3), (0, 2, 1, 1)])
def test_codes_of_a_rectangle_of_blocks(block: int, grid: tuple[int, int, int, int]) -> None:
    codes = loss_kernels.read_codes(MATRIX, block, *grid)
    assert np.array_equal(codes, codes_of(block, *grid))
    counts = np.zeros(2 ** (block * block), np.int64)
    loss_kernels.count_codes(codes, counts)
    assert np.array_equal(counts, np.bincount(codes, minlength=len(counts)))
    assert np.array_equal(loss_kernels.present_symbols(counts), np.unique(codes))


@pytest.mark.parametrize("block", [2, 3, 4])
def test_losses_on_the_grid_are_those_of_listed_blocks(block: int) -> None:
    whole = np.ascontiguousarray(MATRIX[:12, :12])
    size = 12 // block
    listed = count_blocks(whole, block=block)
    down, up = listed.steps(listed.terms("entropy"))
    expected, fast = np.full(144, np.inf), np.full((12, 12), np.inf)
    kernels.cell_losses(down, up, listed.windows, listed.symbols, expected)
    codes = loss_kernels.read_codes(whole, block, 0, 0, size, size)
    loss_kernels.grid_losses(codes, down, up, block, 0, 0, size, size, fast)
    np.testing.assert_array_equal(fast.ravel(), expected)
    assert np.array_equal(np.isnan(fast), whole == 0)


def test_shared_ones_are_found_with_all_their_places() -> None:
    windows = count_blocks(MATRIX, boundary="overlapping").windows
    count = kernels.occurrences(windows, MATRIX.size)
    expected = np.flatnonzero((MATRIX.ravel() == 1) & (count > 1))
    cells, start, block, place = loss_kernels.find_shared(windows, MATRIX.ravel(), count.copy())
    assert np.array_equal(cells, expected)
    assert np.array_equal(np.diff(start), count[expected])
    row = windows.row[block] + place // 4
    col = windows.col[block] + place % 4
    assert np.array_equal(row * MATRIX.shape[1] + col, np.repeat(cells, np.diff(start)))
