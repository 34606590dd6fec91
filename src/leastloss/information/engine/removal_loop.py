"""The compiled loop that takes one removal after another, always an exactly best one.

A tree finds the lowest cost (see ``_tree``). It has a leaf per symbol, for all blocks of that
symbol at once (the loss of a cell depends on its block's symbol and its bit alone), and a leaf per
item, for cells that lie in several blocks and for sets of cells. A removal changes the counts of
few symbols; only what reads those counts is ranked again.

Where one of the tied is drawn, blocks of a symbol are interchangeable, and the loop goes by the
counts alone; which blocks they were is found at the end (see ``symbol_blocks``).
"""

import numpy as np

from leastloss._compile import compiled, compiled_part, inlined
from leastloss.information.engine.array_types import Array, Int, Queue, Terms, Windows, Word
from leastloss.information.engine.cost_tree import draw, find, join, settle
from leastloss.information.engine.ranks import (
    ALL,
    EMPTY,
    bit_at,
    cell_of,
    items_read,
    rank_items,
    rank_leaf,
    rank_moved,
)
from leastloss.information.engine.set_losses import enter_all, enter_others, recount
from leastloss.information.engine.symbol_blocks import STEP, link, merge, mixed, noted, push, unlink


@compiled
def start(
    q: Queue,
    terms: Terms,
    counts: Array,
    windows: Windows,
    symbols: Array,
    strategy: Int,
    listed: Int,
) -> None:
    """Fill the queue; blocks go into heaps where ties go by index, into lists for rounds."""
    tree, level, down, up, inside, bits, side, root, place = q.groups
    matrix, row, col, _, base, _, cols = windows
    for w in range(symbols.size):
        if q.shared[w]:
            link(q.head, q.after, q.before, w, symbols[w])
            continue
        m = matrix[w]
        leaf = symbols[w] + q.label[m] * q.stride
        inside[leaf] += 1
        if listed or q.lowest:
            place[w, 2] = base[m] + row[w] * cols[m] + col[w]
        if listed:
            link(root, place[:, 0], place[:, 1], w, leaf)
        elif q.lowest:
            push(place, root, leaf, w)
    for s in range(up.size):
        for label in range(q.labels):
            rank_leaf(
                tree, level, inside, bits, side, root, place, base, cols, down, up,
                s + label * q.stride, s, strategy, q.lowest,
            )  # fmt: skip
    if q.tally.change.size > 0:
        enter_all(q.tally, symbols, q.items)
    if q.number.size > 0:
        rank_items(q, terms, counts, symbols, q.changed, ALL, strategy, 0)


@compiled_part
def take_item(q: Queue, counts: Array, symbols: Array, item: Int) -> Int:
    """Clear an item for good; return how many symbols were marked as changed."""
    start, block, mask = q.items
    q.alive[item] = False
    settle(q.groups.tree, q.groups.level, q.leaf[item], EMPTY, 0, q.lowest)
    marked = 0
    blocks, summed = block[start[item] : start[item + 1]], q.tally.change.size > 0
    if summed:
        enter_others(q.tally, symbols, blocks, q.use_start, q.use_item, q.use_mask, q.alive, -1)
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
    if summed:
        recount(q.tally, counts, q.changed, marked)
        enter_others(q.tally, symbols, blocks, q.use_start, q.use_item, q.use_mask, q.alive, 1)
    return marked


@inlined
def _advance(
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
    lowest: Int,
) -> Int:
    tree, level, down, up, inside, bits, side, root, place = q.groups
    first, inc, scale, shift, _ = terms
    _, _, _, _, base, _, cols = windows
    changed, number = q.changed, q.number
    labels, stride, depth, tops = q.labels, q.stride, q.depth, q.tops
    head, every = q.head, q.wide or q.tally.change.size > 0  # every item is ranked each time
    label = q.turn[0]
    for step in range(begin, end):
        best: Int = EMPTY
        ways: Int = 0
        for _ in range(labels):  # the label whose turn it is, or the next that is not exhausted
            best, ways = join(tree, level[depth] + label * tops, tops, lowest)
            if ways > 0:
                break
            label = label + 1 if label + 1 < labels else 0
        if ways == 0:
            return step
        if lowest:
            leaf, rank = find(tree, level, depth, label * tops, best, ways), 0
        else:
            ticket = mixed(salt + np.uint64(step) * np.uint64(STEP)) % np.uint64(ways)
            leaf, rank = draw(tree, level, depth, label * tops, best, np.int64(ticket))
        symbol = leaf - label * stride
        if symbol >= up.size:
            item = symbol - up.size
            order[step] = number[item] if lowest else -1 - item
            marked = take_item(q, counts, symbols, item)
        else:
            # The bit is one of those that share the lowest cost.
            copies = np.int64(inside[leaf])
            bit = bit_at(np.int64(bits[leaf]), rank // copies)
            new = symbol ^ (1 << bit)
            target = new + label * stride
            if lowest:
                w = np.int64(root[leaf])
                order[step] = cell_of(np.int64(place[w, 2]), base, cols, side, symbol, bit)
                root[leaf] = merge(place, np.int64(place[w, 0]), np.int64(place[w, 1]))
                push(place, root, target, w)
            else:
                order[step] = noted(leaf, bit, rank % copies)
            inside[leaf] -= 1
            inside[target] += 1
            counts[symbol] -= 1
            counts[new] += 1
            changed[0] = symbol
            changed[1] = new
            marked = 2
        rank_moved(
            first, inc, scale, shift, counts, tree, level, inside, bits, side, root, place, base,
            cols, down, up, changed, marked, strategy, labels, stride, lowest,
        )  # fmt: skip
        if number.size > 0 and (every or items_read(head, side, changed, marked)):
            rank_items(q, terms, counts, symbols, changed, marked, strategy, step + 1)
        label = label + 1 if label + 1 < labels else 0
        q.turn[0] = label
    return end


@compiled
def advance_drawn(
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
    """Write removals number ``begin`` to ``end`` into ``order``; return where it stopped.

    One of the tied is drawn; removals are written as notes (see ``symbol_blocks``).
    """
    # The compiler leaves out what the other rule needs.
    return _advance(q, terms, counts, windows, symbols, strategy, salt, order, begin, end, False)


@compiled
def advance_lowest(
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
    """As :func:`advance_drawn`; of the tied the lowest number goes, and it is written as such."""
    # The compiler leaves out what the other rule needs.
    return _advance(q, terms, counts, windows, symbols, strategy, salt, order, begin, end, True)
