"""Removal orders: exact and sequential, every removal, or every batch, seen by all later ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.arguments import computed
from leastloss.errors import InputError, choose
from leastloss.information.complexity import Blocks, count_blocks
from leastloss.information.engine import kernels
from leastloss.information.engine.queue_setup import queue_of, shared_items
from leastloss.information.inputs import Matrices
from leastloss.information.removal import items_of, set_items
from leastloss.information.rules import Rule, run, whole_number

UNCOVERED: dict[str, str] = {
    "exclude": "cells that no block covers are left out of the order",
    "last": "they come after all others, in random order",
    "include": "they take part with an information loss of 0",
}


def _steps(steps: object, available: int) -> int:
    if steps is None:
        return available
    number = whole_number("steps", steps)
    if not 1 <= number <= available:
        raise InputError(f"steps is {steps}; it must lie between 1 and the {available} removable")
    return number


def _turns(balance: Sequence[int] | None, matrices: int, ties: str) -> NDArray[np.int64] | None:
    """Label of every matrix, from 0 in ascending order."""
    if balance is None:
        return None
    labels = np.asarray(balance)
    if labels.shape != (matrices,) or labels.dtype.kind not in "iu":
        raise InputError(
            f"balance is {balance!r}; it must be None or {matrices} integer label(s), one a matrix"
        )
    if ties == "together":
        raise InputError(
            "ties='together' with balance: tied removals that go together cannot take turns; use "
            "ties='random' or 'index'"
        )
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _in_turns(cells: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cells dealt out label by label, each label's cells keeping their order."""
    rank = np.empty(len(cells), np.int64)
    for label in np.unique(labels):
        rank[labels == label] = np.arange((labels == label).sum())
    return cells[np.lexsort((labels, rank))]


def _outside(blocks: Blocks) -> NDArray[np.int64]:
    """Ones that no block covers."""
    if blocks.complete:
        return np.empty(0, np.int64)
    reached = kernels.occurrences(blocks.windows, blocks.flat.size) > 0
    return np.flatnonzero(blocks.flat & ~reached)


@computed
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
    ties: str = "random",
    batch: int = 1,
    balance: Sequence[int] | None = None,
    progress: bool = True,
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
        ties: Among removals of equal cost ``"random"``: one is drawn; ``"index"``: the lowest cell
            goes; ``"together"``: all go at once, before anything is evaluated again (inside such a
            group, the order is drawn).
        batch: How many are removed before all is evaluated again: those of lowest cost as of the
            batch's start. As many as there are ones, or more: a one-shot ranking.
        balance: One integer label per matrix: labels take turns, from the lowest, each removing
            the best of its own cells; when one is exhausted the others go on.
        progress: Show a bar, on a terminal, if it takes more than two seconds.

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
    rule = Rule.of(strategy, ties, batch, seed, progress)
    choose("treatment of uncovered cells", uncovered, UNCOVERED)
    blocks = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled)
    labels = _turns(balance, len(blocks.matrices), ties)
    terms = blocks.terms(complexity)
    shared, cells, find = shared_items(blocks)
    outside = _outside(blocks)
    total = int(blocks.flat.sum(dtype=np.int64)) - (uncovered == "exclude") * len(outside)
    wanted = _steps(steps, total)
    items = items_of(blocks, np.arange(len(cells) + 1), cells, find)
    if uncovered == "include":
        cells = np.concatenate([cells, outside])
        items = items._replace(
            start=np.concatenate([items.start, np.full(len(outside), items.start[-1])])
        )

    def label_of(cells: NDArray[np.int64]) -> NDArray[np.int64] | None:
        if labels is None:
            return None
        return labels[np.searchsorted(blocks.windows.base, cells, side="right") - 1]

    queue = queue_of(
        blocks,
        terms,
        shared,
        items,
        cells,
        lowest=rule.lowest,
        dealt=rule.dealt,
        labels=labels,
        item_labels=label_of(cells),
    )
    order = run(blocks, terms, queue, rule, wanted)
    if len(order) < wanted:
        if ties != "index":
            outside = np.random.default_rng(int(rule.salt)).permutation(outside)
        turns = label_of(outside)
        rest = outside if turns is None else _in_turns(outside, turns)
        order = np.concatenate([order, rest[: wanted - len(order)]])
    return order


@computed
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
    ties: str = "random",
    batch: int = 1,
    progress: bool = True,
) -> NDArray[np.int64]:
    """Order in which sets of cells (hidden units, say) are cleared, as :func:`removal_order`.

    Sets are given as for :func:`~leastloss.information.set_information_loss`; a cell that several
    sets hold is cleared with the first of them. All other arguments are those of
    :func:`removal_order`; what ties go by are the numbers of the sets.

    Returns:
        int64 array of set numbers; sets without any one are ordered too, with an effect of 0.

    Raises:
        InputError: As :func:`removal_order`, or if a cell number does not exist.

    Example:
        >>> set_removal_order(np.eye(4, dtype=int), [[0], [1, 2]]).tolist()
        [1, 0]
    """
    rule = Rule.of(strategy, ties, batch, seed, progress)
    blocks = count_blocks(matrices, block=block, boundary=boundary, pooled=pooled)
    terms = blocks.terms(complexity)
    items = set_items(blocks, sets)
    every = np.ones(len(blocks.symbols), np.bool_)
    numbers = np.arange(len(sets))
    lowest, dealt = rule.lowest, rule.dealt
    queue = queue_of(blocks, terms, every, items, numbers, summed=True, lowest=lowest, dealt=dealt)
    return run(blocks, terms, queue, rule, _steps(steps, len(sets)))
