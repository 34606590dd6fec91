"""What can be pruned in a network: its weight matrices, and the units between them."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from leastloss.errors import InputError
from leastloss.models.binarize import BinaryLinear
from leastloss.names import choose

Layer: TypeAlias = nn.Linear | nn.Conv2d
Masks: TypeAlias = dict[str, Tensor]
"""Layer name -> bool tensor of the weight's shape, True where the weight is kept."""


def weight_layers(model: nn.Module) -> dict[str, Layer]:
    """All linear and convolution layers, in the order of ``named_modules``, prunable or not.

    Example:
        >>> list(weight_layers(nn.Sequential(nn.LazyLinear(4), nn.ReLU())))
        ['0']
    """
    return {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)}


def own_weights(model: nn.Module) -> list[str]:
    """Names of the layers whose weight is a parameter of that layer alone, and there already.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
        >>> net[1].weight = net[0].weight
        >>> own_weights(net)
        ['2']
    """
    weights: dict[str, Tensor | None] = {
        name: layer._parameters.get("weight") for name, layer in weight_layers(model).items()
    }
    owners = Counter(id(weight) for weight in weights.values())
    return [
        name
        for name, weight in weights.items()
        if weight is not None and not is_lazy(weight) and owners[id(weight)] == 1
    ]


def prunable_layers(model: nn.Module, names: Sequence[str] | None = None) -> dict[str, Layer]:
    """Find the linear and convolution layers of a network, in the order of ``named_modules``.

    Args:
        model: Any network.
        names: The layers to keep, by name; all of them when omitted.

    Raises:
        InputError: If there are none, if a name is unknown, or if a weight is not finite, not
            there yet (a lazy layer), shared by two layers, or not a parameter of its layer.

    Example:
        >>> list(prunable_layers(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))))
        ['0', '2']
    """
    every = found = weight_layers(model)
    if not found:
        kind = type(model).__name__
        raise InputError(f"{kind} has no prunable layer; Linear and Conv2d layers can be pruned")
    if names is not None:
        wanted = {choose("layer", name, found) for name in names}
        if not wanted:
            raise InputError(f"no layer is named; there are: {', '.join(found)}")
        found = {n: m for n, m in found.items() if n in wanted}
    for name, layer in found.items():
        if "weight" not in layer._parameters:
            raise InputError(
                f"the weight of layer {name!r} is computed from others (parametrized, or masked by "
                "torch.nn.utils); make it a plain parameter first"
            )
        if is_lazy(layer.weight):
            raise InputError(
                f"layer {name!r} is lazy and has no weights yet; run the network on a sample first"
            )
        if not torch.isfinite(layer.weight).all():
            raise InputError(f"layer {name!r} has weights that are not finite (NaN or infinity)")
    owners: dict[int, str] = {}
    for name, layer in every.items():
        first = owners.setdefault(id(layer._parameters.get("weight", layer)), name)
        if first != name and (first in found or name in found):
            raise InputError(f"layers {first!r} and {name!r} share one weight; prune them untied")
    return found


PRUNED = "pruning_mask"
"""Buffer in which a pruned float layer remembers its mask; not part of its ``state_dict``."""


def mask_of(layer: Layer) -> Tensor | None:
    """The mask that a layer was pruned with, if any; 1 or True is kept."""
    return layer.mask if isinstance(layer, BinaryLinear) else getattr(layer, PRUNED, None)


def watch_flips(model: nn.Module) -> None:
    """Let binary layers count sign flips from here on: training calls it before its first step."""
    for layer in model.modules():
        if isinstance(layer, BinaryLinear):
            layer.watch_()


@torch.no_grad()
def hold_masks(model: nn.Module) -> None:
    """After an optimiser step: pruned weights stay pruned, latent weights in their window."""
    for layer in model.modules():
        if isinstance(layer, BinaryLinear):
            layer.clip_()
        elif isinstance(layer, nn.Linear | nn.Conv2d) and (mask := mask_of(layer)) is not None:
            layer.weight.mul_(mask)


@torch.no_grad()
def effective_weight(layer: Layer) -> Tensor:
    """The weights that the layer multiplies with, detached; shape of ``layer.weight``.

    Signs times mask for a ``BinaryLinear``, the weights themselves for any other layer.
    """
    if isinstance(layer, BinaryLinear):
        return layer.effective_weight()
    return layer.weight.detach().clone()


def hidden_units(model: nn.Module) -> dict[str, str]:
    """Pair each layer of hidden units with the layer that consumes them.

    The units of a convolution are its channels. Registration alone is looked at;
    :func:`leastloss.models.chain.check_chain` runs the network.

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
        >>> sort_by_unit(torch.arange(4).reshape(1, 4), 2).tolist()
        [[[0, 1], [2, 3]]]
    """
    return values.reshape(len(values), units, -1)
