"""The optimal brain surgeon's order within a row, and the orders of many rows merged into one."""

import heapq
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from leastloss._compile import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def trace(
    inverse: Floats,
    places: Ints,
    weights: Floats,
    floor: Floats,
    priority: Ints,
    factor: float,
    limit: float,
) -> tuple[Ints, Floats]:
    """Remove weights of a row, cheapest first, until the next costs more than a limit.

    Eliminating entry a of an inverse takes ``c c^T / c_a`` from it, ``c`` its column then: the
    removals are a Cholesky factorisation of the inverse whose pivots are chosen on the way. Columns
    are made when they are needed, from the inverse as it was and the columns before, so that
    neither a copy nor an update of the whole is, and a short order costs little.

    Args:
        inverse: ``(S_KK + ridge)^-1``, shape (n, n), symmetric; left as it is.
        places: Entries of the inverse that may go, shape (m,).
        weights: Their weights, shape (m,).
        floor: What their entries on the diagonal cannot fall below, shape (m,).
        priority: Decides between exactly equal costs, shape (m,); the lowest goes.
        factor: What a cost of this row counts.
        limit: Costs above it, times the factor, end the order.

    Returns:
        The order, as numbers of ``places``, and the costs times the factor.
    """
    size = len(places)
    numbers = np.arange(size)
    place, left, first = places.copy(), weights.copy(), priority.copy()
    least, diagonal, column = floor.copy(), np.empty(size), np.empty(size)
    for i in range(size):
        diagonal[i] = max(inverse[place[i], place[i]], least[i])
    columns = np.empty((size, size))  # one row for each removal; what is left comes first
    order, costs = np.empty(size, np.int64), np.empty(size)
    count = 0
    while count < size:
        last = size - count - 1
        best, lowest = 0, left[0] * left[0] / diagonal[0]
        for i in range(1, last + 1):
            cost = left[i] * left[i] / diagonal[i]
            if cost < lowest or (cost == lowest and first[i] < first[best]):
                best, lowest = i, cost
        if lowest * factor > limit:
            break
        order[count], costs[count] = numbers[best], lowest * factor
        removed, weight, pivot = place[best], left[best], diagonal[best]
        numbers[best], place[best], first[best] = numbers[last], place[last], first[last]
        left[best], diagonal[best], least[best] = left[last], diagonal[last], least[last]
        for i in range(last):
            column[i] = inverse[removed, place[i]]
        done = 0
        while done + 4 <= count:
            a, b, c, d = columns[done], columns[done + 1], columns[done + 2], columns[done + 3]
            p, q, r, s = a[best], b[best], c[best], d[best]
            a[best], b[best], c[best], d[best] = a[last], b[last], c[last], d[last]
            for i in range(last):
                column[i] -= p * a[i] + q * b[i] + r * c[i] + s * d[i]
            done += 4
        while done < count:
            a = columns[done]
            p = a[best]
            a[best] = a[last]
            for i in range(last):
                column[i] -= p * a[i]
            done += 1
        root = np.sqrt(pivot)
        share = weight / root
        new_column = columns[count]
        for i in range(last):
            entry = column[i] / root
            new_column[i] = entry
            left[i] -= share * entry
            diagonal[i] = max(diagonal[i] - entry * entry, least[i])
        count += 1
    return order[:count].copy(), costs[:count].copy()


Trace: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Weights of a row in the order in which they go, and what each costs when it does."""


class Bound:
    """What no one of the first k removals costs more than.

    A row's weight is reached once all before it in the row have gone: at the highest of their
    costs. The first k are those that are reached at the k lowest of these, and any k that are known
    bound them.
    """

    def __init__(self, k: int) -> None:
        self.k, self.value = k, np.inf
        self._lowest, self._fresh, self._waiting = np.empty(0), list[NDArray[np.float64]](), 0

    def see(self, costs: NDArray[np.float64]) -> None:
        """Take account of another row's costs."""
        self._fresh.append(np.maximum.accumulate(costs))
        self._waiting += len(costs)
        if len(self._lowest) + self._waiting >= self.k and 8 * self._waiting >= self.k:
            known = np.concatenate([self._lowest, *self._fresh])
            self._lowest = np.partition(known, self.k - 1)[: self.k]
            self.value, self._fresh, self._waiting = float(self._lowest.max()), [], 0


def merge(traces: Sequence[Trace], priority: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Take k times the cheapest of what is next in each row."""
    heads = [
        (costs[0], priority[parts[0]], row, 0)
        for row, (parts, costs) in enumerate(traces)
        if len(parts)
    ]
    heapq.heapify(heads)
    order = np.empty(k, dtype=np.int64)
    for step in range(k):
        _, _, row, place = heads[0]
        parts, costs = traces[row]
        order[step], place = parts[place], place + 1
        if place < len(parts):
            heapq.heapreplace(heads, (costs[place], priority[parts[place]], row, place))
        else:
            heapq.heappop(heads)
    return order
