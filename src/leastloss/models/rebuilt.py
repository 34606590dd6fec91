"""A network built again from what a file says of it, and held against what the file holds."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from leastloss.models.layers import Masks, weight_layers


def rebuilt(
    network: Callable[..., nn.Module], sizes: Mapping[str, object], state: Mapping[str, Tensor]
) -> nn.Module:
    """Build a network and fill it, in evaluation mode.

    Nothing is built before its shapes agree with those of the state: sizes that somebody tampered
    with would ask for any amount of memory.

    Args:
        network: What builds it.
        sizes: Its arguments.
        state: Name -> tensor, all that the network holds.

    Raises:
        ValueError: If the state is of another network.
    """
    with torch.device("meta"):  # shapes alone
        shapes = {name: tensor.shape for name, tensor in network(**sizes).state_dict().items()}
    for name in sorted({*shapes, *state}):
        ours, theirs = shapes.get(name), state[name].shape if name in state else None
        if ours != theirs:
            stated = [
                str(tuple(shape)) if shape is not None else "none" for shape in (theirs, ours)
            ]
            raise ValueError(f"{name} has the shape {stated[0]}, and by its sizes {stated[1]}")
    built = network(**sizes)
    built.load_state_dict(dict(state))
    return built.eval()


def check_masks(network: nn.Module, masks: Masks) -> None:
    """Refuse masks of no layer, or of another shape than its weight.

    Raises:
        ValueError: If there is one.
    """
    layers = weight_layers(network)
    for name, mask in masks.items():
        if name not in layers:
            raise ValueError(f"it holds a mask of {name!r}, which is none of its layers")
        if mask.shape != layers[name].weight.shape:
            shape = tuple(layers[name].weight.shape)
            raise ValueError(f"its mask of {name!r} is of {tuple(mask.shape)}, not {shape}")
