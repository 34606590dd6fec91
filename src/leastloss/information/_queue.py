"""The compiled loop that takes one removal after another, always an exactly best one.

A tree finds the lowest cost (see ``_tree``). It has a leaf per symbol, for all blocks of that
symbol at once (the loss of a cell depends on its block's symbol and its bit alone), and a leaf per
item, for cells that lie in several blocks and for sets of cells. A removal changes the counts of
few symbols; only what reads those counts is ranked again.
"""

import numpy as np

from leastloss.information._compile import compiled, inlined
from leastloss.information._kernels import cell_at, item_loss, step_down, step_up
from leastloss.information._tree import STEP, draw, merge, mixed, push, settle
from leastloss.information._types import Array, Int, Queue, Real, Terms, Windows, Word

BUILT_ON = {  # see _compile
    "_compile": "fa71ae1d2626",
    "_kernels": "71c27cc2c13d",
    "_tree": "1b3038c6c513",
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
def rank_symbol(
    tree: Array,
    level: Array,
    inside: Array,
    width: Array,
    down: Array,
    up: Array,
    symbol: Int,
    strategy: Int,
) -> None:
    """Rank all bits of a symbol; only the tree's leaf keeps the result."""
    best: Int = EMPTY
    ways: Int = 0
    if inside[symbol] > 0:
        ones = symbol & ((1 << width[symbol & (width.size - 1)]) - 1)
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
        ways *= inside[symbol]
    settle(tree, level, symbol, best, ways)


@inlined
def rank_sources(
    tree: Array,
    level: Array,
    inside: Array,
    width: Array,
    down: Array,
    up: Array,
    symbol: Int,
    before: Real,
    strategy: Int,
) -> None:
    """Rank again the symbols that have ``symbol`` after one bit; its step up was ``before``."""
    rest = ~symbol & ((1 << width[symbol & (width.size - 1)]) - 1)
    while rest:
        source = symbol | (rest & -rest)
        rest &= rest - 1
        best, ways = tree[source, 0], tree[source, 1]
        if ways == 0:
            continue
        cost = cost_of(down[source] - up[symbol], strategy)
        old = cost_of(down[source] - before, strategy)
        if cost == old or (cost > best and old > best):
            continue
        if cost < best:
            settle(tree, level, source, cost, inside[source])
        elif cost == best:
            settle(tree, level, source, best, ways + inside[source])
        elif ways > inside[source]:
            settle(tree, level, source, best, ways - inside[source])
        else:
            rank_symbol(tree, level, inside, width, down, up, source, strategy)


@compiled
def start(q: Queue, terms: Terms, counts: Array, symbols: Array, strategy: Int, salt: Word) -> None:
    """Fill the queue."""
    tree, level, down, up, inside, width, root, left, right, key = q.groups
    first, inc, scale, shift, _ = terms
    item_start, block, mask = q.items
    for w in range(symbols.size):
        if q.shared[w]:
            link(q.head, q.after, q.before, w, symbols[w])
        else:
            inside[symbols[w]] += 1
            push(key, left, right, root, w, symbols[w], salt)
    for s in range(root.size):
        if inside[s] > 0:
            rank_symbol(tree, level, inside, width, down, up, s, strategy)
    for item in range(q.alive.size):
        loss = item_loss(first, inc, scale, shift, counts, symbols, item_start, block, mask, item)
        settle(tree, level, root.size + item, cost_of(loss, strategy), 1)


@inlined
def link(head: Array, after: Array, before: Array, w: Int, symbol: Int) -> None:
    """Enter a block of items into the list of its symbol."""
    before[w] = -1
    after[w] = head[symbol]
    if head[symbol] >= 0:
        before[head[symbol]] = w
    head[symbol] = w


@inlined
def unlink(head: Array, after: Array, before: Array, w: Int, symbol: Int) -> None:
    """Take a block of items out of the list of its symbol."""
    if before[w] >= 0:
        after[before[w]] = after[w]
    else:
        head[symbol] = after[w]
    if after[w] >= 0:
        before[after[w]] = before[w]


@compiled
def take_item(q: Queue, counts: Array, symbols: Array, item: Int) -> Int:
    """Clear an item for good; return how many symbols were marked as changed."""
    start, block, mask = q.items
    q.alive[item] = False
    settle(q.groups.tree, q.groups.level, q.groups.root.size + item, EMPTY, 0)
    marked = 0
    for k in range(start[item], start[item + 1]):
        w = block[k]
        old = np.int64(symbols[w])
        new = old & ~np.int64(mask[k])
        if new != old:
            unlink(q.head, q.after, q.before, w, old)
            link(q.head, q.after, q.before, w, new)
            symbols[w] = new
            counts[old] -= 1
            counts[new] += 1
            q.changed[marked] = old
            q.changed[marked + 1] = new
            marked += 2
    return marked


@compiled
def rank_items(
    q: Queue, terms: Terms, counts: Array, symbols: Array, marked: Int, strategy: Int, now: Int
) -> None:
    """Rank the items whose loss reads the count of a changed symbol."""
    first, inc, scale, shift, _ = terms
    start, block, mask = q.items
    tree, level, width = q.groups.tree, q.groups.level, q.groups.width
    head, after, alive, stamp, changed = q.head, q.after, q.alive, q.item_stamp, q.changed
    use_start, use_item, use_mask = q.use_start, q.use_item, q.use_mask
    symbols_end = q.groups.root.size
    todo, found = q.todo, 0
    if q.wide:
        for item in range(alive.size):
            if alive[item]:
                todo[found] = item
                found += 1
    else:
        for i in range(marked):
            symbol = changed[i]
            for bit in range(-1, width[symbol & (width.size - 1)]):
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
        loss = item_loss(first, inc, scale, shift, counts, symbols, start, block, mask, item)
        settle(tree, level, symbols_end + item, cost_of(loss, strategy), 1)


@compiled
def advance(
    q: Queue,
    terms: Terms,
    counts: Array,
    windows: Windows,
    symbols: Array,
    strategy: Int,
    salt: Word,
    order: Array,
    begin: Int,
    end: Int,
) -> Int:
    """Write removals number ``begin`` to ``end`` into ``order``; return where it stopped."""
    tree, level, down, up, inside, width, root, left, right, key = q.groups
    first, inc, scale, shift, _ = terms
    matrix, row, col, side, base, rows, cols = windows
    changed, label = q.changed, q.label
    top = level[level.size - 1]
    for step in range(begin, end):
        ways = tree[top, 1]
        if ways == 0:
            return step
        number = mixed(salt + np.uint64(step) * np.uint64(STEP))
        leaf, rank = draw(tree, level, np.int64(number % np.uint64(ways)))
        if leaf >= root.size:
            order[step] = label[leaf - root.size]
            marked = take_item(q, counts, symbols, leaf - root.size)
        else:
            best = tree[leaf, 0]
            skip = rank // inside[leaf]
            bit = -1
            while skip >= 0:  # the bit is one of those that share the lowest cost
                bit += 1
                if (leaf >> bit) & 1:
                    cost = cost_of(down[leaf] - up[leaf ^ (1 << bit)], strategy)
                    skip -= cost == best
            new = leaf ^ (1 << bit)
            w = np.int64(root[leaf])
            root[leaf] = merge(key, left, right, np.int64(left[w]), np.int64(right[w]))
            push(key, left, right, root, w, new, salt)
            symbols[w] = new
            inside[leaf] -= 1
            inside[new] += 1
            counts[leaf] -= 1
            counts[new] += 1
            y, x = bit // np.int64(side[w]), bit % np.int64(side[w])
            order[step] = cell_at(matrix, row, col, base, rows, cols, w, y, x)
            changed[0] = leaf
            changed[1] = new
            marked = 2
        for i in range(marked):
            s = changed[i]
            before = up[s]
            down[s] = step_down(first, inc, scale, shift, counts[s], s)
            up[s] = step_up(first, inc, scale, shift, counts[s], s)
            if up[s] != before:
                rank_sources(tree, level, inside, width, down, up, s, before, strategy)
        for i in range(marked):  # last, for above they may be ranked on a step of theirs still old
            rank_symbol(tree, level, inside, width, down, up, changed[i], strategy)
        if label.size > 0:
            rank_items(q, terms, counts, symbols, marked, strategy, step + 1)
    return end
