"""Greedy elimination of features: the one that adds least goes, everything is scored again.

One removal changes ``Q`` by a rank-one term. The terms are collected in blocks, so that most of
the work of the whole path, d^3 operations, is matrix products.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.errors import InputError
from leastloss.geometry.discriminant import pair_distances, regularised_inverse, worst_pair_loss
from leastloss.geometry.statistics import ClassStatistics
from leastloss.names import choose

BLOCK = 64  # removals between two updates of the full inverse
SPENT = 1e-10  # a pair that keeps less than this share of its squared distance is lost
PROTECT = {"worst-pair": 1.0, "mean": 0.0}


class Separation:
    """The separation of classes by a shrinking set of features.

    Args:
        statistics: Geometry of the features.
        gamma: Ridge of :func:`regularised_inverse`; it stays what it is for all d features.
        protect: 1 scores a feature by the worst pair of classes, 0 by the mean separation; the
            values between mix the two losses linearly.

    Raises:
        InputError: If there are fewer than two classes, or an option is out of range.

    Example:
        >>> from leastloss.geometry.statistics import class_statistics
        >>> h = torch.tensor([[0.0, 0, 1], [2, 0, 1], [6, 1, 1], [8, 1, 1]])
        >>> separation = Separation(class_statistics(h, torch.tensor([0, 0, 1, 1])))
        >>> separation.losses().argmin().item()
        2
        >>> separation.remove(2)
        >>> separation.losses()[2].item()
        nan
    """

    def __init__(
        self, statistics: ClassStatistics, *, gamma: float = 0.01, protect: float = 1.0
    ) -> None:
        if not 0 <= protect <= 1:
            raise InputError(f"protect is {protect}; it must lie in [0, 1]")
        self._inverse = regularised_inverse(statistics.within, gamma)
        self._protect, self._weights = protect, statistics.weights
        self._means = statistics.centred_means()
        self._directions = self._inverse @ self._means.T
        self._diagonal = self._inverse.diagonal().clone()
        distances = pair_distances(self._means, self._directions)
        self._floor = SPENT * distances + SPENT**2 * distances.max()
        self.size = self.remaining = len(self._inverse)
        self._number(torch.arange(self.size, device=self._inverse.device))

    def _number(self, features: Tensor) -> None:
        """Let row i of everything stand for ``features[i]``, with no update outstanding."""
        self._features = features
        self._kept = torch.ones_like(features, dtype=torch.bool)
        self._row = {feature: row for row, feature in enumerate(features.tolist())}
        self._steps = self._inverse.new_empty(BLOCK, len(features))
        self._count = 0

    def losses(self) -> Tensor:
        """Relative loss of each feature, shape (d,), in [0, 1]; NaN where it is removed."""
        distances = pair_distances(self._means, self._directions)
        loss = torch.zeros_like(self._diagonal)
        if self._protect > 0:
            worst = worst_pair_loss(self._directions, self._diagonal, distances, self._floor)
            loss += self._protect * worst
        if self._protect < 1:
            whole = self._weights @ (self._means * self._directions.T).sum(dim=1)
            if float(whole) > float(self._floor.max()):
                carried = self._directions.square() @ self._weights / self._diagonal
                loss += (1 - self._protect) * (carried / whole).clamp(max=1)
        losses = self._means.new_full((self.size,), torch.nan)
        losses[self._features] = loss.where(self._kept, torch.nan)
        return losses

    def remove(self, unit: int) -> None:
        """Take a feature out, at O(d) operations for each removal of the current block.

        Raises:
            InputError: If there is no such feature, or it is already out.
        """
        if unit not in self._row:
            raise InputError(f"feature {unit} of {self.size} does not exist or is removed already")
        row = self._row.pop(unit)
        done = self._steps[: self._count]
        column = self._inverse[row] - done.T @ done[:, row]
        root = self._diagonal[row].sqrt()
        step = torch.where(self._kept, column / root, 0)
        self._directions.addr_(step, self._directions[row] / root, alpha=-1)
        self._diagonal -= step.square()
        self._steps[self._count] = step
        self._count += 1
        self._kept[row] = False
        self._directions[row] = 0
        self._diagonal[row] = 1
        self.remaining -= 1
        if self._count == BLOCK:
            self._inverse.addmm_(self._steps.T, self._steps, alpha=-1)
            kept = self._kept
            self._inverse = self._inverse[kept][:, kept]
            self._directions, self._diagonal = self._directions[kept], self._diagonal[kept]
            self._means = self._means[:, kept]
            self._number(self._features[kept])


def eliminate(
    separations: Sequence[Separation], k: int, seed: int | np.random.Generator = 0
) -> NDArray[np.int64]:
    """Remove the ``k`` features that matter least, one by one, scored again after each removal.

    The sets are independent (one per layer, say) and compete by relative loss. The last feature
    of a set stays until every other set is down to its last one too.

    Args:
        separations: The sets; they are left without the removed features.
        k: How many to remove; at most all that remain.
        seed: Decides between exactly equal losses.

    Returns:
        Features in the order of removal, shape (k,), numbered over the concatenation of the sets.

    Raises:
        InputError: If ``k`` is negative or above the number of features that remain.
    """
    total = sum(part.remaining for part in separations)
    if not 0 <= k <= total:
        raise InputError(f"k is {k}; it must lie in 0..{total}, the features that remain")
    starts = np.cumsum([0, *(part.size for part in separations)])
    priority = np.random.default_rng(seed).permutation(starts[-1])
    losses = np.full(starts[-1], np.inf)

    def rescore(index: int) -> None:
        part = separations[index]
        found = part.losses().cpu().numpy()
        last = 2.0 if part.remaining == 1 else 0.0  # no loss exceeds 1
        losses[starts[index] : starts[index + 1]] = np.nan_to_num(found + last, nan=np.inf)

    for index in range(len(separations)):
        rescore(index)
    order = np.empty(k, dtype=np.int64)
    for step in range(k):
        equal = np.flatnonzero(losses == losses.min())
        order[step] = equal[priority[equal].argmin()]
        index = int(np.searchsorted(starts, order[step], side="right")) - 1
        separations[index].remove(int(order[step] - starts[index]))
        rescore(index)
    return order


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
        >>> from leastloss.geometry.statistics import class_statistics
        >>> h = torch.tensor([[0.0, 0, 1], [2, 1, 1], [6, 1, 1], [8, 3, 1]])
        >>> greedy_order(class_statistics(h, torch.tensor([0, 0, 1, 1]))).tolist()
        [2, 1, 0]
    """
    protect = PROTECT[choose("criterion of the elimination", criterion, PROTECT)]
    separation = Separation(statistics, gamma=gamma, protect=protect)
    return eliminate([separation], separation.size if k is None else k, seed)
