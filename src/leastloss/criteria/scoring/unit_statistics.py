"""Class statistics of hidden units: one feature for each unit that is left."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from leastloss.activations import batches, labelled_logits, observing
from leastloss.criteria.base import ScoringContext
from leastloss.data import at_most, is_map, read_at
from leastloss.errors import InputError
from leastloss.geometry import ClassStatistics, PooledAccumulator
from leastloss.models import evaluation_mode, inputs_of, weight_layers

POSITIONS = 2000  # labelled ones of each class: means of so many are known to two per cent

Alive: TypeAlias = Mapping[str, NDArray[np.bool_]]
"""Layer name -> which of its units are left, shape (units,)."""


def alive_units(context: ScoringContext) -> dict[str, NDArray[np.bool_]]:
    """Which hidden units still have an incoming weight, by layer."""
    return {
        name: coupled.entering(context.masks).any(dim=1).cpu().numpy()
        for name, coupled in context.units.items()
    }


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


Readings: TypeAlias = dict[tuple[str, str], Tensor]
"""First of the layers that make some units, and one that reads them -> which of its inputs are
those of each unit, shape (units, inputs)."""


def readings_of(context: ScoringContext, names: Iterable[str]) -> Readings:
    """Where the units of these layers are read."""
    layers = weight_layers(context.model)
    return {
        (name, reader): inputs_of(layers[reader], columns)
        for name in names
        for reader, columns in context.units[name].columns.items()
    }


def sorted_by_unit(values: Tensor, inputs: Tensor) -> Tensor:
    """As :func:`by_unit`, where ``inputs`` (units, inputs) are the units' own, in any order."""
    at = 2 if values.ndim == 3 else 1  # a sequence: positions come first
    positions, width = inputs.flatten(), values.shape[at]
    channels = values.ndim == 2 or len(inputs) == width  # and no heads of some channels each
    if channels and len(positions) == width and torch.equal(positions, torch.arange(width)):
        return by_unit(values, len(inputs))
    read = values.movedim(at, 1).index_select(1, positions.to(values.device))
    return read.reshape(len(values), len(inputs), -1)


def unit_statistics(
    context: ScoringContext, alive: Alive, *, balanced: bool = True, shrinkage: float = 0.0
) -> dict[tuple[str, str], ClassStatistics]:
    """Class statistics of the activations of the units that are left, wherever they are read.

    Activations are what a layer reads: after BatchNorm, ReLU or sign. The feature of a channel is
    its mean over positions; where positions have labels, what it is at the label's place. Units
    that several layers read have statistics for each.

    Args:
        context: The network and the training split it was trained on.
        alive: Which units are left.
        balanced: Count every class once.
        shrinkage: Draw each class covariance towards the mean one, by so many samples' worth.

    Returns:
        First of the layers that make the units, and one that reads them -> statistics.

    Raises:
        InputError: If the network has no such units, an activation or logit is not finite, or a
            class has no training sample.
    """
    modules = dict(context.model.named_modules())
    remaining = {name: torch.from_numpy(np.flatnonzero(units)) for name, units in alive.items()}
    train = context.train
    if is_map(train.y) and balanced:
        train = at_most(train, POSITIONS)
    counts = torch.from_numpy(train.counts())
    readings = readings_of(context, [name for name in alive if len(remaining[name])])
    sums = {
        reading: PooledAccumulator(counts, balanced=balanced, shrinkage=shrinkage)
        for reading in readings
    }
    read_by = defaultdict[str, list[tuple[str, str]]](list)
    for reading in readings:
        read_by[reading[1]].append(reading)
    with evaluation_mode(context.model), torch.no_grad():
        for x, y in batches(train, context.model):

            def look(reader: str, values: Tensor, y: Tensor = y) -> None:
                rows, labels = _rows(modules[reader], values, y), y[y >= 0]
                for reading in read_by[reader]:
                    features = sorted_by_unit(rows, readings[reading]).mean(dim=2)
                    features = features[:, remaining[reading[0]].to(values.device)]
                    sums[reading].update(features, labels)

            with observing({reader: modules[reader] for reader in read_by}, look):
                labelled_logits(context.model, x, y)
    return {reading: total.result() for reading, total in sums.items()}


def _rows(layer: nn.Module, values: Tensor, y: Tensor) -> Tensor:
    """What a layer reads for each label: of maps of labels, what it reads at the label's place."""
    if not is_map(y):
        return values
    rows = read_at(values, y, channels_last=isinstance(layer, nn.Linear))
    if rows is None or values.ndim == 2:
        raise InputError(
            f"a layer reads inputs of shape {tuple(values.shape[1:])}, which have no place for "
            "each label; score units by weights (magnitude) or gradients (taylor)"
        )
    return rows
