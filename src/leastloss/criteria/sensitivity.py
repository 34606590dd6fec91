"""What taking a weight out does to the loss, by the gradients of the training samples."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.gradients import (
    cross_entropy_slope,
    mean_gradient_sizes,
    mean_gradients,
)
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
