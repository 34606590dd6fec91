"""The surgeon's exact order of a network's weights, scored again after every removal."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.activations import ridge_of
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.curvature import layer_moments
from leastloss.geometry import Rows, surgeon_order
from leastloss.models import any_binary, prunable_layers


def has_surgeon_order(context: ScoringContext) -> bool:
    """Whether there is one: of single weights that can be fitted again, whatever their signs."""
    if context.granularity == "unit" or context.balance:
        return False
    return not any_binary(prunable_layers(context.model, list(context.masks)).values())


def surgeon_removal_order(
    context: ScoringContext,
    k: int,
    moves: dict[str, Tensor],
    *,
    gamma: float,
    balanced: bool,
    noise: float = 0.0,
) -> NDArray[np.int64]:
    """The next ``k`` weights of :func:`leastloss.geometry.surgeon_elimination.surgeon_order`.

    Rows are fitted again to what they compute now; what they read and how far they move the logits
    stays as it is in the network of the context.

    Args:
        context: What to prune; its generator decides between equal costs.
        k: How many go.
        moves: What the costs of each unit count, by layer; without any all count alike.
        gamma: Ridge as a share of the mean squared input.
        balanced: Count every class once.
        noise: As in :func:`leastloss.activations.Draws.draw`.

    Raises:
        InputError: If inputs, weights or moves are not finite, a class is empty, or a layer does
            not run once.
    """
    problems = []
    for read in layer_moments(context, balanced=balanced, noise=noise):
        name, layer, moments = read.name, read.layer, read.moments
        weights = layer.weight.detach().double().flatten(1)
        move = moves.get(name, torch.ones(len(weights), dtype=torch.float64))
        pieces = [
            tensor.to(moments.device).tensor_split(len(moments))
            for tensor in (weights, context.masks[name].flatten(1), move)
        ]
        for group, weight, mask, factor in zip(moments, *pieces, strict=True):
            ridge = ridge_of(layer, group, gamma)
            problems.append(
                Rows(moments=group, ridge=ridge, weights=weight, mask=mask, factor=factor)
            )
    return surgeon_order(problems, k, seed=context.generator)
