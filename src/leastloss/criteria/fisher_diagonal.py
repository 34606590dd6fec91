"""The Fisher diagonal: second-order cost of a weight, by the gradients of single samples."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.gradients import cross_entropy_slope, mean_gradient_sizes
from leastloss.criteria.scoring.weight_score import SampledWeightScore, weights_of


@checked
@dataclass(frozen=True, kw_only=True)
class FisherDiagonal(SampledWeightScore):
    """Optimal brain damage with the empirical Fisher information: ``w^2 E_n[(dL_n/dw)^2] / 2``.

    LeCun, Denker and Solla 1990 with the Hessian's diagonal replaced by that of the mean outer
    product of gradients, at the labels as given (Theis et al. 2018, "Faster gaze prediction with
    dense networks and Fisher pruning"). A unit is worth the sum of its kept incoming weights.

    Example:
        >>> FisherDiagonal().name
        'fisher-diagonal'
    """

    name: ClassVar[str] = "fisher-diagonal"
    summary: ClassVar[str] = "squared weight times mean squared gradient (OBD, empirical Fisher)"

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        sizes = mean_gradient_sizes(context, cross_entropy_slope, power=2, balanced=self.balanced)
        weights = weights_of(context, latent=self.latent)
        return {name: weights[name].square() * sizes[name] / 2 for name in context.masks}
