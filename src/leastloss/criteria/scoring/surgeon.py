"""What a weight costs when the others of its row may be fitted again; the order of such costs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.activations import (
    LayerCache,
    input_second_moments,
    reading_keys,
    ridge_of,
    row_supports,
    run_order,
    solving_key,
)
from leastloss.criteria.base import ScoringContext
from leastloss.geometry import Rows, inverse_diagonals, surgeon_order
from leastloss.models import Layer, any_binary, prunable_layers


def surgeon_curvature(
    context: ScoringContext, *, gamma: float, balanced: bool, noise: float = 0.0
) -> dict[str, Tensor]:
    """Cost of each kept weight per its square, in units of the squared pre-activation.

    ``1 / [(S_KK + ridge)^-1]_aa`` on the row's own kept inputs K, the bias among them: the rest of
    the row is fitted again. Float64, by layer, of the weight's shape; 0 where a weight is pruned.

    Args:
        context: What to score.
        gamma: Ridge as a share of the mean squared input.
        balanced: Count every class once.
        noise: As in :func:`leastloss.activations.Draws.draw`.

    Raises:
        InputError: If inputs are not finite, a class is empty, or a layer does not run once.
    """
    costs = {}
    for read in layer_moments(context, balanced=balanced, noise=noise):
        mask = context.masks[read.name]
        read.cache.expected.add(read.name)
        key = solving_key(read.key, mask, gamma)
        inverse = read.cache.get(context.model, read.name, "inverse diagonals", key)
        if inverse is None:
            inverse = _inverse(read.layer, read.moments, mask, gamma)
        support = mask.flatten(1).to(inverse.device)
        inverse = inverse[:, : support.shape[1]].clamp(min=1e-300)
        costs[read.name] = torch.where(support, inverse.reciprocal(), 0.0).view(mask.shape)
    return costs


@dataclass(frozen=True)
class Reading:
    """A layer and what it reads.

    Attributes:
        name: Of the layer.
        layer: The layer.
        moments: Second moments of its inputs, shape (groups, d, d).
        key: Of what it reads (:func:`leastloss.activations.reading_keys`).
        cache: What was computed on the draw.
    """

    name: str
    layer: Layer
    moments: Tensor
    key: bytes
    cache: LayerCache


def layer_moments(
    context: ScoringContext, *, balanced: bool, noise: float = 0.0
) -> Iterator[Reading]:
    """Each layer of the masks, in their order, with the second moments of what it reads.

    Arguments and errors are those of :func:`surgeon_curvature`; moments are those of
    :func:`leastloss.activations.moments.input_second_moments`.
    """
    layers = prunable_layers(context.model, list(context.masks))
    samples = context.draws.draw(context.train, context.model, balanced=balanced, noise=noise)
    ran = run_order(context.model, samples.x[:2], list(layers))
    keys = dict(reading_keys(context.model, {name: layers[name] for name in ran}))
    stored = {
        name: moments
        for name, key in keys.items()
        if (moments := samples.cache.get(context.model, name, "moments", key)) is not None
    }
    lacking = {name: layers[name] for name in context.masks if name not in stored}
    for name, moments in input_second_moments(context.model, lacking, samples):
        samples.cache.put(context.model, name, "moments", keys[name], moments)
        stored[name] = moments
    for name in context.masks:
        yield Reading(name, layers[name], stored.pop(name), keys[name], samples.cache)


def _inverse(layer: Layer, moments: Tensor, mask: Tensor, gamma: float) -> Tensor:
    """Diagonals of the inverse moments of every row's kept inputs, shape (rows, d)."""
    diagonals = []
    for g, support in enumerate(row_supports(mask, moments)):
        ridge = ridge_of(layer, moments[g], gamma)
        diagonals.append(inverse_diagonals(moments[g], support, ridge))
    return torch.cat(diagonals)


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
