"""The complexity along a given order of removals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.arguments import computed
from leastloss.errors import InputError
from leastloss.information.complexity import count_blocks
from leastloss.information.engine import kernels
from leastloss.information.inputs import Matrices
from leastloss.information.removal import items_of, set_items


@computed
def replay(
    matrices: Matrices,
    order: ArrayLike,
    *,
    sets: Sequence[ArrayLike] | None = None,
    complexity: str = "bdm",
    block: int = 4,
    boundary: str = "ignore",
    pooled: bool | Sequence[int] = True,
) -> NDArray[np.float64]:
    """Complexity in bits after each removal of a given order.

    Args:
        matrices: One binary matrix or a sequence of them.
        order: Cell numbers, in row-major order over the concatenation of the matrices; with
            ``sets``, numbers of sets.
        sets: As for :func:`~leastloss.information.set_information_loss`.
        complexity: As for :func:`removal_order`.
        block: As for :func:`removal_order`.
        boundary: As for :func:`removal_order`.
        pooled: As for :func:`removal_order`.

    Returns:
        float64 array of the length of ``order``.

    Raises:
        InputError: As :func:`~leastloss.information.bdm`, or if a cell or a set is named that does
            not exist, or twice. Cells that are 0 already are no error: they change nothing.

    Example:
        >>> from leastloss.information import removal_order
        >>> matrix = np.eye(8, dtype=int)
        >>> curve = replay(matrix, removal_order(matrix), complexity="entropy")
        >>> curve.shape, bool(abs(curve[-1]) < 1e-12)
        ((8,), True)
    """
    blocks = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled)
    terms = blocks.terms(complexity)
    numbers = np.asarray(order).ravel()
    exist, what = (blocks.flat.size, "cell") if sets is None else (len(sets), "set")
    if numbers.size and (
        numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() >= exist
    ):
        raise InputError(
            f"the order names a {what} that does not exist; {what}s are the integers 0 to "
            f"{exist - 1}"
        )
    if len(np.unique(numbers)) < numbers.size:
        raise InputError(f"the order names a {what} twice; each can go once")
    if sets is None:
        items = items_of(blocks, np.arange(len(numbers) + 1), numbers.astype(np.int64))
    else:
        items = set_items(blocks, [sets[number] for number in numbers.tolist()])
    before = blocks.complexity(complexity) * terms.unit
    after = kernels.replay_items(terms, blocks.counts, blocks.symbols, items, before)
    return after / terms.unit
