"""Many rows' orders of removal merged into one, and how far each row has to be followed."""

import heapq
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

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
