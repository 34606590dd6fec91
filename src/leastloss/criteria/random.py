"""The control: every part is worth the same, so chance decides."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from leastloss.arguments import checked
from leastloss.criteria.base import Criterion, Scores, ScoringContext


@checked
@dataclass(frozen=True, kw_only=True)
class Random(Criterion):
    """Independent uniform scores from the context's own stream.

    Example:
        >>> Random().name
        'random'
    """

    name: ClassVar[str] = "random"
    static: ClassVar[bool] = True
    by_weights: ClassVar[bool] = True
    summary: ClassVar[str] = "uniform random scores: the control"

    def score(self, context: ScoringContext) -> Scores:
        """Draw one score per part; see :meth:`Criterion.score`."""
        shapes: dict[str, tuple[int, ...]]
        if context.granularity == "unit":
            shapes = {name: (len(coupled),) for name, coupled in context.units.items()}
        else:
            shapes = {name: tuple(mask.shape) for name, mask in context.masks.items()}
        draw: Scores = {name: context.generator.random(shape) for name, shape in shapes.items()}
        return {name: np.asarray(values, dtype=np.float64) for name, values in draw.items()}
