"""Which block each removal takes, dealt out when the order of symbols and bits is known.

Blocks of one symbol are worth the same, so the choice among them has no bearing on any later cost.
The loop over removals therefore notes leaf, bit and the rank that was drawn among the blocks of
that leaf, as one number; -1 minus its number for an item. Here every leaf gets an array that holds
as many blocks as it ever has, a removal takes the block at its rank, and the last one moves there.
"""

import numpy as np

from leastloss._compile import compiled, inlined
from leastloss.information.engine.array_types import Array, Int, Queue, Windows
from leastloss.information.engine.ranks import cell_of


@inlined
def noted(leaf: Int, bit: Int, rank: Int) -> Int:
    """A removal as one number; ranks are below 2**31, leaves below 2**28."""
    return (rank << 32) | (leaf << 4) | bit


@inlined
def read(note: Int) -> tuple[Int, Int, Int]:
    """Leaf, bit and rank of a removal."""
    return (note >> 4) & (2**28 - 1), note & 15, note >> 32


@compiled
def most_blocks(notes: Array, now: Array) -> Array:
    """How many blocks each leaf has at most, from those that it has ``now``; these are used up."""
    most = now.copy()
    for note in notes:
        if note >= 0:
            leaf, bit, _ = read(note)
            now[leaf] -= 1
            leaf -= 1 << bit
            now[leaf] += 1
            most[leaf] = max(most[leaf], now[leaf])
    return most


@compiled
def deal(q: Queue, windows: Windows, symbols: Array, notes: Array) -> None:
    """Turn notes into what the order says; ``symbols`` must be as before the first removal."""
    side, number = q.groups.side, q.number
    matrix, row, col, _, base, _, cols = windows
    size = np.zeros(q.groups.inside.size, np.int32)
    for w in range(symbols.size):
        if not q.shared[w]:
            size[symbols[w] + q.label[matrix[w]] * q.stride] += 1
    most = most_blocks(notes, size)
    begin = np.empty(most.size, np.int64)
    total: Int = 0
    for leaf in range(most.size):
        begin[leaf] = total
        total += most[leaf]
    blocks = np.empty(total, np.int32)  # known by their first cells
    size[:] = 0
    for w in range(symbols.size):
        if not q.shared[w]:
            m = matrix[w]
            leaf = symbols[w] + q.label[m] * q.stride
            blocks[begin[leaf] + size[leaf]] = base[m] + row[w] * cols[m] + col[w]
            size[leaf] += 1
    for step in range(notes.size):
        note = notes[step]
        if note < 0:
            notes[step] = number[-1 - note]
            continue
        leaf, bit, rank = read(note)
        size[leaf] -= 1
        first = np.int64(blocks[begin[leaf] + rank])
        blocks[begin[leaf] + rank] = blocks[begin[leaf] + size[leaf]]
        notes[step] = cell_of(first, base, cols, side, leaf % q.stride, bit)
        leaf -= 1 << bit
        blocks[begin[leaf] + size[leaf]] = first
        size[leaf] += 1
