"""Linear and convolution layers whose weights are signs times a mask."""

from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from leastloss.models.binarize import binarize, clip_and_count


class _Signs(nn.Module):
    """What binary layers have in common: effective weights are ``sign(weight) * mask``.

    ``weight`` holds the latent real weights, which training clips to [-1, 1]. ``mask`` is a buffer
    (1 kept, 0 pruned), so it travels with ``state_dict``: 0 is a legitimate latent value, and only
    the mask says what is pruned. ``flips`` is a buffer too: how often each latent weight
    changed its sign from one optimiser step to the next, in all training by ``ll.fit``.
    """

    weight: Tensor
    mask: Tensor
    flips: Tensor
    _negative: Tensor | None = None  # which weights were negative when flips were last counted

    def _begin(self) -> None:
        nn.init.xavier_uniform_(self.weight)
        self.register_buffer("mask", torch.ones_like(self.weight.detach()))
        self.register_buffer("flips", torch.zeros_like(self.mask, dtype=torch.int32))

    def effective_weight(self) -> Tensor:
        """The weights that the layer multiplies with, in {-1, 0, +1}; shape of ``weight``."""
        return binarize(self.weight) * self.mask

    @torch.no_grad()
    def watch_(self) -> None:
        """Count sign flips from here on, at every :meth:`clip_`; loading a state ends it."""
        self._negative = self.weight < 0

    @torch.no_grad()
    def clip_(self) -> None:
        """Clip the latent weights to [-1, 1]: beyond, the gradient would be zero for good."""
        if self._negative is None:
            self.weight.clamp_(-1.0, 1.0)
        else:
            clip_and_count(self.weight, self._negative, self.flips)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Load states from before flips were counted, too."""
        self._negative = None
        state_dict.setdefault(f"{prefix}flips", torch.zeros_like(self.flips))
        super()._load_from_state_dict(state_dict, prefix, *rest)


class BinaryLinear(_Signs, nn.Linear):
    """A linear layer of binary weights, effective weights ``sign(weight) * mask``; without a bias.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.

    Example:
        >>> layer = BinaryLinear(3, 2)
        >>> sorted(set(layer.effective_weight().flatten().tolist())) in ([-1.0], [1.0], [-1.0, 1.0])
        True
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features, bias=False)
        self._begin()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the binary weights; ``x`` has shape (n, in_features)."""
        return functional.linear(x, self.effective_weight())

    def plain(self, weight: Tensor) -> nn.Linear:
        """A linear layer of the same sizes, with these weights."""
        layer: nn.Linear = skip_init(nn.Linear, self.in_features, self.out_features, bias=False)
        layer.weight = nn.Parameter(weight)
        return layer


class BinaryConv2d(_Signs, nn.Conv2d):
    """A convolution of binary weights, effective weights ``sign(weight) * mask``; without a bias.

    What pads the image is 0, neither sign.

    Args:
        in_channels: Channels that it reads.
        out_channels: Channels that it makes.
        kernel_size: Side of the square kernel.
        stride: Distance of its positions.
        padding: Rows of zeros around the image.

    Example:
        >>> BinaryConv2d(3, 4, 3, padding=1)(torch.ones(2, 3, 5, 5)).shape
        torch.Size([2, 4, 5, 5])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self._begin()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the binary weights; ``x`` has shape (n, in_channels, height, width)."""
        maps: Tensor = self._conv_forward(x, self.effective_weight(), None)
        return maps

    def plain(self, weight: Tensor) -> nn.Conv2d:
        """A convolution of the same sizes, with these weights."""
        layer: nn.Conv2d = skip_init(
            nn.Conv2d,
            self.in_channels,
            self.out_channels,
            self.kernel_size,
            self.stride,
            self.padding,
            bias=False,
        )
        layer.weight = nn.Parameter(weight)
        return layer


BinaryLayer: TypeAlias = BinaryLinear | BinaryConv2d
