"""Prune by the geometry of classes: what goes first is what separates classes least."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.criteria.gauss_newton import gauss_newton_scores
from leastloss.criteria.unit_statistics import alive_units, unit_statistics
from leastloss.errors import InputError
from leastloss.geometry import Separation, eliminate
from leastloss.names import choose

METRICS = ("discriminant", "logit", "cross-entropy")


@dataclass(frozen=True, kw_only=True)
class NeuralCollapse(Criterion):
    """Loss of class separation, class-balanced, so that a rare class counts like a common one.

    Units: the largest share of any class pair's squared Mahalanobis distance, in the features of
    the unit's layer, that is lost with the unit when the layer's other units are used as well as
    possible (see :mod:`leastloss.geometry.discriminant`). Weights: the expected squared move of
    the logits along the directions that separate classes
    (see :mod:`leastloss.criteria.gauss_newton`).

    Attributes:
        gamma: Ridge of the within-class scatter, as a share of its mean variance; above 0.
        metric: How moves of the logits are weighed (weights only): ``discriminant``, ``logit``
            or ``cross-entropy``.
        balanced: Count every class once; False counts every sample once.
        protect: 1 looks at the worst pair of classes, 0 at the mean separation; in between the
            two relative losses are mixed linearly (units only).
        latent: Whether ``w`` of a binary layer is its latent weight, as the straight-through
            gradient has it, or the effective +-1 (weights only). With the latter all weights
            between two hidden layers that enter the same unit have the same score.

    Raises:
        InputError: If an option is out of range.

    Example:
        >>> NeuralCollapse(protect=0.5).metric
        'discriminant'
    """

    name: ClassVar[str] = "nc"
    summary: ClassVar[str] = (
        "class separation lost: partial Fisher ratio of the worst class pair (units), "
        "discriminant Gauss-Newton (weights)"
    )

    gamma: float = 0.01
    metric: str = "discriminant"
    balanced: bool = True
    protect: float = 1.0
    latent: bool = True

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        choose("metric", self.metric, METRICS)
        if not 0 < self.gamma < float("inf"):
            raise InputError(f"gamma is {self.gamma}; it must be above 0 and finite")
        if not 0 <= self.protect <= 1:
            raise InputError(f"protect is {self.protect}; it must lie in [0, 1]")

    def score(self, context: ScoringContext) -> Scores:
        """Score every part; see :meth:`Criterion.score`.

        Parts that are pruned already get NaN.
        """
        if context.granularity == "weight":
            return gauss_newton_scores(
                context,
                metric=self.metric,
                gamma=self.gamma,
                balanced=self.balanced,
                latent=self.latent,
            )
        alive = alive_units(context)
        scores = {name: np.full(len(units), np.nan) for name, units in alive.items()}
        for name, separation in self._separations(context, alive).items():
            scores[name][alive[name]] = separation.losses().cpu().numpy()
        return scores

    def removal_order(self, context: ScoringContext, k: int) -> NDArray[np.int64] | None:
        """The next ``k`` units, scored again after every removal; None for weights.

        Within a layer the order is exact. Layers compete by relative loss; what a removal does to
        the features of later layers shows only when the network is scored again. The last unit of
        a layer stays until all layers are down to one.
        """
        if context.granularity == "weight":
            return None
        alive = alive_units(context)
        separations = self._separations(context, alive)
        order = eliminate(list(separations.values()), k, context.generator)
        starts = np.cumsum([0, *(len(units) for units in alive.values())])
        parts = [
            start + np.flatnonzero(alive[name])
            for name, start in zip(alive, starts[:-1], strict=True)
        ]
        return np.concatenate(parts)[order]

    def _separations(
        self, context: ScoringContext, alive: Mapping[str, NDArray[np.bool_]]
    ) -> dict[str, Separation]:
        """The class separation by the units that are left, for each layer that has any."""
        make = partial(Separation, gamma=self.gamma, protect=self.protect)
        found = unit_statistics(context, alive, balanced=self.balanced)
        return {name: make(statistics) for name, statistics in found.items()}
