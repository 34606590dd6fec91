"""The queue of removals, before the first one."""

import numpy as np
from numpy.typing import NDArray

from leastloss.information import _queue
from leastloss.information._types import Groups, Items, Queue, Terms
from leastloss.information.complexity import Blocks


def _groups_of(blocks: Blocks, terms: Terms, items: int) -> Groups:
    symbols, windows = len(blocks.counts), len(blocks.symbols)
    sizes = [symbols + items]
    while sizes[-1] > 1:
        sizes[-1] += -sizes[-1] % 16
        sizes.append(sizes[-1] // 16)
    tree = np.zeros((sum(sizes), 2), np.int64)
    tree[:, 0] = _queue.EMPTY
    down, up = blocks.steps(terms)
    width = np.zeros(1 << blocks.shift, np.uint8)
    for side, offset in blocks.offsets.items():
        width[offset : offset + 2 ** (side * side)] = side * side
    return Groups(
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


def queue_of(
    blocks: Blocks, terms: Terms, shared: NDArray[np.bool_], items: Items, label: NDArray[np.int64]
) -> Queue:
    """Set up the queue over all candidates; the compiled ``start`` fills it.

    Args:
        blocks: The blocks as they are before the first removal.
        terms: The complexity.
        shared: bool per block: whether its cells are items, not taken by symbol.
        items: Cells of several blocks, or sets of cells.
        label: What the order is to say for each item.
    """
    symbols, windows = len(blocks.counts), len(blocks.symbols)
    by_block = np.argsort(items.block, kind="stable")
    uses = np.bincount(items.block, minlength=windows)
    links = windows if shared.any() else 0
    return Queue(
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
