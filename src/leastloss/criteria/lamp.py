"""LAMP: magnitude, on a scale that layers share."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext, order_by
from leastloss.criteria.scoring.weight_score import WeightScore, weights_of


@checked
@dataclass(frozen=True, kw_only=True)
class LAMP(WeightScore):
    """Squared weight over the sum of all squares of its layer that are not smaller.

    Lee et al. 2021 ("Layer-adaptive sparsity for the magnitude-based pruning"). Within a layer the
    order is that of magnitude; the score says what share of the squared norm that would be left
    goes with the weight, so a layer's last weights are worth most. Pruned weights play no part;
    equal weights have equal scores. In a binary network ``w`` is the latent weight. A unit is worth
    the sum of its kept incoming weights.

    Example:
        >>> LAMP().name
        'lamp'
    """

    name: ClassVar[str] = "lamp"
    by_weights: ClassVar[bool] = True
    summary: ClassVar[str] = "share of the layer's remaining squared norm lost with the weight"

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        weights = weights_of(context, latent=True)
        return {
            name: lamp_scores(weights[name], mask.to(weights[name].device))
            for name, mask in context.masks.items()
        }

    def removal_order(self, context: ScoringContext, k: int) -> NDArray[np.int64] | None:
        """The exact sequential order of weights; None for units and under a balance of signs.

        A removal changes the scores of smaller and equal weights alone, and a layer's smallest goes
        first: so it changes none but for equal weights. Those are told apart by lot here, which
        gives them the scores that their removal one after the other would.
        """
        if context.granularity == "unit" or context.balance:
            return None
        weights = weights_of(context, latent=True)
        scores = {}
        for name, mask in context.masks.items():
            lot = torch.from_numpy(context.generator.random(tuple(mask.shape)))
            device = weights[name].device
            scores[name] = lamp_scores(weights[name], mask.to(device), lot.to(device)).cpu().numpy()
        return order_by(scores, context, k)


def lamp_scores(weights: Tensor, mask: Tensor, lot: Tensor | None = None) -> Tensor:
    """Score one layer's weights: ``w^2 / sum of w'^2 over kept w' with |w'| >= |w|``.

    Args:
        weights: Weights, any shape.
        mask: Which of them are kept.
        lot: Numbers that put equal weights in an order, the lowest first; each then counts as
            smaller than those after it. Omitted, equal weights have equal scores.

    Returns:
        float64 scores in [0, 1], 0 where a weight is zero or pruned.

    Example:
        >>> lamp_scores(
        ...     torch.tensor([3.0, -1.0, 1.0, 2.0]), torch.tensor([True, True, True, False])
        ... )
        tensor([1.0000, 0.0909, 0.0909, 0.0000], dtype=torch.float64)
    """
    squares = weights.double().square().where(mask, 0.0).flatten()
    if lot is None:
        order = squares.argsort()
    else:
        by_lot = lot.flatten().argsort()
        order = by_lot[squares[by_lot].argsort(stable=True)]
    rising = squares[order]
    left = rising.flip(0).cumsum(0).flip(0)
    if lot is None:
        left = left[torch.searchsorted(rising, rising)]  # the first of equals stands for all
    scores = torch.zeros_like(squares)
    scores[order] = rising / left.where(left > 0, 1.0)
    return scores.view_as(weights)
