"""A tree of lowest costs, and heaps in random order: the two structures behind removal orders.

In the tree every node holds the lowest cost below it and the number of candidates that have it.
A node has 16 children; ``level`` holds the first node of every level, leaves first, root last.
"""

import numpy as np

from leastloss.information._compile import inlined
from leastloss.information._types import Array, Int, Word

BUILT_ON = {"_compile": "fa71ae1d2626"}  # see _compile
STEP = 0x9E3779B97F4A7C15  # the odd number nearest to 2**64 over the golden ratio


@inlined
def mixed(x: Word) -> Word:
    """SplitMix64's finaliser (Steele et al. 2014): a bijection that scatters 64-bit integers."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@inlined
def join(tree: Array, first: Int) -> tuple[Int, Int]:
    """Lowest cost among 16 neighbouring nodes, and how many candidates have it."""
    best, ways = tree[first, 0], tree[first, 1]
    for node in range(first + 1, first + 16):
        if tree[node, 0] < best:
            best, ways = tree[node, 0], tree[node, 1]
        elif tree[node, 0] == best:
            ways += tree[node, 1]
    return best, ways


@inlined
def settle(tree: Array, level: Array, leaf: Int, best: Int, ways: Int) -> None:
    """Give a leaf its cost and number of candidates, and correct the nodes above it."""
    place = leaf
    for depth in range(level.size):
        node = level[depth] + place
        old_best, old_ways = tree[node, 0], tree[node, 1]
        tree[node, 0] = best
        tree[node, 1] = ways
        if (best == old_best and ways == old_ways) or depth + 1 == level.size:
            return
        place >>= 4
        lowest, share = tree[level[depth + 1] + place, 0], tree[level[depth + 1] + place, 1]
        if best > lowest and old_best > lowest:
            return
        if best == lowest:
            ways += share - (old_ways if old_best == lowest else 0)
        elif best > lowest and share > old_ways:
            best, ways = lowest, share - old_ways
        elif best > lowest:
            best, ways = join(tree, level[depth] + 16 * place)


@inlined
def draw(tree: Array, level: Array, ticket: Int) -> tuple[Int, Int]:
    """The leaf of candidate number ``ticket`` of those with the lowest cost, and its rank there."""
    top = level.size - 1
    best, place = tree[level[top], 0], 0
    for depth in range(top - 1, -1, -1):
        place *= 16
        while tree[level[depth] + place, 0] != best or ticket >= tree[level[depth] + place, 1]:
            if tree[level[depth] + place, 0] == best:
                ticket -= tree[level[depth] + place, 1]
            place += 1
    return place, ticket


@inlined
def merge(key: Array, left: Array, right: Array, a: Int, b: Int) -> Int:
    """Merge two skew heaps of blocks, ordered by their keys; -1 is the empty heap."""
    if a < 0 or b < 0:
        return max(a, b)
    if key[b] < key[a]:
        a, b = b, a
    root = a
    while True:
        rest = np.int64(right[a])
        right[a] = left[a]
        if rest < 0:
            left[a] = b
            return root
        if key[b] < key[rest]:
            rest, b = b, rest
        left[a] = rest
        a = rest


@inlined
def push(
    key: Array, left: Array, right: Array, root: Array, w: Int, symbol: Int, salt: Word
) -> None:
    """Put a block among those of its symbol, at a place that only the seed decides."""
    spread = np.uint64(w) * np.uint64(STEP) + np.uint64(symbol)
    key[w] = mixed(mixed(spread) ^ salt)
    left[w] = right[w] = -1
    root[symbol] = merge(key, left, right, np.int64(root[symbol]), np.int64(w))
