"""The complexity along a given order of removals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.information import _kernels
from leastloss.information.complexity import count_blocks
from leastloss.information.inputs import Matrices
from leastloss.information.removal import set_items


def replay(
    matrices: Matrices,
    order: ArrayLike,
    *,
    complexity: str = "bdm",
    block: int = 4,
    boundary: str = "ignore",
    pooled: bool | Sequence[int] = True,
) -> NDArray[np.float64]:
    """Complexity in bits after each removal of a given order.

    Args:
        matrices: One binary matrix or a sequence of them.
        order: Cell numbers, in row-major order over the concatenation of the matrices.
        complexity: As for :func:`removal_order`.
        block: As for :func:`removal_order`.
        boundary: As for :func:`removal_order`.
        pooled: As for :func:`removal_order`.

    Returns:
        float64 array of the length of ``order``.

    Raises:
        InputError: As :func:`~leastloss.information.bdm`, or if a cell number does not exist.

    Example:
        >>> from leastloss.information import removal_order
        >>> matrix = np.eye(8, dtype=int)
        >>> curve = replay(matrix, removal_order(matrix), complexity="entropy")
        >>> curve.shape, bool(abs(curve[-1]) < 1e-12)
        ((8,), True)
    """
    blocks = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled)
    terms = blocks.terms(complexity)
    items = set_items(blocks, list(np.asarray(order).reshape(-1, 1)))
    before = blocks.complexity(complexity) * terms.unit
    after = _kernels.replay_items(terms, blocks.counts, blocks.symbols, items, before)
    return after / terms.unit
