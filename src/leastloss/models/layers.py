"""What can be pruned in a network: its weight matrices, and the units between them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from leastloss.errors import InputError, choose
from leastloss.models.binary_layers import BinaryLayer

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


def any_binary(modules: Iterable[nn.Module]) -> bool:
    """Whether one of them is a binary layer, whose weights cannot be set to real numbers.

    Example:
        >>> from leastloss.models import BinaryLinear
        >>> any_binary([nn.Linear(2, 2), BinaryLinear(2, 2)])
        True
    """
    return any(isinstance(module, BinaryLayer) for module in modules)


def has_maps(model: nn.Module) -> bool:
    """Whether a network has convolutions, so that a sample takes much memory.

    Example:
        >>> has_maps(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()))
        True
    """
    return any(isinstance(module, nn.Conv2d) for module in model.modules())


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
        InputError: If there are none, if a name is unknown or given twice, or if a weight is not
            finite, not there yet (a lazy layer), shared by two layers, or not a parameter of its
            layer.

    Example:
        >>> list(prunable_layers(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))))
        ['0', '2']
    """
    all_layers = layers = weight_layers(model)
    if not layers:
        kind = type(model).__name__
        raise InputError(f"{kind} has no prunable layer; Linear and Conv2d layers can be pruned")
    if names is not None:
        if len(set(names)) < len(names):
            raise InputError(f"layers are {', '.join(names)}; each may be named once")
        wanted = {choose("layer", name, layers) for name in names}
        if not wanted:
            raise InputError(f"no layer is named; there are: {', '.join(layers)}")
        layers = {n: m for n, m in layers.items() if n in wanted}
    for name, layer in layers.items():
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
    for name, layer in all_layers.items():
        first = owners.setdefault(id(layer._parameters.get("weight", layer)), name)
        if first != name and (first in layers or name in layers):
            raise InputError(f"layers {first!r} and {name!r} share one weight; prune them untied")
    return layers


PRUNED = "pruning_mask"
"""Buffer in which a pruned float layer remembers its mask; not part of its ``state_dict``."""


def mask_of(layer: Layer) -> Tensor | None:
    """The mask that a layer was pruned with, if any; 1 or True is kept."""
    return layer.mask if isinstance(layer, BinaryLayer) else getattr(layer, PRUNED, None)


def watch_flips(model: nn.Module) -> None:
    """Let binary layers count sign flips from here on: training calls it before its first step."""
    for layer in model.modules():
        if isinstance(layer, BinaryLayer):
            layer.watch_()


@torch.no_grad()
def hold_masks(model: nn.Module, masks: Masks) -> None:
    """After an optimiser step: pruned weights stay pruned, latent weights in their window.

    Args:
        model: The network.
        masks: Masks by layer, beside those that layers remember.
    """
    for name, layer in weight_layers(model).items():
        if isinstance(layer, BinaryLayer):
            layer.clip_()
        elif (mask := masks.get(name, mask_of(layer))) is not None:
            layer.weight.mul_(mask)


@torch.no_grad()
def effective_weight(layer: Layer) -> Tensor:
    """The weights that the layer multiplies with, detached; shape of ``layer.weight``.

    Signs times mask for a binary layer, the weights themselves for any other layer.
    """
    if isinstance(layer, BinaryLayer):
        return layer.effective_weight()
    return layer.weight.detach().clone()
