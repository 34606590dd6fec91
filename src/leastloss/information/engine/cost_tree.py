"""A tree of lowest costs.

Every node holds the lowest cost below it and the number of candidates that have it (its *ways*),
or, where ties go by index, one more than the number of the lowest cell that has it; 0 where no
candidate is left. A node has 16 children; ``level`` holds the first node of every level, leaves
first, root last.
"""

from leastloss._compile import inlined
from leastloss.information.engine.array_types import Array, Int


@inlined
def join(tree: Array, first: Int, nodes: Int, lowest: Int) -> tuple[Int, Int]:
    """Lowest cost among neighbouring nodes, and the ways to it."""
    best, ways = tree[first, 0], tree[first, 1]
    for node in range(first + 1, first + nodes):
        cost, more = tree[node, 0], tree[node, 1]
        if not lowest:
            ways = ways * (cost >= best) + more * (cost <= best)
        elif cost <= best:
            ways = min(ways, more) if cost == best else more
        best = min(best, cost)
    return best, ways


@inlined
def settle(tree: Array, level: Array, leaf: Int, best: Int, ways: Int, lowest: Int) -> None:
    """Give a leaf its cost and its ways, and correct the nodes above it."""
    place = leaf
    old_best, old_ways = tree[leaf, 0], tree[leaf, 1]
    tree[leaf, 0] = best
    tree[leaf, 1] = ways
    for depth in range(1, level.size):
        place >>= 4
        node = level[depth] + place
        least, share = tree[node, 0], tree[node, 1]
        # Sums of products in place of branches, which no processor can foresee.
        low = min(least, best)
        others = share - old_ways * (old_best == least)
        total = others * (low == least) + ways * (best == low)
        lost = total == 0 and share > 0  # the last that had the lowest cost has another
        if lost or (lowest and (best == low or old_best == low)):
            low, total = join(tree, level[depth - 1] + 16 * place, 16, lowest)
        if low == least and total == share:
            return
        tree[node, 0] = low
        tree[node, 1] = total
        old_best, old_ways, best, ways = least, share, low, total


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
