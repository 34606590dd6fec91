"""Weights without what was pruned: kept values, where they stand, and signs as single bits."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from leastloss.models.binary_layers import BinaryLayer
from leastloss.models.layers import Masks, weight_layers

KEPT, BITS, GAPS = "kept/", "bits/", "gaps/"
"""Of a layer: the values it keeps, and where, as one bit a weight or as distances in bytes."""

PACKED = (KEPT, BITS, GAPS)
_SKIP, _FAR = 255, 254  # a byte that passes over so many weights, none of them kept


def pack(model: nn.Module, masks: Masks) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Pack the weights of a network; the masks say what each layer keeps.

    Of a pruned layer its kept weights are written, in C order, and where they stand: as a bit for
    each weight, or, where that is smaller, as the distances between them. Of a binary layer the
    signs of its kept weights are written, a bit each; its latent weights and counts of flips,
    which nothing but further training reads, are not.

    Returns:
        The packed tensors, and the rest of the network's state. A layer whose removed weights are
        not zero, or that has no weight of its own, is left in the state, and its mask is packed.

    Example:
        >>> net = nn.Linear(16, 1, bias=False)
        >>> mask = torch.arange(16)[None] == 3
        >>> with torch.no_grad():
        ...     _ = net.weight.fill_(0.5).mul_(mask)
        >>> pack(net, {"": mask})
        ({'kept/': tensor([0.5000]), 'gaps/': tensor([4], dtype=torch.uint8)}, {})
    """
    tensors: dict[str, Tensor] = {}
    state = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    for name, layer in weight_layers(model).items():
        key = f"{name}.".removeprefix(".")
        mask = masks[name].detach().cpu().bool() if name in masks else None
        weight = state.get(f"{key}weight")
        if isinstance(layer, BinaryLayer):
            layer_mask = layer.mask.detach().cpu().bool()
            mask = layer_mask if mask is None else mask
            if torch.equal(mask, layer_mask):
                signs = layer.weight.detach().cpu()[mask] >= 0
                tensors[KEPT + name] = _bits(signs)
                for part in ("weight", "mask", "flips"):
                    del state[f"{key}{part}"]
        elif mask is not None and weight is not None and not weight[~mask].any():
            tensors[KEPT + name] = weight[mask]
            del state[f"{key}weight"]
        if mask is not None and not (mask.all() and KEPT + name in tensors):
            tensors |= _places(name, mask)
    return tensors, state


def unpack(tensors: Mapping[str, Tensor], network: nn.Module) -> tuple[dict[str, Tensor], Masks]:
    """Undo :func:`pack`, for a network of the same layers.

    It may be one of shapes alone: nothing larger is made.

    Returns:
        The entries of the state that were packed, and the masks.

    Raises:
        LookupError: If there is no such layer.
        ValueError: If a tensor is of another size or type than the layer.
    """
    state: dict[str, Tensor] = {}
    masks: Masks = {}
    layers = weight_layers(network)
    for name in dict.fromkeys(key.split("/", 1)[1] for key in tensors):
        layer = layers[name]
        shape, key = layer.weight.shape, f"{name}.".removeprefix(".")
        mask = _mask(name, tensors, shape.numel()).reshape(shape)
        if not mask.all() or KEPT + name not in tensors:
            masks[name] = mask
        if (kept := tensors.get(KEPT + name)) is None:
            continue
        count = int(mask.sum())
        if isinstance(layer, BinaryLayer):
            kept = torch.where(_from_bits(name, kept, count), 1.0, -1.0)
            state[f"{key}mask"] = mask.float()
            state[f"{key}flips"] = torch.zeros(shape, dtype=torch.int32)
        if kept.shape != (count,) or not kept.is_floating_point():
            raise ValueError(
                f"layer {name!r} keeps {count} weights, and the file holds {kept.dtype} of shape "
                f"{tuple(kept.shape)}"
            )
        state[f"{key}weight"] = torch.zeros(shape, dtype=kept.dtype).masked_scatter(mask, kept)
    return state, masks


def _places(name: str, mask: Tensor) -> dict[str, Tensor]:
    bits, gaps = _bits(mask.flatten()), _gaps(mask.flatten().numpy())
    return {BITS + name: bits} if len(bits) <= len(gaps) else {GAPS + name: torch.from_numpy(gaps)}


def _mask(name: str, tensors: Mapping[str, Tensor], size: int) -> Tensor:
    if BITS + name in tensors:
        return _from_bits(name, tensors[BITS + name], size)
    if GAPS + name not in tensors:
        return torch.ones(size, dtype=torch.bool)
    gaps = _bytes(name, tensors[GAPS + name])
    skips = gaps == _SKIP
    ends = np.cumsum(np.where(skips, _FAR, gaps), dtype=np.int64)
    end = int(ends[-1]) if len(ends) else 0
    if (gaps == 0).any() or not 0 <= size - end < _FAR:
        raise ValueError(f"the distances of layer {name!r} do not add up to its {size} weights")
    mask = np.zeros(size, dtype=bool)
    mask[ends[~skips] - 1] = True
    return torch.from_numpy(mask)


def _gaps(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Distances from each kept weight to the next, in one byte or, beyond 254, more."""
    places = np.flatnonzero(mask)
    distances = np.diff(places, prepend=-1)
    rest = len(mask) - 1 - (places[-1] if len(places) else -1)
    repeats = (distances - 1) // _FAR
    written = np.full(int(repeats.sum()) + len(places) + int(rest // _FAR), _SKIP, dtype=np.uint8)
    written[np.cumsum(repeats + 1) - 1] = (distances - 1) % _FAR + 1
    return written


def _bits(flags: Tensor) -> Tensor:
    return torch.from_numpy(np.packbits(flags.numpy()))


def _from_bits(name: str, tensor: Tensor, size: int) -> Tensor:
    written = _bytes(name, tensor)
    flags = np.unpackbits(written)
    if len(written) != -(-size // 8) or flags[size:].any():
        raise ValueError(f"the bits of layer {name!r} are not {size}, but of {len(written)} bytes")
    return torch.from_numpy(flags[:size].astype(bool))


def _bytes(name: str, tensor: Tensor) -> NDArray[np.uint8]:
    if tensor.dtype != torch.uint8 or tensor.ndim != 1:
        raise ValueError(f"the bits of layer {name!r} are {tensor.dtype}, and must be bytes")
    array: NDArray[np.uint8] = tensor.numpy()
    return array
