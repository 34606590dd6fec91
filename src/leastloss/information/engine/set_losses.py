"""Losses of sets of cells, kept up to date by what a removal changes instead of computed anew.

The loss of a set is a sum over symbols, F(n) - F(n + d), of which n are there now and d more (or
fewer) when the set is cleared. Of the many terms of all sets, a removal changes few: those of the
symbols whose n changes, and those of the sets that share a block with the removed one.

Losses are sums of millions of small changes, so they are kept as integers (2**-44 bit), which do
not drift. F may wrap around; only differences of it are used, and those are small.
"""

import numpy as np

from leastloss._compile import compiled_part, inlined
from leastloss.information.engine.array_types import Array, Int, Items, Tally

FINE = 2.0**44


@inlined
def value(first: Array, sums: Array, shift: Int, symbol: Int, copies: Int) -> Int:
    """F of so many copies of a symbol."""
    return first[symbol] + sums[symbol >> shift, copies] if copies > 0 else 0


@inlined
def alter(
    change: Array,
    loss: Array,
    seen: Array,
    first: Array,
    sums: Array,
    shift: Int,
    item: Int,
    symbol: Int,
    more: Int,
) -> None:
    """Let clearing an item make ``more`` copies of a symbol than it did so far."""
    copies = seen[symbol] + change[symbol, item]
    change[symbol, item] += more
    loss[item] += value(first, sums, shift, symbol, copies)
    loss[item] -= value(first, sums, shift, symbol, copies + more)


@compiled_part
def enter(t: Tally, symbols: Array, item: Int, block: Int, mask: Int, sign: Int) -> None:
    """Count the move of a block in the loss of an item (sign 1), or leave it out (-1)."""
    change, loss, seen, first, sums, shift = t
    old = np.int64(symbols[block])
    new = old & ~np.int64(mask)
    if new != old:
        alter(change, loss, seen, first, sums, shift, item, old, -sign)
        alter(change, loss, seen, first, sums, shift, item, new, sign)


@compiled_part
def enter_all(t: Tally, symbols: Array, items: Items) -> None:
    """Count every block of every item."""
    for item in range(items.start.size - 1):
        for k in range(items.start[item], items.start[item + 1]):
            enter(t, symbols, item, items.block[k], items.mask[k], 1)


@compiled_part
def enter_others(
    t: Tally,
    symbols: Array,
    blocks: Array,
    use_start: Array,
    use_item: Array,
    use_mask: Array,
    alive: Array,
    sign: Int,
) -> None:
    """Count some blocks, or leave them out, in the losses of all items alive that they share."""
    for w in blocks:
        for k in range(use_start[w], use_start[w + 1]):
            if alive[use_item[k]]:
                enter(t, symbols, use_item[k], w, use_mask[k], sign)


@compiled_part
def recount(t: Tally, counts: Array, moved: Array, many: Int) -> None:
    """Take over the counts of the first ``many`` symbols in ``moved``."""
    change, loss, seen, first, sums, shift = t
    for s in moved[:many]:
        before, now = np.int64(seen[s]), np.int64(counts[s])
        if before == now:
            continue
        rise = value(first, sums, shift, s, now) - value(first, sums, shift, s, before)
        for item in range(loss.size):
            more = np.int64(change[s, item])
            if more != 0:
                loss[item] += rise + value(first, sums, shift, s, before + more)
                loss[item] -= value(first, sums, shift, s, now + more)
        seen[s] = now
