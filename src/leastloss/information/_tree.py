"""A tree of lowest costs.

Every node holds the lowest cost below it and the number of candidates that have it (its *ways*),
or, where ties go by index, one more than the number of the lowest cell that has it; 0 where no
candidate is left. A node has 16 children; ``level`` holds the first node of every level, leaves
first, root last.
"""

from leastloss.information._compile import inlined
from leastloss.information._types import Array, Int

BUILT_ON = {"_compile": "fa71ae1d2626"}  # see _compile


@inlined
def join(tree: Array, first: Int, nodes: Int, lowest: Int) -> tuple[Int, Int]:
    """Lowest cost among neighbouring nodes, and the ways to it."""
    best, ways = tree[first, 0], tree[first, 1]
    for node in range(first + 1, first + nodes):
        if tree[node, 0] < best:
            best, ways = tree[node, 0], tree[node, 1]
        elif tree[node, 0] == best:
            ways = min(ways, tree[node, 1]) if lowest else ways + tree[node, 1]
    return best, ways


@inlined
def settle(tree: Array, level: Array, leaf: Int, best: Int, ways: Int, lowest: Int) -> None:
    """Give a leaf its cost and its ways, and correct the nodes above it."""
    place = leaf
    for depth in range(level.size):
        node = level[depth] + place
        old_best, old_ways = tree[node, 0], tree[node, 1]
        tree[node, 0] = best
        tree[node, 1] = ways
        if (best == old_best and ways == old_ways) or depth + 1 == level.size:
            return
        place >>= 4
        least, share = tree[level[depth + 1] + place, 0], tree[level[depth + 1] + place, 1]
        if best > least and old_best > least:
            return
        if lowest:
            best, ways = join(tree, level[depth] + 16 * place, 16, lowest)
        elif best == least:
            ways += share - (old_ways if old_best == least else 0)
        elif best > least and share > old_ways:
            best, ways = least, share - old_ways
        elif best > least:
            best, ways = join(tree, level[depth] + 16 * place, 16, lowest)


@inlined
def draw(
    tree: Array, level: Array, depth: Int, place: Int, best: Int, ticket: Int
) -> tuple[Int, Int]:
    """The leaf of candidate number ``ticket`` of those with the lowest cost, and its rank there.

    The search goes down from neighbouring nodes at ``depth``, of which ``place`` is the first.
    """
    while True:
        while tree[level[depth] + place, 0] != best or ticket >= tree[level[depth] + place, 1]:
            if tree[level[depth] + place, 0] == best:
                ticket -= tree[level[depth] + place, 1]
            place += 1
        if depth == 0:
            return place, ticket
        depth -= 1
        place *= 16


@inlined
def find(tree: Array, level: Array, depth: Int, place: Int, best: Int, ways: Int) -> Int:
    """The leaf of a cost and its lowest cell, below neighbouring nodes as for :func:`draw`."""
    while True:
        while tree[level[depth] + place, 0] != best or tree[level[depth] + place, 1] != ways:
            place += 1
        if depth == 0:
            return place
        depth -= 1
        place *= 16
