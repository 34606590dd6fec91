"""Multilayer perceptrons: binary (weights and activations in {-1, +1}) and float (ReLU)."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.errors import InputError, shown
from leastloss.models.binarize import Binarize
from leastloss.models.binary_layers import BinaryLinear

_MOST = 2**62  # torch's own message beyond it is not about memory


def check_memory(sizes: Iterable[int]) -> None:
    """Ask for as many float32 values at once as a network's matrices have; nothing is filled.

    Torch raises a RuntimeError if there is no such memory. Layers are made one after the other: a
    first one that is merely large would be filled for minutes before the next is refused.

    Example:
        >>> check_memory([64 * 32, 32 * 10])
    """
    torch.empty(min(sum(sizes), _MOST))


def _check(features: int, hidden: Sequence[int], classes: int) -> None:
    if features < 1 or classes < 2 or any(width < 1 for width in hidden):
        raise InputError(
            f"features={features}, hidden={shown(tuple(hidden))}, classes={classes}: "
            "widths must be at least 1 and classes at least 2"
        )
    check_memory(a * b for a, b in pairwise((features, *hidden, classes)))


@checked
class BinarizedMLP(nn.Module):
    """A perceptron with binary weights and binary hidden activations.

    Each layer is ``BinaryLinear`` followed by BatchNorm; hidden layers end in the sign. Pixels in
    [0, 1] are centred to [-1, 1] and enter unbinarized, as is the custom.

    Args:
        features: Inputs per sample, after flattening.
        hidden: Width of each hidden layer; may be empty.
        classes: Number of classes.
        generator: Source of the initial weights; the global one when omitted.

    Raises:
        InputError: If a width is below 1 or there are fewer than two classes.
        ResourceError: If there is not enough memory for it.

    Example:
        >>> model = BinarizedMLP(64, hidden=(32, 16), classes=10)
        >>> model(torch.zeros(5, 1, 8, 8)).shape
        torch.Size([5, 10])
    """

    def __init__(
        self,
        features: int,
        hidden: Sequence[int] = (32, 32),
        classes: int = 10,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check(features, hidden, classes)
        self.features, self.hidden, self.classes = features, tuple(hidden), classes
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise((features, *hidden, classes)):
            layer = BinaryLinear(fan_in, fan_out)
            # The smaller the latent weights, the sooner Adam's steps can flip their signs.
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            layers += [layer, nn.BatchNorm1d(fan_out), Binarize()]
        self.layers = nn.Sequential(*layers[:-1])

    @property
    def sizes(self) -> dict[str, object]:
        """The arguments that build a network of this kind and size."""
        return {"features": self.features, "hidden": self.hidden, "classes": self.classes}

    def forward(self, x: Tensor) -> Tensor:
        """Map pixels of shape (n, ...) in [0, 1] to logits of shape (n, classes)."""
        logits: Tensor = self.layers(2.0 * x.flatten(1) - 1.0)
        return logits


@checked
class MLP(nn.Module):
    """A perceptron with ReLU activations and real weights.

    Args:
        features: Inputs per sample, after flattening.
        hidden: Width of each hidden layer; may be empty.
        classes: Number of classes.
        bias: Whether the layers have biases.
        generator: Source of the initial weights; the global one when omitted.

    Raises:
        InputError: If a width is below 1 or there are fewer than two classes.
        ResourceError: If there is not enough memory for it.

    Example:
        >>> MLP(784, hidden=(300, 100), classes=10)(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        features: int,
        hidden: Sequence[int] = (300, 100),
        classes: int = 10,
        *,
        bias: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check(features, hidden, classes)
        self.features, self.hidden, self.classes = features, tuple(hidden), classes
        self.bias = bias
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise((features, *hidden, classes)):
            layer = nn.Linear(fan_in, fan_out, bias=bias)
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            if bias:
                nn.init.zeros_(layer.bias)
            layers += [layer, nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    @property
    def sizes(self) -> dict[str, object]:
        """The arguments that build a network of this kind and size."""
        sizes = {"features": self.features, "hidden": self.hidden, "classes": self.classes}
        return sizes | {"bias": self.bias}

    def forward(self, x: Tensor) -> Tensor:
        """Map pixels of shape (n, ...) in [0, 1] to logits of shape (n, classes)."""
        logits: Tensor = self.layers(x.flatten(1))
        return logits
