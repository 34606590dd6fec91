"""Class statistics of hidden units: one feature for each unit that is left."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.activations import batches, logits_of, observing
from leastloss.criteria.base import ScoringContext
from leastloss.errors import InputError
from leastloss.geometry import ClassStatistics, PooledAccumulator
from leastloss.models import evaluation_mode, hidden_units

Alive: TypeAlias = Mapping[str, NDArray[np.bool_]]
"""Layer name -> which of its units are left, shape (units,)."""


def alive_units(context: ScoringContext) -> dict[str, NDArray[np.bool_]]:
    """Which hidden units still have an incoming weight, by layer."""
    masks = {name: context.masks[name] for name in hidden_units(context.model)}
    return {name: mask.flatten(1).any(dim=1).cpu().numpy() for name, mask in masks.items()}


def by_unit(values: Tensor, units: int) -> Tensor:
    """What a layer reads, sorted by the units of the layer before it.

    Args:
        values: Input of a Linear layer, (n, ..., features), or of a Conv2d, (n, units, H, W). A
            Linear layer that reads a flattened map has one feature for each unit and position.
        units: How many units there are.

    Returns:
        Shape (n, units, positions).

    Raises:
        InputError: If the input cannot be split into that many units.

    Example:
        >>> by_unit(torch.arange(8.0).reshape(1, 8), 2)
        tensor([[[0., 1., 2., 3.],
                 [4., 5., 6., 7.]]])
    """
    if values.ndim == 3:  # a Linear layer that reads a sequence: positions come first
        values = values.movedim(-1, 1)
    fits = values.ndim >= 2 and values[0].numel() % units == 0
    if not fits or (values.ndim > 2 and values.shape[1] != units):
        raise InputError(f"an input of shape {tuple(values.shape)} is not that of {units} units")
    return values.reshape(len(values), units, -1)


def unit_statistics(
    context: ScoringContext, alive: Alive, *, balanced: bool = True, shrinkage: float = 0.0
) -> dict[str, ClassStatistics]:
    """Class statistics of the activations of the units that are left, for each layer with any.

    A layer's activations are what the next layer reads: after BatchNorm, ReLU or sign. The feature
    of a channel is its mean over positions.

    Args:
        context: The network and the training split it was trained on.
        alive: Which units are left.
        balanced: Count every class once.
        shrinkage: Draw each class covariance towards the mean one, by so many samples' worth.

    Raises:
        InputError: If the network has no such units, an activation or logit is not finite, or a
            class has no training sample.
    """
    modules = dict(context.model.named_modules())
    readers = {reader: name for name, reader in hidden_units(context.model).items()}
    remaining = {name: torch.from_numpy(np.flatnonzero(units)) for name, units in alive.items()}
    counts = torch.from_numpy(context.train.counts())
    sums = {
        name: PooledAccumulator(counts, balanced=balanced, shrinkage=shrinkage)
        for name in alive
        if len(remaining[name])
    }
    with evaluation_mode(context.model), torch.no_grad():
        for x, y in batches(context.train, context.model):

            def look(reader: str, values: Tensor, y: Tensor = y) -> None:
                name = readers[reader]
                if name in sums:
                    features = by_unit(values, len(alive[name])).mean(dim=2)
                    sums[name].update(features[:, remaining[name].to(values.device)], y)

            with observing({reader: modules[reader] for reader in readers}, look):
                logits_of(context.model, x)
    return {name: total.result() for name, total in sums.items()}
