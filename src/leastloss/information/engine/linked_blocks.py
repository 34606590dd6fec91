"""The blocks of every symbol, where it matters early which they are: heaps and lists.

Where ties are drawn one by one it does not, and blocks are dealt out at the end (see ``_deal``).
Where they go by index, the blocks of a leaf are a heap, the block of lowest first cell on top;
where many go a round, they are a list.
"""

import numpy as np

from leastloss._compile import inlined
from leastloss.information.engine.array_types import Array, Int, Word

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
