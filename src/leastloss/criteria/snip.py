"""SNIP: sensitivity of the mean loss to a weight."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.gradients import cross_entropy_slope, mean_gradients
from leastloss.criteria.scoring.weight_score import SampledWeightScore, weights_of


@checked
@dataclass(frozen=True, kw_only=True)
class SNIP(SampledWeightScore):
    """Share in the sensitivity of the mean cross-entropy: ``|w dL/dw| / sum |w dL/dw|``.

    The connection sensitivity of Lee, Ajanthan and Torr 2019 ("SNIP: single-shot network pruning
    based on connection sensitivity"), at the weights as they are; the paper takes those of the
    initialisation. At a minimum of the loss the mean gradient vanishes whatever a weight is worth:
    on a trained network this is a baseline that is known to be weak. A unit is worth the sum of
    its kept incoming weights.

    Example:
        >>> SNIP().name
        'snip'
    """

    name: ClassVar[str] = "snip"
    summary: ClassVar[str] = "absolute weight times mean gradient of the loss, class-balanced"

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        gradients = mean_gradients(context, cross_entropy_slope, balanced=self.balanced)
        weights = weights_of(context, latent=self.latent)
        sizes = {
            name: (weights[name] * gradients[name]).abs() * mask.to(weights[name])
            for name, mask in context.masks.items()
        }
        total = torch.stack([size.sum() for size in sizes.values()]).sum()
        return {name: size / total.where(total > 0, 1.0) for name, size in sizes.items()}
