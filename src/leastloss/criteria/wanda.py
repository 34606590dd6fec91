"""Wanda: a weight is worth its typical contribution to the pre-activation."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from leastloss.activations import batches, check_called, enough_of, labelled_logits, observing
from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.weight_score import SampledWeightScore, weights_of
from leastloss.data import is_map, owners
from leastloss.models import Layer, evaluation_mode, prunable_layers


@checked
@dataclass(frozen=True, kw_only=True)
class Wanda(SampledWeightScore):
    """Weight times the root mean square of its input: ``|w_ab| sqrt(E[x_a^2])``.

    The score of Sun et al. 2024 ("A simple and effective pruning approach for large language
    models", ICLR), with averages over classes first. There weights compete within an output unit;
    here they do wherever the allocation lets them, over all layers by default. Convolutions average
    over positions too, padding included. A unit is worth the sum of its kept incoming weights.

    Example:
        >>> Wanda(balanced=False).label
        'wanda:balanced=false'
    """

    name: ClassVar[str] = "wanda"
    summary: ClassVar[str] = "weight times the root mean square of its input, class-balanced"

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        moments = input_moments(context, balanced=self.balanced)
        weights = weights_of(context, latent=self.latent)
        return {name: weights[name].abs() * moments[name].sqrt() for name in context.masks}


def input_moments(context: ScoringContext, *, balanced: bool = True) -> dict[str, Tensor]:
    """Mean squared input of every weight, by layer; float64, broadcasts to the weight's shape.

    Raises:
        InputError: If a sample or logit is not finite, a class has no training sample, or a layer
            of the masks runs never or twice.
    """
    layers = prunable_layers(context.model, list(context.masks))
    train, shares = enough_of(context.train, context.model, balanced=balanced)
    moments: dict[str, Tensor] = {}
    with evaluation_mode(context.model), torch.no_grad():
        for x, y in batches(train, context.model):
            counts = shares.to(y.device)[y[y >= 0]]
            if is_map(y):  # what a layer reads is the same for all labels of a sample
                counts = counts.new_zeros(len(y)).index_add_(0, owners(y), counts)

            def look(name: str, values: Tensor, weights: Tensor = counts) -> None:
                moment = input_moment(layers[name], values, weights)
                moments[name] = moments[name] + moment if name in moments else moment

            with observing(layers, look):
                labelled_logits(context.model, x, y)
    check_called(layers, moments)
    return moments


def input_moment(layer: Layer, values: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over samples of the squared input of each weight, mean over positions.

    ``values`` are the layer's inputs, ``weights`` (n,) what each of the n samples counts.

    Returns:
        float64, shape (in,) of a Linear layer, the weight's shape of a convolution.

    Example:
        >>> input_moment(nn.Linear(2, 3), torch.tensor([[1.0, 2.0]]), torch.ones(1))
        tensor([1., 4.], dtype=torch.float64)
    """
    squares = values.square()
    if isinstance(layer, nn.Linear):
        by_sample = squares.reshape(len(values), -1, squares.shape[-1]).mean(dim=1)
        return (weights.to(by_sample) @ by_sample).double()
    # The layer run on squares is linear in them and in its weight: the slope of the mean output on
    # the weighted sum of the squares is the moment.
    summed = (weights.to(squares) @ squares.flatten(1)).reshape(1, *squares.shape[1:])
    probe = torch.zeros_like(layer.weight, requires_grad=True)
    with torch.enable_grad():
        total = layer._conv_forward(summed, probe, None).mean(dim=(2, 3)).sum()
    return torch.autograd.grad(total, probe)[0].double()
