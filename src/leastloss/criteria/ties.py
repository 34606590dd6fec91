"""The control for criteria that tie a lot: the tie-break decides alone."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from leastloss.arguments import checked
from leastloss.criteria.base import Criterion, Scores, ScoringContext


@checked
@dataclass(frozen=True, kw_only=True)
class Ties(Criterion):
    """The same score for every part, so that the seeded tie-break decides.

    What another criterion gains over this one is not due to its tie-break. Under the schedules
    ``one-shot`` and ``iterative`` both break ties by the same draw; a sequential order has draws of
    its own.

    Example:
        >>> Ties().name
        'ties'
    """

    name: ClassVar[str] = "ties"
    static: ClassVar[bool] = True
    by_weights: ClassVar[bool] = True
    summary: ClassVar[str] = "equal scores, so the seeded tie-break decides: the control for ties"

    def score(self, context: ScoringContext) -> Scores:
        """Score all parts 0; see :meth:`Criterion.score`."""
        if context.granularity == "unit":
            return {name: np.zeros(len(coupled)) for name, coupled in context.units.items()}
        return {name: np.zeros(tuple(mask.shape)) for name, mask in context.masks.items()}
