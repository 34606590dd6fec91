"""A small convolutional network of binary weights and activations."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.models.binarize import Binarize
from leastloss.models.binary_layers import BinaryConv2d, BinaryLayer, BinaryLinear
from leastloss.models.convnet import ConvNet


@checked
class BinarizedConvNet(ConvNet):
    """A :class:`ConvNet` whose weights and hidden activations are signs.

    Blocks are Conv3x3, pooling where there is one, BatchNorm and the sign, as Courbariaux et al.
    2016 have them ("Binarized Neural Networks"). Pixels in [0, 1] are centred to [-1, 1] and enter
    unbinarized. Arguments as of :class:`ConvNet`.

    Raises:
        InputError: As :class:`ConvNet` does.

    Example:
        >>> model = BinarizedConvNet((1, 28, 28), hidden=(8, 16, 32), classes=10)
        >>> [type(layer).__name__ for layer in model.layers[:4]]
        ['BinaryConv2d', 'MaxPool2d', 'BatchNorm2d', 'Binarize']
        >>> model(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def _block(self, channels: int, block: int, *, pooled: bool) -> list[nn.Module]:
        # Sums of signs are pooled, not signs: those would hardly ever differ.
        pool = [nn.MaxPool2d(2)] if pooled else []
        conv = BinaryConv2d(channels, block, kernel_size=3, padding=1)
        return [conv, *pool, nn.BatchNorm2d(block), Binarize()]

    def _head(self, features: int) -> list[nn.Module]:
        width = self.hidden[-1]
        inner, last = BinaryLinear(features, width), BinaryLinear(width, self.classes)
        return [inner, nn.BatchNorm1d(width), Binarize(), last, nn.BatchNorm1d(self.classes)]

    def _begin(self, layers: Iterable[nn.Module], generator: torch.Generator | None) -> None:
        for layer in layers:
            if isinstance(layer, BinaryLayer):
                nn.init.xavier_uniform_(layer.weight, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map pixels of shape (n, ...) in [0, 1] to logits of shape (n, classes)."""
        return super().forward(2.0 * x - 1.0)
