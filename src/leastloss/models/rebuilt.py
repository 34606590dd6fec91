"""Networks of this package, built again from what a file says of them and what it holds."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from leastloss.errors import InputError, ResourceError
from leastloss.models.convnet import BinarizedConvNet, ConvNet
from leastloss.models.mlp import MLP, BinarizedMLP
from leastloss.models.resnet import ResNet
from leastloss.models.torchvision_network import TorchvisionNetwork

_KINDS: dict[str, type[MLP | BinarizedMLP | ConvNet | ResNet | TorchvisionNetwork]] = {
    "mlp": MLP,
    "binarized-mlp": BinarizedMLP,
    "convnet": ConvNet,
    "binarized-convnet": BinarizedConvNet,
    "resnet": ResNet,
    "torchvision": TorchvisionNetwork,
}


def description(model: nn.Module) -> dict[str, object]:
    """What :func:`builder_of` builds a network of this package from; empty for any other.

    Raises:
        InputError: If its layers were changed by hand: nobody could read it again.

    Example:
        >>> description(MLP(4, (3,), 2, bias=False))
        {'model': 'mlp', 'features': 4, 'hidden': (3,), 'classes': 2, 'bias': False}
    """
    # A class that builds on another one stands behind it.
    for kind, network in reversed(_KINDS.items()):
        if isinstance(model, network):
            about = {"model": kind} | model.sizes
            odd = mismatched(without_weights(builder_of(about)), model)
            if odd:
                raise InputError(
                    f"a {type(model).__name__} of {model.sizes} has no such {odd[0]}: it was "
                    "changed by hand and could not be built again; save its state_dict"
                )
            return about
    return {}


def mismatched(first: nn.Module, second: nn.Module) -> list[str]:
    """Entries of the states of two networks that one of them lacks, or has in another shape.

    Example:
        >>> mismatched(nn.Linear(3, 2), nn.Linear(4, 2, bias=False))
        ['bias', 'weight']
    """
    ours, theirs = first.state_dict(), second.state_dict()
    odd = [name for name in {**ours, **theirs} if name not in ours or name not in theirs]
    return odd + [
        name for name in ours if name in theirs and ours[name].shape != theirs[name].shape
    ]


def builder_of(description: Mapping[str, Any]) -> Callable[[], nn.Module]:
    """What builds the network of a :func:`description`; a LookupError if it names no kind."""
    sizes = dict(description)
    return partial(_KINDS[sizes.pop("model")], **sizes)


def without_weights(build: Callable[[], nn.Module]) -> nn.Module:
    """The network as shapes alone; a ValueError for sizes of a damaged file, as no memory holds."""
    try:
        with torch.device("meta"):
            return build()
    except ResourceError as error:
        raise ValueError(str(error)) from error


def check_shapes(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Refuse a state of other shapes, before anything is built.

    Sizes that somebody tampered with would ask for any amount of memory.

    Raises:
        ValueError: If the state is of another network.
    """
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    for name in sorted({*shapes, *state}):
        ours, theirs = shapes.get(name), state[name].shape if name in state else None
        if ours != theirs:
            stated = ["none" if shape is None else tuple(shape) for shape in (theirs, ours)]
            raise ValueError(f"{name} has the shape {stated[0]}, and by its sizes {stated[1]}")
