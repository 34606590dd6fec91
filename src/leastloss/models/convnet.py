"""Small VGG-like networks, of floats and of signs: 3x3 convolutions, BatchNorm, pooling."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from leastloss.arguments import checked
from leastloss.errors import InputError
from leastloss.models.binarize import Binarize
from leastloss.models.binary_layers import BinaryConv2d, BinaryLayer, BinaryLinear
from leastloss.models.images import OfImages
from leastloss.models.mlp import check_memory


@checked
class ConvNet(OfImages):
    """A convolutional network with ReLU activations and real weights.

    All widths but the last are blocks Conv3x3-BatchNorm-ReLU; a 2x2 max pooling halves the image
    after some of them, as in VGG (Simonyan and Zisserman 2015, with BatchNorm). The last width is
    a linear layer with ReLU, before the linear layer of logits.

    Args:
        shape: Shape of one image, (channels, height, width).
        hidden: Widths of the blocks, then that of the linear layer; two at least.
        classes: Number of classes.
        pools: Numbers of the blocks, from 0, after which the image is halved; when omitted, those
            where the width changes, and the last.
        generator: Source of the initial weights; the global one when omitted.

    Raises:
        InputError: If ``shape`` is no image, a width is below 1, fewer than two widths or classes
            are given, there is no such block, or pooling would leave nothing of the image.

    Example:
        >>> model = ConvNet((1, 28, 28), hidden=(8, 8, 16, 32), classes=10)
        >>> [type(layer).__name__ for layer in model.layers[:7]]
        ['Conv2d', 'BatchNorm2d', 'ReLU', 'Conv2d', 'BatchNorm2d', 'MaxPool2d', 'ReLU']
        >>> model(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        shape: Sequence[int],
        hidden: Sequence[int] = (8, 16, 16, 32, 32, 64),
        classes: int = 10,
        *,
        pools: Sequence[int] | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.shape, self.hidden, self.classes = tuple(shape), tuple(hidden), classes
        self.pools = usual_pools(self.hidden[:-1]) if pools is None else tuple(pools)
        self._check()
        (channels, height, width), *blocks = self.shape, *self.hidden[:-1]
        check_memory(9 * a * b for a, b in pairwise((channels, *blocks)))
        layers: list[nn.Module] = []
        for number, block in enumerate(blocks):
            pooled = number in self.pools
            layers += self._block(channels, block, pooled=pooled)
            if pooled:
                height, width = height // 2, width // 2
            channels = block
        layers += [nn.Flatten(), *self._head(channels * height * width)]
        self._begin(layers, generator)
        # Two to three times as fast on a CPU as channels first.
        self.layers = nn.Sequential(*layers).to(memory_format=torch.channels_last)

    def _block(self, channels: int, block: int, *, pooled: bool) -> list[nn.Module]:
        # BatchNorm takes the mean out again: a bias would be noise.
        conv = nn.Conv2d(channels, block, kernel_size=3, padding=1, bias=False)
        # The maximum commutes with ReLU, which then has a quarter of the work.
        pool = [nn.MaxPool2d(2)] if pooled else []
        return [conv, nn.BatchNorm2d(block), *pool, nn.ReLU()]

    def _head(self, features: int) -> list[nn.Module]:
        width = self.hidden[-1]
        return [nn.Linear(features, width), nn.ReLU(), nn.Linear(width, self.classes)]

    def _begin(self, layers: Iterable[nn.Module], generator: torch.Generator | None) -> None:
        for layer in layers:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            if isinstance(layer, nn.Linear):
                nn.init.zeros_(layer.bias)

    @property
    def sizes(self) -> dict[str, object]:
        """The arguments that build a network of this kind and size."""
        sizes = {"shape": self.shape, "hidden": self.hidden, "classes": self.classes}
        return sizes | {"pools": self.pools}

    def forward(self, x: Tensor) -> Tensor:
        """Map pixels of shape (n, ...) in [0, 1] to logits of shape (n, classes)."""
        images = self.as_images(x)
        logits: Tensor = self.layers(images.contiguous(memory_format=torch.channels_last))
        return logits

    def _check(self) -> None:
        sizes = f"shape={self.shape}, hidden={self.hidden}, classes={self.classes}"
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise InputError(f"{sizes}: a convnet needs images, shape (channels, height, width)")
        if len(self.hidden) < 2 or min(self.hidden) < 1 or self.classes < 2:
            raise InputError(
                f"{sizes}: a convnet needs two widths or more, of blocks and of a linear layer, "
                "each at least 1, and two classes or more"
            )
        blocks, halvings = len(self.hidden) - 1, len(self.pools)
        if list(self.pools) != sorted(set(self.pools) & {*range(blocks)}):
            raise InputError(
                f"{sizes}, pools={self.pools}: pools are numbers of blocks, increasing, from 0 to "
                f"{blocks - 1}"
            )
        if min(self.shape[1:]) >> halvings < 1:
            raise InputError(f"{sizes}: {halvings} poolings leave nothing of such an image")


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


def usual_pools(blocks: Sequence[int]) -> tuple[int, ...]:
    """Blocks after which an image is halved: where the width changes, and the last.

    Example:
        >>> usual_pools((8, 16, 16))
        (0, 2)
    """
    return tuple(i for i, (a, b) in enumerate(pairwise((*blocks, 0))) if a != b)
