"""Networks by name."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod

import torch
from torch import nn

from leastloss.errors import InputError, choose
from leastloss.models.convnet import BinarizedConvNet, ConvNet
from leastloss.models.mlp import MLP, BinarizedMLP
from leastloss.models.own_networks import function_network, own_network
from leastloss.models.resnet import ResNet
from leastloss.models.torchvision_network import (
    SMALL_IMAGES,
    TorchvisionNetwork,
    torchvision_names,
)
from leastloss.plan import OF_WIDTHS

MODELS: dict[str, Callable[..., nn.Module]] = {
    "binarized-mlp": BinarizedMLP,
    "mlp": MLP,
    "mlp-no-bias": partial(MLP, bias=False),
    "convnet": ConvNet,
    "binarized-convnet": BinarizedConvNet,
    "resnet8": partial(ResNet, blocks=1, shortcut="conv"),
    "resnet20": partial(ResNet, blocks=3),
    "resnet20-b": partial(ResNet, blocks=3, shortcut="conv-bn"),
    "resnet32": partial(ResNet, blocks=5),
    "resnet56": partial(ResNet, blocks=9),
    **{name: partial(TorchvisionNetwork, name=name) for name in SMALL_IMAGES},
}
"""Networks by name; the names of torchvision's are taken too, see :func:`known_model`."""

_OTHERS = "those of torchvision, as resnet18, and your own: module:function, models:/NAME@ALIAS, \
runs:/ID/PATH or a .pt2 file"


def known_model(name: str) -> str:
    """Return a name that :func:`build_model` takes, or that of a network from elsewhere.

    Raises:
        InputError: If it is none.

    Example:
        >>> known_model("resnet20"), known_model("resnet18")
        ('resnet20', 'resnet18')
    """
    if name in MODELS or own_network(name):
        return name
    every = [*MODELS, *torchvision_names()]
    return choose("model", name, every, listed=[*MODELS, _OTHERS])


def build_model(
    name: str,
    shape: int | Sequence[int],
    hidden: Sequence[int],
    classes: int,
    *,
    normalize: str = "auto",
    forward: str = "",
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Build a network by name.

    Args:
        name: One of ``MODELS``, a classification network of torchvision, or your own by
            ``module:function`` (see :func:`leastloss.models.own_networks.function_network`).
        shape: Shape of one sample, or the number of its values.
        hidden: Widths of the hidden layers of a perceptron or ConvNet; others have their own.
        classes: Number of classes.
        normalize: What pixels in [0, 1] become first, see
            :func:`leastloss.models.images.normalization_for`; perceptrons and ConvNets take
            them as they are.
        forward: The function that runs a network of your own, as ``module:function``; see
            :func:`leastloss.models.own_networks.as_classifier`.
        generator: Source of the initial weights; the global one when omitted.

    Raises:
        InputError: If the name is unknown, a width is impossible, or the samples are no images, or
            none of a size that the network runs on, and it needs them; or if there is no
            ``normalize`` to choose.

    Example:
        >>> type(build_model("mlp", 64, (32,), 10)).__name__
        'MLP'
    """
    sides = (shape,) if isinstance(shape, int) else tuple(shape)
    if kind := own_network(name):
        if normalize != "auto":
            raise InputError(
                f"normalize is {normalize!r}, and a network of your own takes samples as they are; "
                "it belongs to resnets and the networks of torchvision"
            )
        if kind != "function":
            raise InputError(f"{name!r} has its weights already; the commands fetch it")
        return function_network(name, sides, classes, forward=forward, generator=generator)
    if forward:
        raise InputError(
            f"forward is {forward!r}, and a {name} is run as it is; it belongs to a network of "
            "your own, as model=module:function"
        )
    if known_model(name) in OF_WIDTHS:
        if normalize != "auto":
            raise InputError(
                f"normalize is {normalize!r}, and a {name} takes pixels as they are; it belongs to "
                "resnets and the networks of torchvision"
            )
        inputs = sides if name in ("convnet", "binarized-convnet") else prod(sides)
        return MODELS[name](inputs, hidden, classes, generator=generator)
    network = MODELS.get(name) or partial(TorchvisionNetwork, name=name)
    return network(sides, classes=classes, normalize=normalize, generator=generator)
