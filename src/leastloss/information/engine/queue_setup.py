"""The queue of removals, before the first one."""

import numpy as np
from numpy.typing import NDArray

from leastloss.errors import InputError
from leastloss.information.complexity import Blocks
from leastloss.information.engine import kernels
from leastloss.information.engine.array_types import Find, Groups, Items, Queue, Tally, Terms
from leastloss.information.engine.ranks import EMPTY
from leastloss.information.engine.set_losses import FINE

MOST_ROOM = 2**29  # bytes for the losses of sets


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


def _tops(size: int) -> tuple[int, int]:
    """The level at which ``size`` leaves have at most 16 nodes, and how many those are."""
    depth = 0
    while size > 16 ** (depth + 1):
        depth += 1
    return depth, -(-size // 16**depth)


def _groups_of(blocks: Blocks, terms: Terms, leaves: int, dealt: bool) -> Groups:
    sizes = [leaves]
    while sizes[-1] > 1:
        sizes[-1] += -sizes[-1] % 16
        sizes.append(sizes[-1] // 16)
    tree = np.zeros((sum(sizes), 2), np.int64)
    tree[:, 0] = EMPTY
    down, up = blocks.steps(terms)
    sides = np.zeros(1 << blocks.shift, np.uint8)
    for side, offset in blocks.offsets.items():
        sides[offset : offset + 2 ** (side * side)] = side
    return Groups(
        tree=tree,
        level=np.cumsum([0, *sizes[:-1]]),
        down=down,
        up=up,
        inside=np.zeros(leaves, np.int32),
        bits=np.zeros(leaves, np.int32),
        side=sides,
        root=np.full(0 if dealt else leaves, -1, np.int32),
        place=np.empty((0 if dealt else len(blocks.symbols), 3), np.int32),
    )


def _tally_of(blocks: Blocks, terms: Terms, items: Items, summed: bool) -> Tally:
    """Room for the losses of sets; empty where it would be too large, or is not wanted."""
    symbols, many = len(blocks.counts), len(items.start) - 1
    pools = len(terms.scale)
    room = 2 * symbols * many + 8 * pools * len(terms.inc)
    widest = int(np.diff(items.start).max(initial=0))
    if not summed or room > MOST_ROOM or widest > np.iinfo(np.int16).max:
        none = np.empty(0, np.int64)
        return Tally(np.empty((0, 0), np.int16), none, none, none, np.empty((0, 0), np.int64), 0)
    steps = np.rint(np.multiply.outer(terms.scale, terms.inc) * FINE).astype(np.int64)
    return Tally(
        change=np.zeros((symbols, many), np.int16),
        loss=np.zeros(many, np.int64),
        seen=blocks.counts.astype(np.int64),
        first=np.rint(np.multiply.outer(terms.scale, terms.first).ravel() * FINE).astype(np.int64),
        sums=np.cumsum(np.pad(steps[:, 1:], ((0, 0), (2, 0))), axis=1),  # may wrap around
        shift=terms.shift,
    )


def queue_of(
    blocks: Blocks,
    terms: Terms,
    shared: NDArray[np.bool_],
    items: Items,
    numbers: NDArray[np.int64],
    *,
    summed: bool = False,
    lowest: bool = False,
    dealt: bool = False,
    labels: NDArray[np.int64] | None = None,
    item_labels: NDArray[np.int64] | None = None,
) -> Queue:
    """Set up the queue over all candidates; the compiled ``start`` fills it.

    Args:
        blocks: The blocks as they are before the first removal.
        terms: The complexity.
        shared: bool per block: whether its cells are items, not taken by symbol.
        items: Cells of several blocks, or sets of cells.
        numbers: What the order is to say for each item.
        summed: Keep losses of items as sums over symbols, if there is room (``set_losses``).
        lowest: Of tied candidates the one of lowest number goes; if not, one is drawn.
        dealt: Blocks are dealt out at the end, so that no heaps or lists of them are kept.
        labels: Label of each matrix, from 0; labels take turns.
        item_labels: Label of each item.
    """
    if blocks.flat.size >= 2**31:
        raise InputError(f"{blocks.flat.size} cells were given; an order takes fewer than 2**31")
    symbols, windows = len(blocks.counts), len(blocks.symbols)
    by_block = np.argsort(items.block, kind="stable")
    uses = np.bincount(items.block, minlength=windows)
    links = windows if shared.any() else 0
    turns = np.zeros(len(blocks.matrices), np.int64) if labels is None else labels
    many, size = int(turns.max()) + 1, symbols + len(numbers)
    depth, tops = _tops(size) if many > 1 else (0, 1)
    stride = tops * 16**depth if many > 1 else size
    if many * stride >= 2**28:  # what a note has room for, see ``symbol_blocks``
        raise InputError(
            f"pools, labels and cells of several blocks make {many * stride} groups of candidates; "
            "an order takes fewer than 2**28"
        )
    groups = _groups_of(blocks, terms, many * stride, dealt)
    leaf = np.arange(symbols, size)
    return Queue(
        groups=groups,
        labels=many,
        label=turns,
        stride=stride,
        depth=depth if many > 1 else len(groups.level) - 1,
        tops=tops,
        lowest=lowest,
        turn=np.zeros(1, np.int64),
        shared=shared,
        head=np.full(symbols, -1, np.int32),
        after=np.empty(links, np.int32),
        before=np.empty(links, np.int32),
        items=items,
        leaf=leaf if item_labels is None else leaf + item_labels * stride,
        number=numbers,
        use_start=np.concatenate([[0], np.cumsum(uses)]).astype(np.int64),
        use_item=np.repeat(np.arange(len(numbers)), np.diff(items.start))[by_block],
        use_mask=items.mask[by_block],
        wide=bool((items.mask & (items.mask - 1)).any()),
        tally=_tally_of(blocks, terms, items, summed),
        alive=np.ones(len(numbers), np.bool_),
        todo=np.empty(len(numbers), np.int64),
        item_stamp=np.zeros(len(numbers), np.int64),
        changed=np.empty(2 * max(1, int(np.diff(items.start).max(initial=1))), np.int64),
        symbol_stamp=np.zeros(symbols, np.int64),
    )
