"""Partial Fisher ratio: what only this unit says about the classes."""

from dataclasses import dataclass
from typing import ClassVar

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.unit_score import GeometricScore
from leastloss.errors import InputError
from leastloss.geometry import (
    ClassStatistics,
    Guarded,
    Separation,
    Shrinking,
    check_ridge,
    check_shrinkage,
)


@checked
@dataclass(frozen=True, kw_only=True)
class PartialFisher(GeometricScore):
    """Share of the class separation that is lost with a unit when the others do their best.

    Separation is the squared Mahalanobis distance of class means in the features of the unit's
    layer (see :mod:`leastloss.geometry.discriminant`). The greedy order of units is exact.

    Attributes:
        gamma: Ridge of the within-class scatter, as a share of its mean variance; above 0.
        balanced: Count every class once; False counts every sample once.
        protect: 1 looks at the worst pair of classes, 0 at the mean separation; in between the
            two relative losses are mixed linearly.
        shrinkage: Draw small classes' covariances towards the mean one, by so many samples' worth.
        guard: Units without which the cosine of two rare classes' means rises by more than
            ``rise`` go after all others.
        rise: Threshold of the guard.

    Raises:
        InputError: If an option is out of range.

    Example:
        >>> PartialFisher(protect=0.5).label
        'partial-fisher:protect=0.5'
    """

    name: ClassVar[str] = "partial-fisher"
    summary: ClassVar[str] = "share of the worst pair's class separation that only this unit holds"

    gamma: float = 0.01
    balanced: bool = True
    protect: float = 1.0
    shrinkage: float = 0.0
    guard: bool = False
    rise: float = 0.02

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        check_ridge(self.gamma)
        check_shrinkage(self.shrinkage)
        if not 0 <= self.protect <= 1:
            raise InputError(f"protect is {self.protect}; it must lie in [0, 1]")
        if not 0 <= self.rise < float("inf"):
            raise InputError(f"rise is {self.rise}; it must be at least 0 and finite")

    def shrinking(self, statistics: ClassStatistics, context: ScoringContext) -> Shrinking:
        """The units of a layer; see :meth:`GeometricScore.shrinking`."""
        separation = Separation(statistics, gamma=self.gamma, protect=self.protect)
        if not self.guard:
            return separation
        return Guarded(separation, statistics, context.train.minority, self.rise)
