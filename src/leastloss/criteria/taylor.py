"""Taylor: how far taking a weight out moves the loss of a sample, to first order."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.gradients import cross_entropy_slope, mean_gradient_sizes
from leastloss.criteria.scoring.weight_score import SampledWeightScore, weights_of


@checked
@dataclass(frozen=True, kw_only=True)
class Taylor(SampledWeightScore):
    """Mean size of the first-order change of a sample's cross-entropy: ``E_n |w dL_n/dw|``.

    The criterion of Molchanov et al. 2017 ("Pruning convolutional neural networks for resource
    efficient inference"), who take the absolute value for each sample and average then, applied to
    single weights. The two relatives of Molchanov et al. 2019 are here under names of their own:
    squares of single samples are twice ``fisher-diagonal``, the square of the mean gradient ranks
    like ``snip``. A unit is worth the sum of its kept incoming weights.

    Example:
        >>> Taylor().label
        'taylor'
    """

    name: ClassVar[str] = "taylor"
    summary: ClassVar[str] = "mean absolute first-order change of a sample's loss, class-balanced"

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        sizes = mean_gradient_sizes(context, cross_entropy_slope, power=1, balanced=self.balanced)
        weights = weights_of(context, latent=self.latent)
        return {name: weights[name].abs() * sizes[name] for name in context.masks}
