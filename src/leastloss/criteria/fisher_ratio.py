"""Fisher ratio: how far a unit alone separates the classes."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.unit_score import GeometricScore
from leastloss.geometry import (
    ClassStatistics,
    Rescored,
    Shrinking,
    check_ridge,
    check_shrinkage,
    fisher_ratio,
)


@checked
@dataclass(frozen=True, kw_only=True)
class FisherRatio(GeometricScore):
    """Between-class over within-class variance of a unit; see :func:`fisher_ratio`.

    The baseline of the geometric scores: it does not see that two units say the same.

    Attributes:
        gamma: Ridge, as a share of the layer's mean within-class variance; above 0.
        balanced: Count every class once; False counts every sample once.
        shrinkage: Draw small classes' variances towards the mean one, by so many samples' worth.

    Raises:
        InputError: If an option is out of range.

    Example:
        >>> FisherRatio(balanced=False).label
        'fisher-ratio:balanced=false'
    """

    name: ClassVar[str] = "fisher-ratio"
    summary: ClassVar[str] = "between-class over within-class variance of each unit by itself"

    gamma: float = 0.01
    balanced: bool = True
    shrinkage: float = 0.0

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        check_ridge(self.gamma)
        check_shrinkage(self.shrinkage)

    def shrinking(self, statistics: ClassStatistics, context: ScoringContext) -> Shrinking:
        """The units of a layer; see :meth:`GeometricScore.shrinking`."""
        return Rescored(statistics, partial(fisher_ratio, gamma=self.gamma))
