"""The blocks of every symbol: which they are, and which of them each removal takes.

Blocks of one symbol are worth the same, so the choice among them has no bearing on any later cost.
Where ties are drawn one by one, the loop over removals notes leaf, bit and the rank that was drawn
among the blocks of that leaf, as one number (-1 minus its number for an item), and blocks are
assigned at the end (:func:`deal`): every leaf gets an array that holds as many blocks as it ever
has, a removal takes the block at its rank, and the last one moves there. Where ties go by index,
the blocks of a leaf are a heap, the block of lowest first cell on top; where many go a round, they
are a list.
"""

import numpy as np

from leastloss._compile import compiled, inlined
from leastloss.information.engine.array_types import Array, Int, Queue, Windows, Word
from leastloss.information.engine.ranks import cell_of

STEP = 0x9E3779B97F4A7C15  # the odd number nearest to 2**64 over the golden ratio


@inlined
def mixed(x: Word) -> Word:
    """SplitMix64's finaliser (Steele et al. 2014): a bijection that scatters 64-bit integers."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@inlined
def merge(place: Array, a: Int, b: Int) -> Int:
    """Merge two skew heaps of blocks, ordered by their first cells; -1 is the empty heap."""
    if a < 0 or b < 0:
        return max(a, b)
    if place[b, 2] < place[a, 2]:
        a, b = b, a
    root = a
    while True:
        rest = np.int64(place[a, 1])
        place[a, 1] = place[a, 0]
        if rest < 0:
            place[a, 0] = b
            return root
        if place[b, 2] < place[rest, 2]:
            rest, b = b, rest
        place[a, 0] = rest
        a = rest


@inlined
def push(place: Array, root: Array, leaf: Int, w: Int) -> None:
    """Put a block into the heap of a leaf."""
    place[w, 0] = place[w, 1] = -1
    root[leaf] = merge(place, np.int64(root[leaf]), np.int64(w))


@inlined
def link(head: Array, after: Array, before: Array, w: Int, leaf: Int) -> None:
    """Enter a block into a list."""
    before[w] = -1
    after[w] = head[leaf]
    if head[leaf] >= 0:
        before[head[leaf]] = w
    head[leaf] = w


@inlined
def unlink(head: Array, after: Array, before: Array, w: Int, leaf: Int) -> None:
    """Take a block out of a list."""
    if before[w] >= 0:
        after[before[w]] = after[w]
    else:
        head[leaf] = after[w]
    if after[w] >= 0:
        before[after[w]] = before[w]


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
