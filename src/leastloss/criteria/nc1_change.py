"""Change of NC1: units without which the classes are tightest go first."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.unit_score import GeometricScore
from leastloss.geometry import (
    ClassStatistics,
    Rescored,
    Shrinking,
    check_shrinkage,
    nc1_change,
    within_class_variability,
)


@checked
@dataclass(frozen=True, kw_only=True)
class NC1Change(GeometricScore):
    """Exact change of NC1 when a unit goes, as a share of its layer's NC1.

    See :func:`nc1_change`. A unit that alone carries a direction of the class means goes after
    all others; such units go in the order of their between-class variance.

    Attributes:
        balanced: Count every class once; False counts every sample once.
        shrinkage: Draw small classes' covariances towards the mean one, by so many samples' worth.

    Raises:
        InputError: If an option is out of range.

    Example:
        >>> NC1Change(shrinkage=5.0).label
        'nc1-change:shrinkage=5.0'
    """

    name: ClassVar[str] = "nc1-change"
    summary: ClassVar[str] = "relative change of NC1 (within-class variability) when a unit goes"

    balanced: bool = True
    shrinkage: float = 0.0

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        check_shrinkage(self.shrinkage)

    def shrinking(self, statistics: ClassStatistics, context: ScoringContext) -> Shrinking:
        """The units of a layer; see :meth:`GeometricScore.shrinking`."""
        return Rescored(statistics, relative_change)


BEYOND = 1e12  # a change that no unit reaches which does not carry a direction alone


def relative_change(statistics: ClassStatistics) -> Tensor:
    """Change of NC1 over NC1, finite: units that carry a direction alone come after all others."""
    whole = within_class_variability(statistics)
    change = nc1_change(statistics)
    sole = torch.isinf(change)
    if 0 < whole < math.inf:
        change = (change / whole).clamp(max=BEYOND)
    between = statistics.between.diagonal()
    return torch.where(sole, BEYOND * (1 + between / between.max()), change)
