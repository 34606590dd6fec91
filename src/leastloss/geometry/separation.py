"""The separation of classes by a shrinking set of features.

One removal changes ``Q`` by a rank-one term. The terms are collected in blocks, so that most of
the work of removing everything, d^3 operations, is matrix products.
"""

import torch
from torch import Tensor

from leastloss.arguments import checked
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.discriminant import regularised_inverse
from leastloss.geometry.pairs import pair_distances, worst_pair_loss

BLOCK = 64  # removals between two updates of the full inverse
SPENT = 1e-10  # a pair that keeps less than this share of its squared distance is lost


@checked
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
        >>> from leastloss.geometry import class_statistics
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
        self._present = torch.ones_like(features, dtype=torch.bool)
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
        losses[self._features] = loss.where(self._present, torch.nan)
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
        step = torch.where(self._present, column / root, 0)
        self._directions.addr_(step, self._directions[row] / root, alpha=-1)
        self._diagonal -= step.square()
        self._steps[self._count] = step
        self._count += 1
        self._present[row] = False
        self._directions[row] = 0
        self._diagonal[row] = 1
        self.remaining -= 1
        if self._count == BLOCK:
            self._inverse.addmm_(self._steps.T, self._steps, alpha=-1)
            left = self._present
            self._inverse = self._inverse[left][:, left]
            self._directions, self._diagonal = self._directions[left], self._diagonal[left]
            self._means = self._means[:, left]
            self._number(self._features[left])
