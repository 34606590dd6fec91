"""Information loss: what clearing a cell, or a set of cells, takes off the complexity."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.arguments import computed
from leastloss.errors import InputError
from leastloss.information.complexity import Blocks, count_blocks
from leastloss.information.engine import kernels, loss_kernels
from leastloss.information.engine.array_types import Find, Items, Terms
from leastloss.information.inputs import Matrices, is_sequence

_BATCH = 1 << 20


@computed
def information_loss(
    matrices: Matrices,
    *,
    complexity: str = "bdm",
    block: int = 4,
    boundary: str = "ignore",
    pooled: bool | Sequence[int] = True,
) -> NDArray[np.float64] | list[NDArray[np.float64]]:
    """Information loss C(before) - C(after) of clearing each one of a binary matrix alone.

    Positive: clearing it loses information; negative: it makes the matrix more complex. Exact
    for every boundary; where a cell lies in several blocks, they all move.

    Args:
        matrices: One binary matrix or a sequence of them.
        complexity: ``"bdm"`` or ``"entropy"``.
        block: Side of the blocks: 2, 3 or 4.
        boundary: ``"ignore"``, ``"recursive"``, ``"periodic"`` or ``"overlapping"``.
        pooled: True: the blocks of all matrices are counted together; False: each matrix alone;
            or one label per matrix.

    Returns:
        float64 array of the matrix's shape, in bits (a list of arrays for a sequence): NaN where
        the cell is 0 already, 0 where no block covers it.

    Raises:
        InputError: If a matrix is not binary or has no block, or an option is unknown.

    Source:
        MILS (Zenil et al., arXiv:1802.05843). With n copies of the block's code c and m of its
        code c' after clearing the bit: ``step(c, n - 1) - step(c', m)``, where step(b, k) is what
        one more copy of b adds to C when k are there (for BDM: CTM(b) if k = 0, else
        log2((k + 1) / k)).

    Example:
        >>> matrix = np.kron(np.eye(2, dtype=int), np.ones((4, 4), dtype=int))
        >>> loss = information_loss(matrix)
        >>> loss[0, [0, 7]].round(4).tolist()
        [-22.3479, nan]
    """
    blocks = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled, listed=False)
    loss = cell_losses(blocks, blocks.terms(complexity, moves=block * block))
    ends = np.cumsum([part.size for part in blocks.matrices])[:-1]
    parts = [
        part.reshape(matrix.shape)
        for part, matrix in zip(np.split(loss, ends), blocks.matrices, strict=True)
    ]
    return parts if is_sequence(matrices) else parts[0]


def cell_losses(blocks: Blocks, terms: Terms) -> NDArray[np.float64]:
    """Loss of every one, NaN for every zero, over the concatenation of the matrices."""
    # Where every cell lies in some block, all are written below.
    loss = np.empty(len(blocks.flat)) if blocks.complete else np.where(blocks.flat, 0.0, np.nan)
    down, up = blocks.steps(terms, terms.unit)
    kernels.cell_losses(down, up, blocks.windows, blocks.symbols, loss)
    for m, (matrix, codes) in enumerate(zip(blocks.matrices, blocks.codes, strict=True)):
        base, pool = blocks.windows.base[m], slice(blocks.pools[m] << blocks.shift, None)
        out = loss[base : base + matrix.size].reshape(matrix.shape)
        loss_kernels.grid_losses(codes, down[pool], up[pool], blocks.block, *blocks.grids[m], out)
    if not blocks.disjoint:
        _overwrite_shared(blocks, terms, loss)
    return loss


def _overwrite_shared(blocks: Blocks, terms: Terms, loss: NDArray[np.float64]) -> None:
    """Write the losses of the ones that occur more than once in the blocks."""
    count = kernels.occurrences(blocks.windows, len(loss))
    cells, *find = loss_kernels.find_shared(blocks.windows, blocks.flat, count)
    for begin in range(0, len(cells), _BATCH):  # a cell of 16 blocks needs 256 bytes here
        numbers = np.arange(begin, min(begin + _BATCH, len(cells)))
        items = items_of(blocks, np.arange(len(numbers) + 1), numbers, Find(*find))
        moved = kernels.item_losses(terms, blocks.counts, blocks.symbols, items)
        loss[cells[numbers]] = moved / terms.unit


@computed
def set_information_loss(
    matrices: Matrices,
    sets: Sequence[ArrayLike],
    *,
    complexity: str = "bdm",
    block: int = 4,
    boundary: str = "ignore",
    pooled: bool | Sequence[int] = True,
) -> NDArray[np.float64]:
    """Information loss C(before) - C(after) of clearing each set of cells, all its cells at once.

    Args:
        matrices: One binary matrix or a sequence of them.
        sets: For every set the numbers of its cells, counted in row-major order over the
            concatenation of the matrices. Sets may overlap; cells that are 0 stay 0.
        complexity: As for :func:`information_loss`.
        block: As for :func:`information_loss`.
        boundary: As for :func:`information_loss`.
        pooled: As for :func:`information_loss`.

    Returns:
        float64 array of shape ``(len(sets),)``, in bits.

    Raises:
        InputError: As :func:`information_loss`, or if a cell number does not exist.

    Example:
        >>> matrix = np.kron(np.eye(2, dtype=int), np.ones((4, 4), dtype=int))
        >>> set_information_loss(matrix, [np.arange(32), np.arange(64)]).round(4).tolist()
        [0.415, 22.0067]
    """
    blocks = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled)
    terms = blocks.terms(complexity)
    items = set_items(blocks, sets)
    return kernels.item_losses(terms, blocks.counts, blocks.symbols, items) / terms.unit


def set_items(blocks: Blocks, sets: Sequence[ArrayLike]) -> Items:
    """Turn sets of cell numbers into the blocks and bits that they clear."""
    parts = [np.asarray(cells).ravel() for cells in sets]
    for i, part in enumerate(parts):
        if part.size and (
            part.dtype.kind not in "iu" or part.min() < 0 or part.max() >= blocks.flat.size
        ):
            raise InputError(
                f"set {i} holds a cell that does not exist; cells are the integers 0 to "
                f"{blocks.flat.size - 1}"
            )
    starts = np.concatenate([[0], np.cumsum([part.size for part in parts])]).astype(np.int64)
    cells = np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)
    return items_of(blocks, starts, cells)


def items_of(
    blocks: Blocks,
    starts: NDArray[np.int64],
    cells: NDArray[np.int64],
    find: Find | None = None,
) -> Items:
    """Items from sets of cells; set i is ``cells[starts[i]:starts[i + 1]]``.

    ``find`` says where cells occur; without it all blocks are looked through.
    """
    if find is None:
        every = np.ones(len(blocks.symbols), np.bool_)
        find = Find(*kernels.find_cells(blocks.windows, every, blocks.flat.size))
    return Items(*kernels.gather_items(starts, cells, *find, len(blocks.symbols)))
