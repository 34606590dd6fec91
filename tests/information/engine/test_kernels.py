"""Compiled loops over blocks and items against NumPy."""

import numpy as np
import pytest
from tests.information import reference

from leastloss.information import BOUNDARIES, bdm, count_blocks
from leastloss.information.engine import kernels
from leastloss.information.removal import items_of

MATRIX = np.random.default_rng(2).integers(0, 2, (7, 10), dtype=np.uint8)


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
def test_symbols_are_the_bits_of_the_blocks(boundary: str) -> None:
    blocks = count_blocks(MATRIX, block=3, boundary=boundary)
    expected = sorted(
        sum(bit << i for i, bit in enumerate(bits)) + blocks.offsets[side]
        for side, bits in reference.block_list(MATRIX, 3, boundary)
    )
    assert sorted(blocks.symbols.tolist()) == expected


@pytest.mark.parametrize("boundary", list(BOUNDARIES))
def test_places_of_a_cell_are_as_many_as_its_occurrences(boundary: str) -> None:
    windows = count_blocks(MATRIX, block=3, boundary=boundary).windows
    count = kernels.occurrences(windows, MATRIX.size)
    assert count.sum() == (windows.side.astype(int) ** 2).sum()
    every = np.ones(len(windows.row), np.bool_)
    start, block, place = kernels.find_cells(windows, every, MATRIX.size)
    assert np.array_equal(np.diff(start), count)
    several = kernels.shared_blocks(windows, count)
    cell_of_place = np.repeat(np.arange(MATRIX.size), count)
    assert np.array_equal(np.flatnonzero(several), np.unique(block[count[cell_of_place] > 1]))
    assert (place < windows.side[block].astype(int) ** 2).all()


def test_losses_and_replay_are_differences_of_the_complexity() -> None:
    blocks = count_blocks(MATRIX, boundary="periodic")
    ones = np.flatnonzero(MATRIX)[:12]
    items, terms = items_of(blocks, np.arange(13), ones), blocks.terms("bdm")
    whole = bdm(MATRIX, boundary="periodic")
    losses = kernels.item_losses(terms, blocks.counts.copy(), blocks.symbols, items)
    left = [bdm(reference.cleared([MATRIX], [cell]), boundary="periodic") for cell in ones]
    assert losses == pytest.approx(whole - np.array(left))
    after = kernels.replay_items(terms, blocks.counts.copy(), blocks.symbols.copy(), items, whole)
    for i in range(len(ones)):
        rest = reference.cleared([MATRIX], ones[: i + 1])
        assert after[i] == pytest.approx(bdm(rest, boundary="periodic"))
