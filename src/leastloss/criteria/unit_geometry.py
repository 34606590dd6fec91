"""Scores of a unit by its layer's class statistics, taken again from what is left."""

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.unit_score import GeometricScore
from leastloss.errors import choose
from leastloss.geometry import (
    ClassStatistics,
    Rescored,
    Shrinking,
    check_ridge,
    check_shrinkage,
    cosine_rise,
    fisher_ratio,
    nc1_change,
    within_class_variability,
)

PAIRS = ("all", "minority")
BEYOND = 1e12  # a change that no unit reaches which does not carry a direction alone


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


@checked
@dataclass(frozen=True, kw_only=True)
class ClassAngles(GeometricScore):
    """Largest rise of the cosine of two centred class means when a unit goes.

    See :func:`cosine_rise`. Minority collapse is two rare classes in one direction (Fang et al.
    2021); a unit without which they come together goes last.

    Attributes:
        pairs: ``all``, or ``minority``: pairs of rare classes only (of a single rare class: its
            pairs with all others).
        balanced: Count every class once in the mean of all; False counts every sample once.

    Raises:
        InputError: If ``pairs`` is unknown, or at scoring if there is no minority.

    Example:
        >>> ClassAngles(pairs="minority").label
        'class-angles:pairs=minority'
    """

    name: ClassVar[str] = "class-angles"
    summary: ClassVar[str] = "largest rise of the cosine of two class means when a unit goes"

    pairs: str = "all"
    balanced: bool = True

    shrinkage: ClassVar[float] = 0.0  # type: ignore[misc]  # angles need no scatter

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        choose("pairs", self.pairs, PAIRS)

    def shrinking(self, statistics: ClassStatistics, context: ScoringContext) -> Shrinking:
        """The units of a layer; see :meth:`GeometricScore.shrinking`."""
        classes = context.train.minority if self.pairs == "minority" else None
        return Rescored(statistics, partial(cosine_rise, classes=classes))


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


def relative_change(statistics: ClassStatistics) -> Tensor:
    """Change of NC1 over NC1, finite: units that carry a direction alone come after all others."""
    whole = within_class_variability(statistics)
    change = nc1_change(statistics)
    sole = torch.isinf(change)
    if 0 < whole < math.inf:
        change = (change / whole).clamp(max=BEYOND)
    between = statistics.between.diagonal()
    return torch.where(sole, BEYOND * (1 + between / between.max()), change)
