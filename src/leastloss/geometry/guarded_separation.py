"""A veto on removals that push two classes together."""

from collections.abc import Sequence

from torch import Tensor

from leastloss.arguments import checked
from leastloss.geometry.accumulator import ClassStatistics
from leastloss.geometry.angles import cosine_rise
from leastloss.geometry.restricted_statistics import Rescored
from leastloss.geometry.separation import Separation


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
        >>> found = class_statistics(torch.eye(3), torch.arange(3))
        >>> Guarded(Separation(found), found, [0, 1], rise=0.1).losses()
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
