"""Costs of the candidates, and which of them a removal changes.

A leaf of the tree is a symbol, for the blocks whose cells lie in no other block, or an item. Where
labels take turns, every label has leaves of its own, ``stride`` apart.
"""

import numpy as np

from leastloss.information._compile import compiled, inlined
from leastloss.information._kernels import item_loss, step_down, step_up
from leastloss.information._sets import FINE
from leastloss.information._tree import settle
from leastloss.information._types import Array, Int, Queue, Real, Terms

BUILT_ON = {  # see _compile
    "_compile": "fa71ae1d2626",
    "_kernels": "71c27cc2c13d",
    "_sets": "d228bc7341f8",
    "_tree": "b771d1221566",
}
GRID = 2.0**32  # costs are integers: effects in units of 2**-32
FAR = 2**52  # beyond every effect; sums with one stay exact as float64
EMPTY = 2**62


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
def cell_in(
    place: Array, base: Array, cols: Array, side: Array, w: Int, symbol: Int, bit: Int
) -> Int:
    """Number of the cell at a bit of a block that does not wrap around."""
    first = np.int64(place[w, 3])
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
def rank_symbol(
    tree: Array,
    level: Array,
    inside: Array,
    side: Array,
    root: Array,
    place: Array,
    base: Array,
    cols: Array,
    down: Array,
    up: Array,
    symbol: Int,
    strategy: Int,
    labels: Int,
    stride: Int,
    lowest: Int,
) -> None:
    """Rank all bits of a symbol; only the tree's leaves keep the result."""
    best: Int = EMPTY
    ways: Int = 0
    bit: Int = 0
    copies: Int = 0
    for label in range(labels):
        copies += inside[symbol + label * stride]
    if copies > 0:
        ones = symbol & bits_of(side, symbol)
        rest = ones
        while rest:  # two passes without a branch on the cost, which no processor can foresee
            cost = cost_of(down[symbol] - up[symbol ^ (rest & -rest)], strategy)
            best = min(best, cost)
            rest &= rest - 1
        rest = ones
        while rest:
            cost = cost_of(down[symbol] - up[symbol ^ (rest & -rest)], strategy)
            ways += cost == best
            rest &= rest - 1
        if lowest and ones:
            while (symbol >> bit) & 1 == 0 or best != cost_of(
                down[symbol] - up[symbol ^ (1 << bit)], strategy
            ):
                bit += 1
    for label in range(labels):
        leaf = symbol + label * stride
        if inside[leaf] == 0 or ways == 0:
            settle(tree, level, leaf, EMPTY, 0, lowest)
        elif lowest:
            cell = cell_in(place, base, cols, side, root[leaf], symbol, bit)
            settle(tree, level, leaf, best, cell + 1, lowest)
        else:
            settle(tree, level, leaf, best, ways * inside[leaf], lowest)


@inlined
def rank_sources(
    tree: Array,
    level: Array,
    inside: Array,
    side: Array,
    root: Array,
    place: Array,
    base: Array,
    cols: Array,
    down: Array,
    up: Array,
    symbol: Int,
    before: Real,
    strategy: Int,
    labels: Int,
    stride: Int,
    lowest: Int,
) -> None:
    """Rank again the symbols that have ``symbol`` after one bit; its step up was ``before``."""
    rest = ~symbol & bits_of(side, symbol)
    while rest:
        source = symbol | (rest & -rest)
        rest &= rest - 1
        anew = False
        for label in range(labels):
            leaf = source + label * stride
            best, ways = tree[leaf, 0], tree[leaf, 1]
            if ways == 0:
                continue
            cost = cost_of(down[source] - up[symbol], strategy)
            old = cost_of(down[source] - before, strategy)
            if cost == old or (cost > best and old > best):
                continue
            if lowest:
                anew = True
            elif cost < best:
                settle(tree, level, leaf, cost, inside[leaf], lowest)
            elif cost == best:
                settle(tree, level, leaf, best, ways + inside[leaf], lowest)
            elif ways > inside[leaf]:
                settle(tree, level, leaf, best, ways - inside[leaf], lowest)
            else:
                anew = True
        if anew:
            rank_symbol(
                tree, level, inside, side, root, place, base, cols, down, up,
                source, strategy, labels, stride, lowest,
            )  # fmt: skip


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
                tree, level, inside, side, root, place, base, cols, down, up,
                s, before, strategy, labels, stride, lowest,
            )  # fmt: skip
    for i in range(many):  # last, for above they may be ranked on a step of theirs still old
        rank_symbol(
            tree, level, inside, side, root, place, base, cols, down, up,
            moved[i], strategy, labels, stride, lowest,
        )  # fmt: skip


@compiled
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
    """Rank the items whose loss reads the count of a changed symbol."""
    first, inc, scale, shift, _ = terms
    start, block, mask = q.items
    tree, level, side = q.groups.tree, q.groups.level, q.groups.side
    head, after, alive, stamp = q.head, q.after, q.alive, q.item_stamp
    use_start, use_item, use_mask = q.use_start, q.use_item, q.use_mask
    todo, found, summed = q.todo, 0, q.tally.change.size > 0
    if q.wide or summed:
        for item in range(alive.size):
            if alive[item]:
                todo[found] = item
                found += 1
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
                                todo[found] = item
                                found += 1
                    w = after[w]
    for i in range(found):
        item = todo[i]
        if summed:
            loss = q.tally.loss[item] / FINE
        else:
            loss = item_loss(first, inc, scale, shift, counts, symbols, start, block, mask, item)
        ways = q.number[item] + 1 if q.lowest else 1
        settle(tree, level, q.leaf[item], cost_of(loss, strategy), ways, q.lowest)
