"""A shrinking set of features that is scored anew from the statistics of those that are left."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from leastloss.arguments import checked, computed
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics


@computed
def restricted(statistics: ClassStatistics, features: Tensor) -> ClassStatistics:
    """The statistics of some features: what one pass over these alone would find.

    Args:
        statistics: Geometry of d features.
        features: Indices of the features to keep, in the order wanted.

    Example:
        >>> from leastloss.geometry import class_statistics
        >>> found = class_statistics(torch.eye(3), torch.arange(3))
        >>> restricted(found, torch.tensor([2, 0])).means
        tensor([[0., 1.],
                [0., 0.],
                [1., 0.]], dtype=torch.float64)
    """
    covariances = statistics.covariances
    return replace(
        statistics,
        means=statistics.means[:, features],
        mean=statistics.mean[features],
        within=statistics.within[features][:, features],
        between=statistics.between[features][:, features],
        variances=statistics.variances[:, features],
        covariances=None if covariances is None else covariances[:, features][:, :, features],
    )


@checked
class Rescored:
    """Features that go one by one, by a score of those that are left.

    Args:
        statistics: Geometry of the features.
        score: Statistics of d features -> their scores, shape (d,).

    Example:
        >>> from leastloss.geometry import class_statistics, fisher_ratio
        >>> found = class_statistics(torch.eye(3), torch.arange(3))
        >>> left = Rescored(found, fisher_ratio)
        >>> left.remove(1)
        >>> left.losses()
        tensor([0.2222,    nan, 0.2222], dtype=torch.float64)
    """

    def __init__(
        self, statistics: ClassStatistics, score: Callable[[ClassStatistics], Tensor]
    ) -> None:
        self._statistics, self._score = statistics, score
        self._features = torch.arange(statistics.means.shape[1], device=statistics.means.device)
        self.size = len(self._features)

    @property
    def remaining(self) -> int:
        """How many features are left."""
        return len(self._features)

    def losses(self) -> Tensor:
        """Score of each feature, shape (d,); NaN where it is removed."""
        losses = self._statistics.means.new_full((self.size,), torch.nan)
        if self.remaining:
            losses[self._features] = self._score(restricted(self._statistics, self._features))
        return losses

    def remove(self, unit: int) -> None:
        """Take a feature out.

        Raises:
            InputError: If there is no such feature, or it is already out.
        """
        left = self._features[self._features != unit]
        if len(left) == self.remaining:
            raise InputError(f"feature {unit} of {self.size} does not exist or is removed already")
        self._features = left
