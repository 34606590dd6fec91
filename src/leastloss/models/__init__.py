"""Networks that can be trained, and what can be pruned in any network."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from leastloss.models.binarize import BinaryLinear, binarize
from leastloss.models.mlp import MLP, BinarizedMLP
from leastloss.names import choose

__all__ = ["MLP", "MODELS", "BinarizedMLP", "BinaryLinear", "binarize", "build_model"]

MODELS: dict[str, Callable[..., nn.Module]] = {
    "binarized-mlp": BinarizedMLP,
    "mlp": MLP,
}


def build_model(
    name: str,
    features: int,
    hidden: Sequence[int],
    classes: int,
    *,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Build a network by name.

    Raises:
        InputError: If the name is unknown or a width is impossible.

    Example:
        >>> type(build_model("mlp", 64, (32,), 10)).__name__
        'MLP'
    """
    model = MODELS[choose("model", name, MODELS)]
    return model(features, hidden, classes, generator=generator)
