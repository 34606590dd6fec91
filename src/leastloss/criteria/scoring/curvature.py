"""What a weight costs when the others of its row may be fitted again: 1 / [S^-1]_aa."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
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
from leastloss.geometry import inverse_diagonals
from leastloss.models import Layer, prunable_layers


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
        noise: As in :func:`leastloss.activations.Draws.draw`.
        most: As there.

    Raises:
        InputError: If inputs are not finite, a class is empty, or a layer does not run once.
    """
    costs = {}
    for read in layer_moments(context, balanced=balanced, noise=noise, most=most):
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


@dataclass(frozen=True, kw_only=True)
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
    context: ScoringContext, *, balanced: bool, noise: float = 0.0, most: int = 0
) -> Iterator[Reading]:
    """Each layer of the masks, in their order, with the second moments of what it reads.

    Arguments and errors are those of :func:`surgeon_curvature`; moments are those of
    :func:`leastloss.activations.moments.input_second_moments`.
    """
    layers = prunable_layers(context.model, list(context.masks))
    samples = context.draws.draw(
        context.train, context.model, balanced=balanced, noise=noise, most=most
    )
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
        yield Reading(
            name=name,
            layer=layers[name],
            moments=stored.pop(name),
            key=keys[name],
            cache=samples.cache,
        )


def _inverse(layer: Layer, moments: Tensor, mask: Tensor, gamma: float) -> Tensor:
    """Diagonals of the inverse moments of every row's kept inputs, shape (rows, d)."""
    diagonals = []
    for g, support in enumerate(row_supports(mask, moments)):
        ridge = ridge_of(layer, moments[g], gamma)
        diagonals.append(inverse_diagonals(moments[g], support, ridge))
    return torch.cat(diagonals)
