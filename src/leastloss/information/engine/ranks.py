"""Costs of the candidates, and which of them a removal changes.

A leaf of the tree is a symbol, for the blocks whose cells lie in no other block, or an item. Where
labels take turns, every label has leaves of its own, ``stride`` apart.
"""

import numpy as np

from leastloss._compile import compiled_part, inlined
from leastloss.information.engine.array_types import Array, Int, Queue, Real, Terms
from leastloss.information.engine.cost_tree import settle
from leastloss.information.engine.kernels import item_loss, step_down, step_up
from leastloss.information.engine.set_losses import FINE

GRID = 2.0**32  # costs are integers: effects in units of 2**-32
FAR = 2**52  # beyond every effect; sums with one stay exact as float64
EMPTY = 2**62
ALL = -1  # symbols: every item is ranked


@inlined
def cost_of(loss: Real, strategy: Int) -> Int:
    """Cost of a removal (lower goes first) from the loss of complexity it causes."""
    effect = np.int64(np.rint(-loss * GRID))
    size = abs(effect)
    if strategy >= 2 and ((effect <= 0) if strategy < 4 else (effect >= 0)):
        return FAR + size  # not of the wanted sign: after all that are, smallest first
    return size if strategy % 2 == 0 else -size


@inlined
def bits_of(side: Array, symbol: Int) -> Int:
    """As many low bits as a symbol has cells."""
    length = np.int64(side[symbol & (side.size - 1)])
    return (1 << length * length) - 1


@inlined
def cell_of(first: Int, base: Array, cols: Array, side: Array, symbol: Int, bit: Int) -> Int:
    """Number of the cell at a bit of a block, given its first cell; it must not wrap around."""
    m, end = 0, base.size
    while end - m > 1:
        middle = (m + end) >> 1
        if base[middle] <= first:
            m = middle
        else:
            end = middle
    length = np.int64(side[symbol & (side.size - 1)])
    return first + bit // length * cols[m] + bit % length


@inlined
def bit_at(bits: Int, rank: Int) -> Int:
    """Number of the set bit that has ``rank`` set ones below it."""
    for _ in range(rank):
        bits &= bits - 1
    bit = 0
    while not (bits >> bit) & 1:
        bit += 1
    return bit


@inlined
def rank_leaf(
    tree: Array,
    level: Array,
    inside: Array,
    bits: Array,
    side: Array,
    root: Array,
    place: Array,
    base: Array,
    cols: Array,
    down: Array,
    up: Array,
    leaf: Int,
    symbol: Int,
    strategy: Int,
    lowest: Int,
) -> None:
    """Rank all bits of a symbol."""
    best: Int = EMPTY
    ways: Int = 0
    tied_bits: Int = 0
    copies = np.int64(inside[leaf])
    rest = symbol & bits_of(side, symbol) if copies > 0 else 0
    while rest:
        bit = rest & -rest
        rest &= rest - 1
        cost = cost_of(down[symbol] - up[symbol ^ bit], strategy)
        # Sums of products in place of branches, which no processor can foresee.
        tied_bits = tied_bits * (cost >= best) + bit * (cost <= best)
        ways = ways * (cost >= best) + (cost <= best)
        best = min(best, cost)
    bits[leaf] = tied_bits
    ways *= copies
    if lowest and ways > 0:
        first = np.int64(place[root[leaf], 2])
        ways = cell_of(first, base, cols, side, symbol, bit_at(tied_bits, 0)) + 1
    settle(tree, level, leaf, best, ways, lowest)


@inlined
def rank_sources(
    tree: Array,
    level: Array,
    inside: Array,
    bits: Array,
    side: Array,
    root: Array,
    place: Array,
    base: Array,
    cols: Array,
    down: Array,
    up: Array,
    symbol: Int,
    without: Int,
    strategy: Int,
    labels: Int,
    stride: Int,
    lowest: Int,
) -> None:
    """Rank again the symbols that have ``symbol`` after one bit, one of them excepted."""
    rest = ~symbol & bits_of(side, symbol)
    now = up[symbol]
    while rest:
        bit = rest & -rest
        rest &= rest - 1
        source = symbol | bit
        if source == without:
            continue
        for label in range(labels):
            leaf = source + label * stride
            copies = np.int64(inside[leaf])
            if copies == 0:
                continue
            best, ways, tied_bits = tree[leaf, 0], tree[leaf, 1], np.int64(bits[leaf])
            cost = cost_of(down[source] - now, strategy)
            lower, among = cost < best, cost <= best
            was = (tied_bits & bit) != 0
            if was == among and not lower:
                continue
            tied_bits = (tied_bits & ~bit) * (1 - lower) | bit * among
            if tied_bits == 0 or lowest:
                rank_leaf(
                    tree, level, inside, bits, side, root, place, base, cols, down, up,
                    leaf, source, strategy, lowest,
                )  # fmt: skip
            else:
                bits[leaf] = tied_bits
                ways = (ways - was * copies) * (1 - lower) + copies * among
                settle(tree, level, leaf, min(best, cost), ways, lowest)


@inlined
def rank_moved(
    first: Array,
    inc: Array,
    scale: Array,
    shift: Int,
    counts: Array,
    tree: Array,
    level: Array,
    inside: Array,
    bits: Array,
    side: Array,
    root: Array,
    place: Array,
    base: Array,
    cols: Array,
    down: Array,
    up: Array,
    moved: Array,
    many: Int,
    strategy: Int,
    labels: Int,
    stride: Int,
    lowest: Int,
) -> None:
    """Rank all that reads the counts of the first ``many`` symbols in ``moved``."""
    for i in range(many):
        s = moved[i]
        before = up[s]
        down[s] = step_down(first, inc, scale, shift, counts[s], s)
        up[s] = step_up(first, inc, scale, shift, counts[s], s)
        if up[s] != before:
            rank_sources(
                tree, level, inside, bits, side, root, place, base, cols, down, up,
                s, moved[0], strategy, labels, stride, lowest,
            )  # fmt: skip
    for i in range(many):  # last, for above they may be ranked on a step of theirs still old
        for label in range(labels):
            rank_leaf(
                tree, level, inside, bits, side, root, place, base, cols, down, up,
                moved[i] + label * stride, moved[i], strategy, lowest,
            )  # fmt: skip


@inlined
def items_read(head: Array, side: Array, moved: Array, many: Int) -> Int:
    """Whether some block of an item has, or would get, one of the symbols in ``moved``."""
    for i in range(many):
        symbol = moved[i]
        if head[symbol] >= 0:
            return True
        rest = ~symbol & bits_of(side, symbol)
        while rest:
            if head[symbol | (rest & -rest)] >= 0:
                return True
            rest &= rest - 1
    return False


@compiled_part
def rank_items(
    q: Queue,
    terms: Terms,
    counts: Array,
    symbols: Array,
    moved: Array,
    many: Int,
    strategy: Int,
    now: Int,
) -> None:
    """Rank the items whose loss reads the count of one of the first ``many`` symbols in ``moved``.

    All items are ranked if so many are ``ALL``.
    """
    first, inc, scale, shift, _ = terms
    start, block, mask = q.items
    tree, level, side = q.groups.tree, q.groups.level, q.groups.side
    head, after, alive, stamp = q.head, q.after, q.alive, q.item_stamp
    use_start, use_item, use_mask = q.use_start, q.use_item, q.use_mask
    todo, stale, summed = q.todo, 0, q.tally.change.size > 0
    if many == ALL or q.wide or summed:
        for item in range(alive.size):
            if alive[item]:
                todo[stale] = item
                stale += 1
    else:
        for i in range(many):
            symbol = moved[i]
            length = np.int64(side[symbol & (side.size - 1)])
            for bit in range(-1, length * length):
                source = symbol if bit < 0 else symbol | (1 << bit)
                if bit >= 0 and source == symbol:
                    continue
                w = head[source]
                while w >= 0:
                    for k in range(use_start[w], use_start[w + 1]):
                        item = use_item[k]
                        if (bit < 0 or use_mask[k] == 1 << bit) and stamp[item] != now:
                            stamp[item] = now
                            if alive[item]:
                                todo[stale] = item
                                stale += 1
                    w = after[w]
    for i in range(stale):
        item = todo[i]
        if summed:
            loss = q.tally.loss[item] / FINE
        else:
            loss = item_loss(first, inc, scale, shift, counts, symbols, start, block, mask, item)
        ways = q.number[item] + 1 if q.lowest else 1
        settle(tree, level, q.leaf[item], cost_of(loss, strategy), ways, q.lowest)
