"""What a weight costs when the others of its row may be fitted again: 1 / [S^-1]_aa."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from leastloss.activations import (
    Known,
    draw_samples,
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
        noise: As in :func:`leastloss.activations.moments.draw_samples`.
        most: As there.

    Raises:
        InputError: If inputs are not finite, a class is empty, or a layer does not run once.
    """
    costs = {}
    for read in layer_moments(context, balanced=balanced, noise=noise, most=most):
        mask, part = context.masks[read.name], f"{read.name}/inverse"
        key = solving_key(read.key, mask, gamma)
        read.known.wanted.add(part)  # a repair has the factors at hand
        found = read.known.get(context.model, part, key)
        inverse = found[0] if found else _inverse(read.layer, read.moments, mask, gamma)
        kept = mask.flatten(1).to(inverse.device)
        inverse = inverse[:, : kept.shape[1]].clamp(min=1e-300)
        costs[read.name] = torch.where(kept, inverse.reciprocal(), 0.0).view(mask.shape)
    return costs


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A layer and what it reads.

    Attributes:
        name: Of the layer.
        layer: The layer.
        moments: Second moments of its inputs, shape (groups, d, d).
        key: Of what it reads (:func:`leastloss.activations.cache.reading_keys`).
        known: What is known of the draw.
    """

    name: str
    layer: Layer
    moments: Tensor
    key: bytes
    known: Known


def layer_moments(
    context: ScoringContext, *, balanced: bool, noise: float = 0.0, most: int = 0
) -> Iterator[Reading]:
    """Each layer of the masks, in their order, with the second moments of what it reads.

    Arguments and errors are those of :func:`surgeon_curvature`; moments are those of
    :func:`leastloss.activations.moments.input_second_moments`.
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
        yield Reading(
            name=name,
            layer=layers[name],
            moments=known[0],
            key=keys[name],
            known=samples.known,
        )


def _inverse(layer: Layer, moments: Tensor, mask: Tensor, gamma: float) -> Tensor:
    """Diagonals of the inverse moments of every row's kept inputs, shape (rows, d)."""
    found = []
    for g, kept in enumerate(row_supports(layer, mask, moments)):
        ridge = ridge_of(moments[g], gamma, bias=layer.bias is not None)
        found.append(inverse_diagonals(moments[g], kept, ridge))
    return torch.cat(found)
