"""How a binary matrix is cut into blocks, and which cells a cut reaches."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leastloss.arguments import computed
from leastloss.errors import InputError, choose
from leastloss.information.engine import kernels
from leastloss.information.engine.array_types import Windows
from leastloss.information.inputs import check_block

BOUNDARIES: dict[str, str] = {
    "ignore": "disjoint blocks; rows and columns that do not fill a block are left out",
    "recursive": "disjoint blocks; what is left over is cut into smaller ones, down to 2x2",
    "periodic": "disjoint blocks of the matrix wrapped around to whole blocks; reaches every cell",
    "overlapping": "every window of the block's size, one cell apart",
}


def _recursive(
    row: int, col: int, height: int, width: int, side: int
) -> Iterator[tuple[int, int, int]]:
    """The parts of pybdm's ``PartitionRecursive``: smaller squares where ``side`` does not fit."""
    for top in range(row, row + height, side):
        for left in range(col, col + width, side):
            high, wide = min(side, row + height - top), min(side, col + width - left)
            if high == wide == side:
                yield top, left, side
            elif min(high, wide) >= 2:
                yield from _recursive(top, left, high, wide, min(high, wide))


def _positions(
    tops: NDArray[np.int32], lefts: NDArray[np.int32], side: int
) -> list[NDArray[np.int32]]:
    row, col = np.repeat(tops, len(lefts)), np.tile(lefts, len(tops))
    return [row, col, np.full(len(row), side, np.int32)]


class Grid(NamedTuple):
    """A rectangle of blocks; all four numbers count blocks."""

    top: int
    left: int
    high: int
    wide: int


def grid_of(shape: tuple[int, int], block: int, boundary: str) -> Grid:
    """Blocks of whole size whose cells surely lie in no other block.

    Example:
        >>> grid_of(
        ...     (10, 16), 4, "periodic"
        ... )  # the first row of blocks is wrapped to, the last wraps
        Grid(top=1, left=0, high=1, wide=4)
    """
    if boundary == "overlapping":
        return Grid(0, 0, 0, 0)
    wraps = boundary == "periodic"
    top, left = (int(wraps and size % block > 0) for size in shape)
    high, wide = shape[0] // block - top, shape[1] // block - left
    return Grid(top, left, high, wide) if high > 0 and wide > 0 else Grid(0, 0, 0, 0)


def _blocks_of(
    shape: tuple[int, int], block: int, boundary: str, without: Grid
) -> list[NDArray[np.int32]]:
    """Row, column and side of every block of one matrix that is not in the grid ``without``."""
    rows, cols = shape
    if boundary == "overlapping":
        tops = np.arange(rows - block + 1, dtype=np.int32)
        return _positions(tops, np.arange(cols - block + 1, dtype=np.int32), block)
    if boundary == "ignore" and without.high:
        return [np.empty(0, np.int32)] * 3  # the grid holds them all
    high, wide = (-(-size // block) if boundary == "periodic" else size // block for size in shape)
    tops, lefts = (np.arange(n, dtype=np.int32) * np.int32(block) for n in (high, wide))
    top, left, inner_high, inner_wide = without
    inner, others = tops[top : top + inner_high], np.delete(lefts, np.s_[left : left + inner_wide])
    outer = np.delete(tops, np.s_[top : top + inner_high])
    parts = [_positions(outer, lefts, block), _positions(inner, others, block)]
    if boundary == "recursive":
        # The parts of pybdm do not depend on one another, so the two strips can be cut apart.
        high, wide = high * block, wide * block
        rest = [
            *(p for row in tops.tolist() for p in _recursive(row, wide, block, cols - wide, block)),
            *_recursive(high, 0, rows - high, cols, block),
        ]
        extra = np.array(rest, dtype=np.int32).reshape(-1, 3)
        parts.append([extra[:, i] for i in range(3)])
    return [np.concatenate([part[i] for part in parts]) for i in range(3)]


def cut(
    shapes: Sequence[tuple[int, int]],
    block: int = 4,
    boundary: str = "ignore",
    grids: Sequence[Grid] | None = None,
) -> Windows:
    """Positions of the blocks of matrices of these shapes, but for those of the ``grids``.

    Raises:
        InputError: If block or boundary is unknown, or a matrix has no block at all.

    Example:
        >>> cut([(5, 6)], block=4, boundary="recursive").side.tolist()
        [4, 2, 2]
    """
    block = check_block(block)
    choose("boundary", boundary, BOUNDARIES)
    grids = [Grid(0, 0, 0, 0)] * len(shapes) if grids is None else grids
    blocks = [
        _blocks_of(shape, block, boundary, grid) for shape, grid in zip(shapes, grids, strict=True)
    ]
    for shape, grid, (row, _, _) in zip(shapes, grids, blocks, strict=True):
        if len(row) == 0 and grid.high == 0:
            raise InputError(
                f"a {shape[0]}x{shape[1]} matrix has no {block}x{block} block with the boundary "
                f"{boundary!r}; use boundary='periodic' or a smaller block"
            )
    row, col, side = (np.concatenate([parts[i] for parts in blocks]) for i in range(3))
    sizes = np.array([rows * cols for rows, cols in shapes], dtype=np.int64)
    return Windows(
        matrix=np.repeat(np.arange(len(shapes), dtype=np.int32), [len(p[0]) for p in blocks]),
        row=row,
        col=col,
        side=side.astype(np.uint8),
        base=np.cumsum(sizes) - sizes,
        rows=np.array([rows for rows, _ in shapes], dtype=np.int64),
        cols=np.array([cols for _, cols in shapes], dtype=np.int64),
    )


@computed
def covered(shape: tuple[int, int], block: int = 4, boundary: str = "ignore") -> NDArray[np.bool_]:
    """Which cells of a matrix lie in at least one block.

    A cell outside all blocks has an information loss of exactly 0, whatever it holds.

    Args:
        shape: Rows and columns.
        block: Side of the blocks: 2, 3 or 4.
        boundary: One of ``BOUNDARIES``.

    Returns:
        bool array of that shape.

    Raises:
        InputError: As :func:`cut`.

    Example:
        >>> covered((5, 4)).all(axis=1).tolist()
        [True, True, True, True, False]
        >>> bool(covered((5, 4), boundary="periodic").all())
        True
    """
    rows, cols = shape
    count = kernels.occurrences(cut([shape], block, boundary), rows * cols)
    return (count > 0).reshape(shape)
