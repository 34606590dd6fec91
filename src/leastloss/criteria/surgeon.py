"""What a weight costs when the others of its row may be fitted again: 1 / [S^-1]_aa."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from leastloss.criteria.base import ScoringContext
from leastloss.criteria.known import reading_keys
from leastloss.criteria.moments import draw_samples, input_second_moments, ridge_of
from leastloss.geometry.compensation import inverse_diagonals
from leastloss.models.capture import run_order
from leastloss.models.layers import Layer, prunable_layers


def surgeon_curvature(
    context: ScoringContext, *, gamma: float, balanced: bool, noise: float = 0.0, most: int = 0
) -> dict[str, Tensor]:
    """Cost of each kept weight per its square, in units of the squared pre-activation.

    ``1 / [(S_KK + ridge)^-1]_aa`` on the row's own kept inputs K, the bias among them: the rest of
    the row is fitted again. Float64, by layer, of the weight's shape; 0 where a weight is pruned.

    Args:
        context: What to score.
        gamma: Ridge as a share of the mean squared input.
        balanced: Count every class once.
        noise: As in :func:`leastloss.criteria.moments.draw_samples`.
        most: As there.

    Raises:
        InputError: If inputs are not finite, a class is empty, or a layer does not run once.
    """
    every = layer_moments(context, balanced=balanced, noise=noise, most=most)
    return {
        name: _curvature(layer, moments, context.masks[name], gamma)
        for name, layer, moments in every
    }


def layer_moments(
    context: ScoringContext, *, balanced: bool, noise: float = 0.0, most: int = 0
) -> Iterator[tuple[str, Layer, Tensor]]:
    """Each layer of the masks, in their order, with the second moments of what it reads.

    Arguments and errors are those of :func:`surgeon_curvature`; moments are those of
    :func:`leastloss.criteria.moments.input_second_moments`.
    """
    layers = prunable_layers(context.model, list(context.masks))
    samples = draw_samples(context.train, context.model, balanced=balanced, noise=noise, most=most)
    # The draw and what is known of it last as long as the pruning.
    context.memory[f"samples/{balanced}/{noise}/{most}"] = samples
    ran = run_order(context.model, samples.x[:2], list(layers))
    keys = dict(reading_keys(context.model, {name: layers[name] for name in ran}))
    for name in context.masks:
        known = samples.known.get(context.model, name, keys[name])
        if known is None:
            known = (input_second_moments(context.model, layers[name], samples),)
            samples.known.put(context.model, name, keys[name], known)
        yield name, layers[name], known[0]


def _curvature(layer: nn.Module, moments: Tensor, mask: Tensor, gamma: float) -> Tensor:
    bias = layer.bias is not None
    rows = mask.flatten(1).to(moments.device).tensor_split(len(moments))
    costs = []
    for group, kept in zip(moments, rows, strict=True):
        ridge = ridge_of(group, gamma, bias=bias)
        with_bias = torch.cat([kept, kept.new_ones(len(kept), 1)], dim=1) if bias else kept
        inverse = inverse_diagonals(group, with_bias, ridge)[:, : kept.shape[1]]
        costs.append(torch.where(kept, inverse.clamp(min=1e-300).reciprocal(), 0.0))
    return torch.cat(costs).view(mask.shape)
