"""Shrinking sets of features: scored anew from what is left, or with a veto on some removals."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from leastloss.arguments import checked, computed
from leastloss.errors import InputError
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.pairs import cosine_rise
from leastloss.geometry.separation import Separation


@computed
def restricted(statistics: ClassStatistics, features: Tensor) -> ClassStatistics:
    """The statistics of some features: what one pass over these alone would find.

    Args:
        statistics: Geometry of d features.
        features: Indices of the features to keep, in the order wanted.

    Example:
        >>> from leastloss.geometry import class_statistics
        >>> statistics = class_statistics(torch.eye(3), torch.arange(3))
        >>> restricted(statistics, torch.tensor([2, 0])).means
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
        >>> statistics = class_statistics(torch.eye(3), torch.arange(3))
        >>> left = Rescored(statistics, fisher_ratio)
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


@checked
class Guarded:
    """A :class:`Separation` in which some features go only after all others.

    Args:
        separation: Gives the losses, in [0, 1].
        statistics: Geometry of the same features.
        classes: The classes to keep apart, as for :func:`cosine_rise`.
        rise: Features whose removal raises the cosine of a pair by more lose 1 on top.

    Raises:
        InputError: If a class does not exist.

    Example:
        >>> import torch
        >>> from leastloss.geometry import class_statistics
        >>> statistics = class_statistics(torch.eye(3), torch.arange(3))
        >>> Guarded(Separation(statistics), statistics, [0, 1], rise=0.1).losses()
        tensor([1.5000, 1.5000, 0.5000], dtype=torch.float64)
    """

    def __init__(
        self,
        separation: Separation,
        statistics: ClassStatistics,
        classes: Sequence[int],
        rise: float,
    ) -> None:
        self._separation, self._rise = separation, rise
        self._angles = Rescored(statistics, lambda left: cosine_rise(left, classes))
        self.size = separation.size

    @property
    def remaining(self) -> int:
        """How many features are left."""
        return self._separation.remaining

    def losses(self) -> Tensor:
        """Loss of each feature, plus 1 where it is vetoed; NaN where it is removed."""
        return self._separation.losses() + (self._angles.losses() > self._rise).double()

    def remove(self, unit: int) -> None:
        """Take a feature out.

        Raises:
            InputError: If there is no such feature, or it is already out.
        """
        self._separation.remove(unit)
        self._angles.remove(unit)
