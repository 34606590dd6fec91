"""The units between layers: who makes them, who reads them, and which weights are whose."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models.layers import Layer, prunable_layers


@dataclass(frozen=True, eq=False)
class CoupledLayers:
    """Layers that share their units: a unit is rows of some of them and columns of others.

    Attributes:
        rows: Layer that makes the units -> its rows of each unit, shape (units, rows of a unit). A
            depthwise convolution, which takes every channel for itself, makes them anew.
        columns: Layer that reads the units -> its columns of each, numbered as in the second
            dimension of its weight, shape (units, columns of a unit).
        norms: BatchNorm that the units pass -> its channels of each, shape (units, channels); None
            in a chain, where nobody has looked.
        attention: Module whose heads the units are; None: they are channels.

    Example:
        >>> layers = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(12, 2))
        >>> chain_units(layers)["0"].columns["2"].tolist()
        [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    """

    rows: Mapping[str, Tensor]
    columns: Mapping[str, Tensor]
    norms: Mapping[str, Tensor] | None = None
    attention: str | None = None

    def __len__(self) -> int:
        """How many units there are."""
        return len(next(iter(self.rows.values())))

    def entering(self, values: Mapping[str, Tensor]) -> Tensor:
        """Values of all layers' weights, of those that enter each unit: (units, weights)."""
        return torch.cat([values[n][rows].flatten(1) for n, rows in self.rows.items()], dim=1)

    def leaving(self, values: Mapping[str, Tensor]) -> Tensor:
        """Values of all layers' weights, of those that leave each unit: (units, weights)."""
        read = [values[n].transpose(0, 1)[columns] for n, columns in self.columns.items()]
        return torch.cat([part.flatten(1) for part in read], dim=1)


Units: TypeAlias = dict[str, CoupledLayers]
"""First of the layers that make some units -> all that make them or read them."""


def chain_units(model: nn.Module) -> Units:
    """The units of a chain of layers, as :func:`hidden_units` pairs them.

    Raises:
        InputError: As :func:`hidden_units`.

    Example:
        >>> list(chain_units(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))))
        ['0']
    """
    layers = prunable_layers(model)
    units: Units = {}
    for name, reader in hidden_units(model).items():
        count = len(layers[name].weight)
        inputs = torch.arange(layers[reader].weight.shape[1]).reshape(count, -1)
        units[name] = CoupledLayers({name: torch.arange(count)[:, None]}, {reader: inputs})
    return units


def hidden_units(model: nn.Module) -> dict[str, str]:
    """Pair each layer of hidden units with the layer that consumes them.

    The units of a convolution are its channels. Registration alone is looked at;
    :func:`leastloss.models.unit_search.checked_chain` runs the network.

    Args:
        model: A chain of ``nn.Linear`` and ``nn.Conv2d`` layers. Between them may be anything that
            keeps units apart: activations, BatchNorm, dropout, pooling, flattening.

    Returns:
        Name of the producing layer -> name of the consuming layer, in order.

    Raises:
        InputError: If the network is not such a chain or has no hidden layer.

    Example:
        >>> hidden_units(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
        {'0': '2'}
        >>> hidden_units(nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(12, 2)))
        {'0': '2'}
    """
    layers = prunable_layers(model)
    pairs = list(pairwise(layers.items()))
    if not pairs:
        raise InputError("the network has no hidden layer, so it has no units; prune its weights")
    for (first, before), (second, after) in pairs:
        if not _fits(before, after):
            raise InputError(
                "units can be pruned in a plain chain of Linear and Conv2d layers only, and "
                f"{first!r} does not feed {second!r}, the layer after it; use the granularity "
                "'weight'"
            )
        if isinstance(after, nn.Conv2d) and after.groups > 1:
            raise InputError(
                f"layer {second!r} has {after.groups} groups, so not every channel reads the units "
                f"of {first!r}; use the granularity 'weight'"
            )
    return {first: second for (first, _), (second, _) in pairs}


def _fits(before: Layer, after: Layer) -> bool:
    """Whether one layer can read the units of another: each, or each at all of its positions."""
    units = len(before.weight)
    if isinstance(after, nn.Conv2d):
        return isinstance(before, nn.Conv2d) and after.in_channels == units
    spread = after.in_features % units == 0 and isinstance(before, nn.Conv2d)
    return after.in_features == units or spread


def sort_by_unit(values: Tensor, units: int) -> Tensor:
    """Sort what belongs to the inputs of a consuming layer by the units that they come from.

    Args:
        values: Weights of the layer or a mask of them, shape (outputs, inputs, ...).
        units: Number of units that the layer reads. A linear layer behind a flattened map has one
            input for each unit and position, those of one unit side by side.

    Returns:
        Shape (outputs, units, weights per unit).

    Example:
        >>> import torch
        >>> sort_by_unit(torch.arange(4).reshape(1, 4), 2).tolist()
        [[[0, 1], [2, 3]]]
    """
    return values.reshape(len(values), units, -1)
