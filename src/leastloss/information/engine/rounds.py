"""Many removals a round: chosen by the costs as of its start, cleared, and then all ranked again.

A candidate is written as one number: 16 times its block plus its bit, or -1 minus its item.
"""

from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from leastloss._compile import compiled, compiled_part, inlined
from leastloss.information.engine.array_types import Array, Int, Queue, Terms, Windows, Word
from leastloss.information.engine.kernels import step_down, step_up
from leastloss.information.engine.ranks import (
    EMPTY,
    bits_of,
    cell_of,
    cost_of,
    rank_items,
    rank_leaf,
    rank_sources,
)
from leastloss.information.engine.removal_loop import take_item
from leastloss.information.engine.symbol_blocks import STEP, link, mixed, unlink

RANDOM, INDEX, TOGETHER = 0, 1, 2  # what becomes of ties


@compiled_part
def number_of(q: Queue, windows: Windows, symbols: Array, candidate: Int) -> Int:
    """What the order says for a candidate."""
    if candidate < 0:
        return q.number[-1 - candidate]
    w = candidate >> 4
    first, side, symbol = np.int64(q.groups.place[w, 2]), q.groups.side, np.int64(symbols[w])
    return cell_of(first, windows.base, windows.cols, side, symbol, candidate & 15)


@compiled_part
def settle_ties(tied: Array, wanted: Int, numbers: Array, ties: Int, salt: Word) -> None:
    """Put the first ``wanted`` of some tied candidates to the front."""
    if ties == INDEX:
        # A heap like that of the search: NumPy's sort would take the compiler seconds more.
        heap = [(numbers[i], tied[i], np.int64(0)) for i in range(tied.size)]
        heapify(heap)
        for i in range(tied.size):
            tied[i] = heappop(heap)[1]
        return
    for i in range(min(wanted, tied.size - 1)):  # Fisher and Yates
        ticket = mixed(salt + np.uint64(i) * np.uint64(STEP)) % np.uint64(tied.size - i)
        j = i + np.int64(ticket)
        tied[i], tied[j] = tied[j], tied[i]


@compiled_part
def lowest_of(
    q: Queue,
    windows: Windows,
    symbols: Array,
    strategy: Int,
    label: Int,
    ties: Int,
    wanted: Int,
    salt: Word,
) -> Array:
    """The candidates of a label in ascending order of cost, as many as wanted if there are."""
    tree, level, down, up, _, _, side, root, place = q.groups
    # The search goes from the top of the tree to all nodes below a cost, by ascending cost.
    frontier: list[Any] = [(np.int64(EMPTY), np.int64(0), np.int64(0))]
    candidates, chosen = [np.int64(0)], [np.int64(0)]  # for the compiler to know their type
    frontier.clear()
    candidates.clear()
    chosen.clear()
    for node in range(label * q.tops, (label + 1) * q.tops):
        if tree[level[q.depth] + node, 1] > 0:
            heappush(frontier, (tree[level[q.depth] + node, 0], np.int64(q.depth), np.int64(node)))
    while len(frontier) > 0 and len(chosen) < wanted:
        best = frontier[0][0]
        while len(frontier) > 0 and frontier[0][0] == best:
            _, depth, node = heappop(frontier)
            symbol = node - label * q.stride
            if depth > 0:
                for child in range(16 * node, 16 * node + 16):
                    if tree[level[depth - 1] + child, 1] > 0:
                        cost = tree[level[depth - 1] + child, 0]
                        heappush(frontier, (cost, depth - 1, np.int64(child)))
            elif depth == 0 and symbol >= up.size:
                candidates.append(np.int64(-1 - (symbol - up.size)))
            elif depth == 0:
                rest = symbol & bits_of(side, symbol)
                for bit in range(16):
                    if (rest >> bit) & 1:
                        cost = cost_of(down[symbol] - up[symbol ^ (1 << bit)], strategy)
                        heappush(frontier, (cost, np.int64(-1 - bit), node))
            else:
                w = np.int64(root[node])
                while w >= 0:
                    candidates.append(16 * w + (-1 - depth))
                    w = np.int64(place[w, 0])
        tied = np.array(candidates)
        candidates.clear()
        numbers = np.empty(tied.size if ties == INDEX else 0, np.int64)
        for i in range(numbers.size):
            numbers[i] = number_of(q, windows, symbols, tied[i])
        share: Int = tied.size if ties == TOGETHER else min(tied.size, wanted - len(chosen))
        tie_salt = mixed(salt + np.uint64(len(chosen)) * np.uint64(STEP) + np.uint64(label))
        settle_ties(tied, share, numbers, ties, tie_salt)
        for candidate in tied[:share]:
            chosen.append(candidate)
    return np.array(chosen)


@compiled_part
def clear_all(
    q: Queue, counts: Array, windows: Windows, symbols: Array, taken: Array, moved: Array, now: Int
) -> Int:
    """Clear candidates for good; return how many symbols are entered in ``moved``, each once."""
    after, before = q.groups.place[:, 0], q.groups.place[:, 1]
    root, inside, changed, stamp = q.groups.root, q.groups.inside, q.changed, q.symbol_stamp
    many = 0
    for candidate in taken:
        marked = 2
        if candidate < 0:
            marked = take_item(q, counts, symbols, -1 - candidate)
        else:
            w = candidate >> 4
            old = np.int64(symbols[w])
            new = old ^ (1 << (candidate & 15))
            offset = q.label[windows.matrix[w]] * q.stride
            unlink(root, after, before, w, old + offset)
            link(root, after, before, w, new + offset)
            symbols[w] = new
            inside[old + offset] -= 1
            inside[new + offset] += 1
            counts[old] -= 1
            counts[new] += 1
            changed[0] = old
            changed[1] = new
        for symbol in changed[:marked]:
            if stamp[symbol] != now:
                stamp[symbol] = now
                moved[many] = symbol
                many += 1
    return many


@inlined
def _rank_round(
    q: Queue,
    terms: Terms,
    counts: Array,
    windows: Windows,
    moved: Array,
    raised: Array,
    many: Int,
    strategy: Int,
) -> None:
    """Rank all that reads the counts of the first ``many`` symbols in ``moved``.

    These themselves go first: the tree still has them with the blocks they had before the round,
    and what follows corrects the number of ways in the tree by that of blocks. ``raised`` is room
    for a flag per symbol.
    """
    tree, level, down, up, inside, bits, side, root, place = q.groups
    first, inc, scale, shift, _ = terms
    base, cols = windows.base, windows.cols
    for i in range(many):
        s = moved[i]
        before = up[s]
        down[s] = step_down(first, inc, scale, shift, counts[s], s)
        up[s] = step_up(first, inc, scale, shift, counts[s], s)
        raised[i] = up[s] != before
    for i in range(many):
        for label in range(q.labels):
            rank_leaf(
                tree, level, inside, bits, side, root, place, base, cols, down, up,
                moved[i] + label * q.stride, moved[i], strategy, 0,
            )  # fmt: skip
    for i in range(many):
        if raised[i]:
            rank_sources(
                tree, level, inside, bits, side, root, place, base, cols, down, up,
                moved[i], -1, strategy, q.labels, q.stride, 0,
            )  # fmt: skip


@compiled
def rounds(
    q: Queue,
    terms: Terms,
    counts: Array,
    windows: Windows,
    symbols: Array,
    strategy: Int,
    salt: Word,
    ties: Int,
    batch: Int,
    order: Array,
    begin: Int,
    end: Int,
) -> Int:
    """Write whole rounds into ``order`` from ``begin`` until ``end`` is reached; return where."""
    labels, size = q.labels, q.groups.up.size
    moved, raised = np.empty(size, np.int64), np.empty(size, np.bool_)
    step, label = begin, q.turn[0]
    while step < end:
        round_salt = mixed(salt + np.uint64(step) * np.uint64(STEP))
        by_label = [
            lowest_of(q, windows, symbols, strategy, i, ties, batch, round_salt)
            for i in range(labels)
        ]
        lowest = 0
        for candidates in by_label:
            lowest += candidates.size
        taken = np.empty(lowest if ties == TOGETHER else min(lowest, batch), np.int64)
        used = np.zeros(labels, np.int64)
        for i in range(taken.size):
            while used[label] == by_label[label].size:  # exhausted: the others go on
                label = label + 1 if label + 1 < labels else 0
            taken[i] = by_label[label][used[label]]
            used[label] += 1
            label = label + 1 if label + 1 < labels else 0
        if taken.size == 0:
            return step
        for i in range(min(taken.size, order.size - step)):
            order[step + i] = number_of(q, windows, symbols, taken[i])
        step += taken.size
        many = clear_all(q, counts, windows, symbols, taken, moved, step)
        _rank_round(q, terms, counts, windows, moved, raised, many, strategy)
        if q.number.size > 0:
            rank_items(q, terms, counts, symbols, moved, many, strategy, step)
        q.turn[0] = label
    return min(step, order.size)
