"""Sets of cells as the blocks they touch: what the compiled code works on."""

import numpy as np
from numpy.typing import NDArray

from leastloss.information.complexity import Blocks
from leastloss.information.engine import kernels
from leastloss.information.engine.array_types import Find, Items


def items_of(find: Find, starts: NDArray[np.int64], cells: NDArray[np.int64], blocks: int) -> Items:
    """Items from sets of cells; set i is ``cells[starts[i]:starts[i + 1]]``."""
    return Items(*kernels.gather_items(starts, cells, *find, blocks))


def cell_items(blocks: Blocks, cells: NDArray[np.int64]) -> Items:
    """One item per cell."""
    every = np.ones(len(blocks.symbols), np.bool_)
    find = Find(*kernels.find_cells(blocks.windows, every, blocks.flat.size))
    return items_of(find, np.arange(len(cells) + 1), cells, len(blocks.symbols))


def shared_items(blocks: Blocks) -> tuple[NDArray[np.bool_], NDArray[np.int64], Find]:
    """Blocks that hold a cell of several blocks, the ones in them, and where those occur.

    Returns:
        bool per block, cell numbers in ascending order, and the place of every cell.
    """
    cells = blocks.flat.size
    shared = np.zeros(len(blocks.symbols), np.bool_)
    if blocks.disjoint:
        empty = Find(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.uint8))
        return shared, np.empty(0, np.int64), empty
    count = kernels.occurrences(blocks.windows, cells)
    shared = kernels.shared_blocks(blocks.windows, count)
    find = Find(*kernels.find_cells(blocks.windows, shared, cells))
    return shared, np.flatnonzero(blocks.flat & (np.diff(find.start) > 0)), find
