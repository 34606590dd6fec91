"""Networks by name."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod

import torch
from torch import nn

from leastloss.models.convnet import ConvNet
from leastloss.models.mlp import MLP, BinarizedMLP
from leastloss.names import choose

MODELS: dict[str, Callable[..., nn.Module]] = {
    "binarized-mlp": BinarizedMLP,
    "mlp": MLP,
    "mlp-no-bias": partial(MLP, bias=False),
    "convnet": ConvNet,
}


def build_model(
    name: str,
    shape: int | Sequence[int],
    hidden: Sequence[int],
    classes: int,
    *,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Build a network by name.

    Args:
        name: One of ``MODELS``.
        shape: Shape of one sample, or the number of its values.
        hidden: Widths of the hidden layers.
        classes: Number of classes.
        generator: Source of the initial weights; the global one when omitted.

    Raises:
        InputError: If the name is unknown, a width is impossible, or the samples are no images and
            the network needs them.

    Example:
        >>> type(build_model("mlp", 64, (32,), 10)).__name__
        'MLP'
    """
    sides = (shape,) if isinstance(shape, int) else tuple(shape)
    model = MODELS[choose("model", name, MODELS)]
    inputs = sides if model is ConvNet else prod(sides)
    return model(inputs, hidden, classes, generator=generator)
