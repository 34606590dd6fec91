"""Class angles: units that keep class means apart in direction stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.unit_score import GeometricScore
from leastloss.errors import choose
from leastloss.geometry import ClassStatistics, Rescored, Shrinking, cosine_rise

PAIRS = ("all", "minority")


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
        classes: Sequence[int] | None = None
        if self.pairs == "minority":
            classes = context.train.minority
        return Rescored(statistics, partial(cosine_rise, classes=classes))
