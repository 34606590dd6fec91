"""Removal orders: exact and fully sequential, every removal seen by all later ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.errors import InputError
from leastloss.information import _kernels, _queue
from leastloss.information._types import Queue, Terms
from leastloss.information.complexity import Blocks, count_blocks
from leastloss.information.inputs import Matrices
from leastloss.information.items import items_of, shared_items
from leastloss.information.queues import queue_of
from leastloss.information.removal import set_items
from leastloss.information.strategies import strategy_number
from leastloss.names import choose

UNCOVERED: dict[str, str] = {
    "exclude": "cells that no block covers are left out of the order",
    "last": "they come after all others, in random order",
    "include": "they take part with an information loss of 0",
}


def _run(
    blocks: Blocks, terms: Terms, queue: Queue, strategy: int, steps: int, salt: np.uint64
) -> NDArray[np.int64]:
    order = np.empty(steps, np.int64)
    symbols, counts = blocks.symbols, blocks.counts
    _queue.start(queue, terms, counts, symbols, strategy, salt)
    done = _queue.advance(
        queue, terms, counts, blocks.windows, symbols, strategy, salt, order, 0, steps
    )
    return order[:done]


def _salt(seed: object) -> np.uint64:
    if isinstance(seed, np.random.Generator):
        return seed.integers(2**64, dtype=np.uint64)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed is {seed!r}; it must be an integer >= 0 or a NumPy Generator")
    return np.random.default_rng(int(seed)).integers(2**64, dtype=np.uint64)


def _steps(steps: object, available: int) -> int:
    if steps is None:
        return available
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer):
        raise InputError(f"steps is {steps!r}; it must be an integer")
    if not 1 <= steps <= available:
        raise InputError(f"steps is {steps}; it must lie between 1 and the {available} removable")
    return int(steps)


def removal_order(
    matrices: Matrices,
    *,
    complexity: str = "bdm",
    block: int = 4,
    boundary: str = "ignore",
    strategy: str = "min_absolute",
    steps: int | None = None,
    seed: int | np.random.Generator = 0,
    pooled: bool | Sequence[int] = True,
    uncovered: str = "exclude",
) -> NDArray[np.int64]:
    """Order in which ones are cleared when the best is chosen anew after every single removal.

    Exact: every choice is made on the true effects on what is left (compared on a grid of 2**-32
    bit; for entropy, on N times the entropy of N blocks). At each step one of the tied candidates
    is drawn, all cells being equally likely; the draws depend on the seed alone. When no removal
    of the sign that the strategy wants is left, the smallest absolute change goes.

    Args:
        matrices: One binary matrix or a sequence of them.
        complexity: ``"bdm"`` or ``"entropy"``.
        block: Side of the blocks: 2, 3 or 4.
        boundary: ``"ignore"``, ``"recursive"``, ``"periodic"`` or ``"overlapping"``. Cells that
            lie in several blocks cost more: see the documentation.
        strategy: One of ``STRATEGIES``.
        steps: How many to remove; all if None. Fewer steps give the beginning of the full order.
        seed: Seed of the draws among ties, or a generator (one number is drawn from it).
        pooled: As for :func:`~leastloss.information.information_loss`.
        uncovered: What becomes of ones that no block covers: ``"exclude"``, ``"last"`` or
            ``"include"``.

    Returns:
        int64 array of cell numbers, in row-major order over the concatenation of the matrices.

    Raises:
        InputError: If a matrix is not binary or has no block, an option is unknown, or ``steps``
            exceeds the number of removable ones.

    Source:
        MILS (Zenil et al., arXiv:1802.05843), with the tied removed one by one.

    Example:
        >>> matrix = np.zeros((8, 8), dtype=int)
        >>> matrix[:4, :4] = 1
        >>> matrix[5, 6] = 1
        >>> int(removal_order(matrix, strategy="max_decrease")[0]) == 5 * 8 + 6
        True
    """
    number = strategy_number(strategy)
    choose("treatment of uncovered cells", uncovered, UNCOVERED)
    salt = _salt(seed)
    blocks = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled)
    terms = blocks.terms(complexity)
    shared, cells, find = shared_items(blocks)
    outside = np.empty(0, np.int64)
    if not blocks.complete:
        reached = _kernels.occurrences(blocks.windows, blocks.flat.size) > 0
        outside = np.flatnonzero(blocks.flat & ~reached)
    total = int(blocks.flat.sum(dtype=np.int64)) - (uncovered == "exclude") * len(outside)
    wanted = _steps(steps, total)
    items = items_of(find, np.arange(len(cells) + 1), cells, len(blocks.symbols))
    if uncovered == "include":
        cells = np.concatenate([cells, outside])
        items = items._replace(
            start=np.concatenate([items.start, np.full(len(outside), items.start[-1])])
        )
    order = _run(blocks, terms, queue_of(blocks, terms, shared, items, cells), number, wanted, salt)
    if len(order) < wanted:
        rest = np.random.default_rng(int(salt)).permutation(outside)
        order = np.concatenate([order, rest[: wanted - len(order)]])
    return order


def set_removal_order(
    matrices: Matrices,
    sets: Sequence[ArrayLike],
    *,
    complexity: str = "bdm",
    block: int = 4,
    boundary: str = "ignore",
    strategy: str = "min_absolute",
    steps: int | None = None,
    seed: int | np.random.Generator = 0,
    pooled: bool | Sequence[int] = True,
) -> NDArray[np.int64]:
    """Order in which sets of cells (hidden units, say) are cleared, as :func:`removal_order`.

    Args:
        matrices: One binary matrix or a sequence of them.
        sets: As for :func:`~leastloss.information.set_information_loss`; a cell that several sets
            hold is cleared with the first of them.
        complexity: As for :func:`removal_order`.
        block: As for :func:`removal_order`.
        boundary: As for :func:`removal_order`.
        strategy: As for :func:`removal_order`.
        steps: As for :func:`removal_order`.
        seed: As for :func:`removal_order`.
        pooled: As for :func:`removal_order`.

    Returns:
        int64 array of set numbers; sets without any one are ordered too, with an effect of 0.

    Raises:
        InputError: As :func:`removal_order`, or if a cell number does not exist.

    Example:
        >>> set_removal_order(np.eye(4, dtype=int), [[0], [1, 2]]).tolist()
        [1, 0]
    """
    number = strategy_number(strategy)
    salt = _salt(seed)
    blocks = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled)
    terms = blocks.terms(complexity)
    items = set_items(blocks, sets)
    every = np.ones(len(blocks.symbols), np.bool_)
    queue = queue_of(blocks, terms, every, items, np.arange(len(sets)))
    return _run(blocks, terms, queue, number, _steps(steps, len(sets)), salt)
