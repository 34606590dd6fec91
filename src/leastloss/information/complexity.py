"""BDM and block entropy of binary matrices, and the counts of blocks they are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leastloss.arguments import computed
from leastloss.errors import InputError, choose
from leastloss.information.blocks import BOUNDARIES, Grid, cut, grid_of
from leastloss.information.ctm import first_steps, increments, offsets_of
from leastloss.information.engine import kernels, loss_kernels
from leastloss.information.engine.array_types import Terms, Windows
from leastloss.information.inputs import Matrices, binary_matrices, check_block

COMPLEXITIES: dict[str, str] = {
    "bdm": "Block Decomposition Method: sum over distinct blocks of CTM + log2(copies)",
    "entropy": "Shannon entropy of the distribution of blocks",
}


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The multiset of blocks of some matrices, one per pool.

    Blocks are listed one by one (``windows`` and ``symbols``), or those of the ``grids`` by their
    codes alone (``codes``), matrix by matrix.
    """

    matrices: list[NDArray[np.uint8]]
    flat: NDArray[np.uint8]
    windows: Windows
    symbols: NDArray[np.int32]
    grids: list[Grid]
    codes: list[NDArray[np.uint16]]
    pools: NDArray[np.int64]  # pool of every matrix
    counts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    block: int
    offsets: dict[int, int]  # first symbol of the blocks of each side
    shift: int  # a symbol's pool is symbol >> shift
    disjoint: bool  # no cell lies in two blocks
    complete: bool  # every cell lies in a block

    def terms(self, complexity: str, moves: int | None = None) -> Terms:
        """Describe ``"bdm"`` or ``"entropy"`` by what each added copy of a symbol changes.

        Valid for counts up to ``moves`` above the present ones, or for all that can occur.
        """
        choose("complexity", complexity, COMPLEXITIES)
        most = int(self.sizes.max())
        if moves is not None:
            most = min(most, int(self.counts.max()) + moves)
        first = first_steps(complexity, self.block, self.shift)
        inc = increments(complexity, most.bit_length())
        if complexity == "bdm":
            return Terms(first, inc, np.ones(len(self.sizes)), self.shift, 1.0)
        return Terms(first, inc, self.sizes.max() / self.sizes, self.shift, float(self.sizes.max()))

    def steps(
        self, terms: Terms, unit: float = 1.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the last copy of every symbol adds to the complexity, and what one more would add.

        A block that moves from symbol c to symbol d loses ``down[c] - up[d]``, in 1/``unit`` of
        the unit of the terms.
        """
        return loss_kernels.step_tables(terms.first, terms.inc, terms.scale, self.counts, unit)

    def complexity(self, name: str) -> float:
        """Complexity in bits, summed over the pools."""
        terms = self.terms(name)
        total = 0.0
        for counts, size in zip(self.counts.reshape(len(self.sizes), -1), self.sizes, strict=True):
            present = loss_kernels.present_symbols(counts)
            copies = counts[present]
            if name == "bdm":
                total += float((terms.first[present] + np.log2(copies)).sum())
            else:
                share = copies / size
                total -= float((share * np.log2(share)).sum())
        return total + 0.0  # no negative zero


def pools_of(pooled: bool | Sequence[int], matrices: int) -> NDArray[np.int64]:
    """Pool of every matrix, numbered from 0."""
    if isinstance(pooled, bool):
        return np.zeros(matrices, np.int64) if pooled else np.arange(matrices, dtype=np.int64)
    labels = np.asarray(pooled)
    if labels.shape != (matrices,) or labels.dtype.kind not in "iu":
        raise InputError(
            f"pooled is {pooled!r}; it must be True, False or {matrices} integer label(s)"
        )
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def count_blocks(
    matrices: Matrices,
    *,
    block: int = 4,
    boundary: str = "ignore",
    pooled: bool | Sequence[int] = True,
    listed: bool = True,
) -> Blocks:
    """Cut matrices into blocks and count them; arguments and errors are those of :func:`bdm`.

    If not every block is ``listed`` with its position, those on the grid whose cells lie in no
    other block are known by their codes, which is many times faster.
    """
    parts = binary_matrices(matrices)
    shapes = [(part.shape[0], part.shape[1]) for part in parts]
    block = check_block(block)
    choose("boundary", boundary, BOUNDARIES)
    grids = [Grid(0, 0, 0, 0) if listed else grid_of(shape, block, boundary) for shape in shapes]
    windows = cut(shapes, block, boundary, grids)
    shift = block * block + (1 if boundary == "recursive" and block > 2 else 0)
    pools = pools_of(pooled, len(parts))
    flat = parts[0].ravel() if len(parts) == 1 else np.concatenate([p.ravel() for p in parts])
    offsets = offsets_of(block, shift)
    by_side = np.array([offsets.get(side, -1) for side in range(block + 1)])
    symbols = kernels.read_symbols(windows, flat, by_side, pools << shift)
    size = pools.max() + 1
    counts = np.zeros(size << shift, np.int64)
    loss_kernels.count_codes(symbols, counts)
    codes = [
        loss_kernels.read_codes(part, block, *grid) for part, grid in zip(parts, grids, strict=True)
    ]
    for grid_codes, pool in zip(codes, pools.tolist(), strict=True):
        loss_kernels.count_codes(grid_codes, counts[pool << shift :])
    whole = all(rows % block == cols % block == 0 for rows, cols in shapes)
    return Blocks(
        matrices=parts,
        flat=flat,
        windows=windows,
        symbols=symbols,
        grids=grids,
        codes=codes,
        pools=pools,
        counts=counts,
        sizes=counts.reshape(size, -1).sum(axis=1),
        block=block,
        offsets=offsets,
        shift=shift,
        disjoint=boundary in ("ignore", "recursive") or (boundary == "periodic" and whole),
        complete=boundary in ("periodic", "overlapping") or whole,
    )


@computed
def bdm(
    matrices: Matrices,
    *,
    block: int = 4,
    boundary: str = "ignore",
    pooled: bool | Sequence[int] = True,
) -> float:
    """Algorithmic complexity in bits by the Block Decomposition Method.

    Args:
        matrices: One binary matrix or a sequence of them.
        block: Side of the blocks: 2, 3 or 4.
        boundary: ``"ignore"``, ``"recursive"``, ``"periodic"`` or ``"overlapping"``.
        pooled: True: all matrices share one multiset of blocks; False: their complexities are
            summed; or one label per matrix, matrices of equal label sharing a multiset.

    Raises:
        InputError: If a matrix is not binary or has no block, or an option is unknown.

    Source:
        Zenil et al. 2018, Entropy 20(8):605; equal to pybdm 0.1.0 for ignore, recursive and
        (as its partition "correlated") overlapping.

    Example:
        >>> round(bdm(np.ones((12, 12), dtype=int)), 6)
        25.176631
    """
    counted = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled, listed=False)
    return counted.complexity("bdm")


@computed
def block_entropy(
    matrices: Matrices,
    *,
    block: int = 4,
    boundary: str = "ignore",
    pooled: bool | Sequence[int] = True,
) -> float:
    """Shannon entropy in bits of the distribution of blocks.

    Arguments and errors are those of :func:`bdm`.

    Example:
        >>> block_entropy(np.kron(np.eye(2, dtype=int), np.ones((4, 4), dtype=int)))
        1.0
    """
    counted = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled, listed=False)
    return counted.complexity("entropy")
