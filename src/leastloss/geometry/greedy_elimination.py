"""Greedy elimination of features: the one that adds least goes, everything is scored again."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from leastloss.arguments import computed
from leastloss.errors import InputError, choose
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.separation import Separation

PROTECT = {"worst-pair": 1.0, "mean": 0.0}


class Shrinking(Protocol):
    """Features that go one by one: :class:`Separation`, or :class:`Rescored` for any score."""

    size: int

    @property
    def remaining(self) -> int:
        """How many features are left."""

    def losses(self) -> Tensor:
        """What each feature is worth, shape (size,); NaN where it is removed."""

    def remove(self, unit: int) -> None:
        """Take a feature out."""


@computed
def eliminate(
    sets: Sequence[Shrinking], k: int, seed: int | np.random.Generator = 0
) -> NDArray[np.int64]:
    """Remove the ``k`` features that matter least, one by one, scored again after each removal.

    The sets are independent (one per layer, say) and compete by their losses. The last feature of
    a set stays until every other set is down to its last one too.

    Args:
        sets: The sets; they are left without the removed features.
        k: How many to remove; at most all that remain.
        seed: Decides between exactly equal losses.

    Returns:
        Features in the order of removal, shape (k,), numbered over the concatenation of the sets.

    Raises:
        InputError: If ``k`` is negative or above the number of features that remain.
    """
    total = sum(part.remaining for part in sets)
    if not 0 <= k <= total:
        raise InputError(f"k is {k}; it must lie in 0..{total}, the features that remain")
    starts = np.cumsum([0, *(part.size for part in sets)])
    priority = np.random.default_rng(seed).permutation(starts[-1])
    losses = np.full(starts[-1], np.nan)
    last = np.zeros(starts[-1], dtype=bool)

    def rescore(index: int) -> None:
        rows = slice(starts[index], starts[index + 1])
        losses[rows] = sets[index].losses().cpu().numpy()
        last[rows] = sets[index].remaining == 1

    for index in range(len(sets)):
        rescore(index)
    order = np.empty(k, dtype=np.int64)
    for step in range(k):
        free = ~np.isnan(losses)
        several = free & ~last
        candidates = np.flatnonzero(several if several.any() else free)
        equal = candidates[losses[candidates] == losses[candidates].min()]
        order[step] = equal[priority[equal].argmin()]
        index = int(np.searchsorted(starts, order[step], side="right")) - 1
        sets[index].remove(int(order[step] - starts[index]))
        rescore(index)
    return order


@computed
def greedy_order(
    statistics: ClassStatistics,
    criterion: str = "worst-pair",
    k: int | None = None,
    *,
    gamma: float = 0.01,
    seed: int | np.random.Generator = 0,
) -> NDArray[np.int64]:
    """Order in which features go when the least useful one is removed again and again.

    Every prefix is exact: each step removes the feature whose loss is smallest given the features
    that are left, as if the discriminant had been fitted to these anew (with the same ridge).
    The whole path costs O(d^3).

    Args:
        statistics: Geometry of the d features.
        criterion: ``worst-pair`` or ``mean`` (separation over all pairs).
        k: How many to remove; all of them when omitted.
        gamma: Ridge of :func:`regularised_inverse`.
        seed: Decides between exactly equal losses.

    Returns:
        Feature indices in the order of removal, shape (k,).

    Raises:
        InputError: If the criterion is unknown or a number is out of range.

    Example:
        >>> import torch
        >>> from leastloss.geometry import class_statistics
        >>> h = torch.tensor([[0.0, 0, 1], [2, 1, 1], [6, 1, 1], [8, 3, 1]])
        >>> greedy_order(class_statistics(h, torch.tensor([0, 0, 1, 1]))).tolist()
        [2, 1, 0]
    """
    protect = PROTECT[choose("criterion of the elimination", criterion, PROTECT)]
    separation = Separation(statistics, gamma=gamma, protect=protect)
    return eliminate([separation], separation.size if k is None else k, seed)
