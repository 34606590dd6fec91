"""Removal orders: exact and fully sequential, every removal seen by all later ones."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.errors import InputError
from leastloss.information import _kernels, _queue
from leastloss.information.complexity import Blocks, Terms, count_blocks
from leastloss.information.inputs import Matrices
from leastloss.information.items import Items, items_of, shared_items
from leastloss.information.removal import set_items
from leastloss.information.strategies import strategy_number
from leastloss.names import choose

UNCOVERED: dict[str, str] = {
    "exclude": "cells that no block covers are left out of the order",
    "last": "they come after all others, in random order",
    "include": "they take part with an information loss of 0",
}


class _Groups(NamedTuple):
    """The tree, and the blocks whose cells lie in no other block, by symbol."""

    tree: NDArray[np.int64]  # (nodes, 2): lowest cost below a node, candidates that have it
    level: NDArray[np.int64]  # first node of every level, leaves first; 16 children a node
    down: NDArray[np.float64]  # what the last copy of each symbol adds to the complexity
    up: NDArray[np.float64]  # what one more copy would add
    inside: NDArray[np.int64]  # copies of each symbol among these blocks
    width: NDArray[np.uint8]  # bits of each symbol
    root: NDArray[np.int32]  # heap of the blocks of each symbol, in random order
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    key: NDArray[np.uint64]


class _Queue(NamedTuple):
    """The arrays that the compiled loop works on; see ``_queue``."""

    groups: _Groups
    shared: NDArray[np.bool_]  # blocks of items; they are listed by symbol:
    head: NDArray[np.int32]
    after: NDArray[np.int32]
    before: NDArray[np.int32]
    items: Items
    label: NDArray[np.int64]
    use_start: NDArray[np.int64]  # the items of each block, and the bits they clear there
    use_item: NDArray[np.int64]
    use_mask: NDArray[np.int32]
    wide: bool  # some item clears several bits of a block
    alive: NDArray[np.bool_]
    todo: NDArray[np.int64]
    item_stamp: NDArray[np.int64]
    changed: NDArray[np.int64]


def _groups_of(blocks: Blocks, terms: Terms, items: int) -> _Groups:
    symbols, windows = len(blocks.counts), len(blocks.symbols)
    sizes = [symbols + items]
    while sizes[-1] > 1:
        sizes[-1] += -sizes[-1] % 16
        sizes.append(sizes[-1] // 16)
    tree = np.zeros((sum(sizes), 2), np.int64)
    tree[:, 0] = _queue.EMPTY
    down, up = np.empty(symbols), np.empty(symbols)
    _kernels.steps_of(terms, blocks.counts, down, up)
    width = np.zeros(1 << blocks.shift, np.uint8)
    for side, offset in blocks.offsets.items():
        width[offset : offset + 2 ** (side * side)] = side * side
    return _Groups(
        tree=tree,
        level=np.cumsum([0, *sizes[:-1]]),
        down=down,
        up=up,
        inside=np.zeros(symbols, np.int64),
        width=width,
        root=np.full(symbols, -1, np.int32),
        left=np.empty(windows, np.int32),
        right=np.empty(windows, np.int32),
        key=np.empty(windows, np.uint64),
    )


def _queue_of(
    blocks: Blocks, terms: Terms, shared: NDArray[np.bool_], items: Items, label: NDArray[np.int64]
) -> _Queue:
    symbols, windows = len(blocks.counts), len(blocks.symbols)
    by_block = np.argsort(items.block, kind="stable")
    uses = np.bincount(items.block, minlength=windows)
    links = windows if len(label) else 0
    return _Queue(
        groups=_groups_of(blocks, terms, len(label)),
        shared=shared,
        head=np.full(symbols, -1, np.int32),
        after=np.empty(links, np.int32),
        before=np.empty(links, np.int32),
        items=items,
        label=label,
        use_start=np.concatenate([[0], np.cumsum(uses)]).astype(np.int64),
        use_item=np.repeat(np.arange(len(label)), np.diff(items.start))[by_block],
        use_mask=items.mask[by_block],
        wide=bool((items.mask & (items.mask - 1)).any()),
        alive=np.ones(len(label), np.bool_),
        todo=np.empty(len(label), np.int64),
        item_stamp=np.zeros(len(label), np.int64),
        changed=np.empty(2 * max(1, int(np.diff(items.start).max(initial=1))), np.int64),
    )


def _run(
    blocks: Blocks, terms: Terms, queue: _Queue, strategy: int, steps: int, salt: np.uint64
) -> NDArray[np.int64]:
    order = np.empty(steps, np.int64)
    symbols, counts = blocks.symbols, blocks.counts
    _queue.start(queue, terms, counts, symbols, strategy, salt)
    done = _queue.advance(
        queue, terms, counts, blocks.windows, symbols, strategy, salt, order, 0, steps
    )
    return order[:done]


def _salt(seed: int | np.random.Generator) -> np.uint64:
    if not isinstance(seed, np.random.Generator) and (
        isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0
    ):
        raise InputError(f"seed is {seed!r}; it must be an integer >= 0 or a NumPy Generator")
    return np.random.default_rng(seed).integers(2**64, dtype=np.uint64)


def _steps(steps: int | None, available: int) -> int:
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
    order = _run(
        blocks, terms, _queue_of(blocks, terms, shared, items, cells), number, wanted, salt
    )
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
    queue = _queue_of(blocks, terms, every, items, np.arange(len(sets)))
    return _run(blocks, terms, queue, number, _steps(steps, len(sets)), salt)


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
