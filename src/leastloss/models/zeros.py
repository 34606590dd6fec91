"""Zeros that a network arrives with: what was pruned before is found, counted and held."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from leastloss.errors import choose
from leastloss.models.binary_layers import BinaryLayer
from leastloss.models.layers import PRUNED, Layer, Masks, mask_of, weight_layers

ZEROS: dict[str, str] = {
    "held": "zeros that a network arrives with count as removed and stay zero",
    "free": "they are weights like all others and may come back; masks are given up",
}

_CHANCE = 2**-14
"""Share of a layer up to which zeros are chance: one float32 in 2**24 is drawn as exactly 0."""


def zeros_of(model: nn.Module) -> Masks:
    """Masks of the layers that hold zeros from an earlier pruning; a layer without any is absent.

    A mask that a layer remembers is the truth: that of a binary layer, in which a latent weight
    of 0 is +1, and that of a float layer pruned by this package. Of any other Linear or Conv2d
    layer, weights of exactly 0 count, unless the layer is zero altogether, as heads often are at
    their start, or they are so few (1 of 16,384) that a random start explains them.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        >>> with torch.no_grad():
        ...     _ = net[0].weight.fill_(1.0)[0, 1].zero_(), net[1].weight.zero_()
        >>> zeros_of(net)
        {'0': tensor([[ True, False],
                [ True,  True]])}
    """
    by_layer = {name: _mask_from_zeros(layer) for name, layer in weight_layers(model).items()}
    return {name: mask for name, mask in by_layer.items() if mask is not None and not mask.all()}


def _mask_from_zeros(layer: Layer) -> Tensor | None:
    mask, weight = mask_of(layer), plain_weight(layer)
    if mask is not None:
        return mask.bool()
    if weight is None:
        return None
    nonzero: Tensor = weight.detach() != 0
    zeros = nonzero.numel() - int(nonzero.sum())
    return nonzero if _CHANCE * nonzero.numel() < zeros < nonzero.numel() else None


def hold_zeros(model: nn.Module, zeros: str) -> Masks:
    """Let layers remember the zeros that they hold, or give them up; the network is changed.

    Returns:
        The masks that are held; empty if they are given up.

    Raises:
        InputError: If ``zeros`` is none of ``ZEROS``.
    """
    if choose("treatment of zeros", zeros, ZEROS) == "free":
        give_up_masks(model)
        return {}
    masks, layers = zeros_of(model), weight_layers(model)
    for name, mask in masks.items():
        if mask_of(layers[name]) is None:
            layers[name].register_buffer(PRUNED, mask, persistent=False)
    return masks


def give_up_masks(model: nn.Module) -> None:
    """Let all layers forget what they were pruned of; binary layers get these weights back."""
    for layer in weight_layers(model).values():
        if isinstance(layer, BinaryLayer):
            layer.mask.fill_(1)
        elif mask_of(layer) is not None:
            delattr(layer, PRUNED)


def mask_for(masks: Mapping[str, Tensor], name: str, layer: Layer) -> Tensor:
    """What a repair may set in a layer: its mask, the one it remembers, or everything."""
    mask = masks.get(name, mask_of(layer))
    return torch.ones_like(layer.weight, dtype=torch.bool) if mask is None else mask.bool()


def plain_weight(layer: Layer) -> Tensor | None:
    """The weight of a layer if it is its own parameter, and there already."""
    weight: Tensor | None = layer._parameters.get("weight")
    if weight is None or is_lazy(weight) or weight.is_meta:
        return None
    return weight


def describe_zeros(model: nn.Module, masks: Masks, pruned: Sequence[str] = ()) -> str:
    """Say in one line what is held; empty if nothing is.

    Args:
        model: The network.
        masks: Masks of the layers that hold zeros.
        pruned: The layers that are pruned, in which they count as removed; empty: nothing is.

    Example:
        >>> describe_zeros(nn.Linear(2, 1), {"": torch.tensor([[True, False]])})
        "1 of 2 weights are zero already: they stay so; zeros='free' lets them come back"
    """
    if not masks:
        return ""
    layers = weight_layers(model)
    weights = {n: w for n, layer in layers.items() if (w := plain_weight(layer)) is not None}
    fate = "they count as removed and stay so" if pruned else "they stay so"
    total = sum(weights[name].numel() for name in pruned or weights)
    zeros = {name: mask.numel() - int(mask.sum()) for name, mask in masks.items()}
    counted = sum(count for name, count in zeros.items() if name in (pruned or zeros))
    others = sum(zeros.values()) - counted
    line = f"{counted:,} of {total:,} weights are zero already: {fate}"
    if not counted:
        line = "no weight of the layers that are pruned is zero already"
    line += f" ({others:,} of other layers stay zero)" if others else ""
    blank = [n for n, w in weights.items() if mask_of(layers[n]) is None and not w.detach().any()]
    line += f" (layer {blank[0]!r}, all zero without a mask, counts as untrained)" if blank else ""
    return f"{line}; zeros='free' lets them come back"


def remember_masks(model: nn.Module, masks: Masks) -> None:
    """Let the float layers of a network remember these masks and no others.

    Binary layers hold theirs in their state.

    Raises:
        ValueError: If a mask is of no layer, or of another shape than its weight.
    """
    layers = weight_layers(model)
    for name, mask in masks.items():
        if name not in layers:
            raise ValueError(f"it holds a mask of {name!r}, which is none of its layers")
        if mask.shape != layers[name].weight.shape:
            shape = tuple(layers[name].weight.shape)
            raise ValueError(f"its mask of {name!r} is of {tuple(mask.shape)}, not {shape}")
    for name, layer in layers.items():
        if isinstance(layer, BinaryLayer):
            continue
        if mask_of(layer) is not None:
            delattr(layer, PRUNED)
        if name in masks:
            layer.register_buffer(PRUNED, masks[name].to(layer.weight.device), persistent=False)
