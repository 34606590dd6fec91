"""Optimal brain surgeon by rows: what a weight costs once the rest of its row is fitted again."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.gauss_newton import per_unit
from leastloss.criteria.scoring.logit_directions import METRICS
from leastloss.criteria.scoring.logit_moves import metric_moves
from leastloss.criteria.scoring.surgeon import (
    has_surgeon_order,
    surgeon_curvature,
    surgeon_removal_order,
)
from leastloss.criteria.scoring.weight_score import WeightScore, weights_of
from leastloss.errors import InputError, choose


@checked
@dataclass(frozen=True, kw_only=True)
class OBS(WeightScore):
    """Squared weight over its entry of the inverse input moments: ``w_ab^2 / [S^-1]_aa``.

    S holds the class-balanced second moments of the inputs that unit b still reads, plus a ridge.
    The score is exactly what the squared error of the unit's pre-activation rises by when the
    weight goes and the unit's other weights are fitted again, as the recovery ``compensate`` does
    (Hassibi and Stork 1993; Frantar and Alistarh 2022). With a metric it is multiplied by what the
    unit's pre-activation does to the logits, and then compares over layers.

    Attributes:
        metric: ``none`` (the layer's own error), or as for ``gauss-newton``.
        gamma: Ridge as a share of the mean squared input, as for ``compensate``.
        balanced: Count every class once; False counts every sample once.
        noise: Standard deviation of Gaussian noise on half of the inputs.

    Raises:
        InputError: If an option is unknown or out of range.

    Example:
        >>> OBS(metric="logit").label
        'obs:metric=logit'
    """

    name: ClassVar[str] = "obs"
    summary: ClassVar[str] = "optimal brain surgeon by rows: error once the rest is fitted again"

    metric: str = "none"
    gamma: float = 1e-3
    balanced: bool = True
    noise: float = 0.0

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        choose("metric", self.metric, ("none", *METRICS))
        if not 0 < self.gamma < float("inf") or not 0 <= self.noise < float("inf"):
            raise InputError(
                f"gamma is {self.gamma} and noise {self.noise}; gamma must be above 0, noise at "
                "least 0, and both finite"
            )

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        curvature = surgeon_curvature(
            context, gamma=self.gamma, balanced=self.balanced, noise=self.noise
        )
        weights = weights_of(context, latent=True)
        scores = {name: weights[name].square() * curvature[name] for name in weights}
        moves = metric_moves(context, self.metric, balanced=self.balanced)
        return {n: s * per_unit(moves[n], s) if moves else s for n, s in scores.items()}

    def removal_order(self, context: ScoringContext, k: int) -> NDArray[np.int64] | None:
        """The surgeon's exact order of weights, rows fitted again after every removal.

        See :func:`leastloss.criteria.scoring.surgeon.surgeon_removal_order`; None for units,
        with binary layers and under a balance of signs. With a metric, moves are those of the
        network as it is.
        """
        if not has_surgeon_order(context):
            return None
        return surgeon_removal_order(
            context,
            k,
            metric_moves(context, self.metric, balanced=self.balanced),
            gamma=self.gamma,
            balanced=self.balanced,
            noise=self.noise,
        )
