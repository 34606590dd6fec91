"""Convolutions of one dimension and transposed ones, as Conv2d."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class Conv1dForm(nn.Module):
    """A Conv1d as a Conv2d on images one pixel high."""

    def __init__(self, layer: nn.Conv1d) -> None:
        super().__init__()
        padding = layer.padding if isinstance(layer.padding, str) else (0, layer.padding[0])
        self.conv = nn.Conv2d(
            layer.in_channels,
            layer.out_channels,
            (1, layer.kernel_size[0]),
            stride=(1, layer.stride[0]),
            padding=padding,
            dilation=(1, layer.dilation[0]),
            groups=layer.groups,
            bias=layer.bias is not None,
            padding_mode=layer.padding_mode,
        )
        take_over(self.conv, layer.weight.unsqueeze(2), layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels, length), or (channels, length), as the layer does."""
        maps: Tensor = self.conv(x.unsqueeze(-2))
        return maps.squeeze(-2)

    def native(self) -> nn.Conv1d:
        """The layer again, with the weights as they are now."""
        conv = self.conv
        layer = nn.Conv1d(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size[1],
            stride=conv.stride[1],
            padding=conv.padding if isinstance(conv.padding, str) else conv.padding[1],
            dilation=conv.dilation[1],
            groups=conv.groups,
            bias=conv.bias is not None,
            padding_mode=conv.padding_mode,
        )
        take_over(layer, conv.weight.squeeze(2), conv.bias)
        return layer


class ConvTransposeForm(nn.Module):
    """A transposed convolution as a Conv2d of its input with zeros between the pixels.

    The kernel is turned around, and its two channel dimensions change places within each group:
    a row of the weight then holds what enters one output channel, as in every other layer.
    """

    def __init__(self, layer: nn.ConvTranspose1d | nn.ConvTranspose2d) -> None:
        super().__init__()
        self.flat = isinstance(layer, nn.ConvTranspose1d)
        self.kernel, self.dilation = _pair(layer.kernel_size, 1), _pair(layer.dilation, 1)
        self.stride, self.groups = _pair(layer.stride, 1), layer.groups
        self.padding, self.output_padding = _pair(layer.padding, 0), _pair(layer.output_padding, 0)
        self.conv = nn.Conv2d(
            layer.in_channels,
            layer.out_channels,
            self.kernel,
            dilation=self.dilation,
            groups=layer.groups,
            bias=layer.bias is not None,
        )
        weight = layer.weight.unsqueeze(2) if self.flat else layer.weight
        take_over(self.conv, _turned(weight, layer.groups), layer.bias)

    def forward(self, x: Tensor, output_size: None = None) -> Tensor:
        """Map (n, channels, height, width), or (n, channels, length), as the layer does."""
        images = x.unsqueeze(-2) if self.flat else x
        maps: Tensor = self.conv(self._spread(images))
        return maps.squeeze(-2) if self.flat else maps

    def _spread(self, x: Tensor) -> Tensor:
        sides = [(side - 1) * step + 1 for side, step in zip(x.shape[2:], self.stride, strict=True)]
        spread = x.new_zeros(*x.shape[:2], *sides)
        spread[:, :, :: self.stride[0], :: self.stride[1]] = x
        around: list[int] = []
        for axis in (1, 0):  # the last dimension comes first
            border = self.dilation[axis] * (self.kernel[axis] - 1) - self.padding[axis]
            around += [border, border + self.output_padding[axis]]
        return functional.pad(spread, around)

    def native(self) -> nn.ConvTranspose1d | nn.ConvTranspose2d:
        """The layer again, with the weights as they are now."""
        weight = _turned(self.conv.weight, self.groups)
        kind: Any = nn.ConvTranspose1d if self.flat else nn.ConvTranspose2d
        at = slice(1, None) if self.flat else slice(None)
        layer: nn.ConvTranspose1d | nn.ConvTranspose2d = kind(
            self.conv.in_channels,
            self.conv.out_channels,
            self.kernel[at],
            stride=self.stride[at],
            padding=self.padding[at],
            output_padding=self.output_padding[at],
            groups=self.groups,
            bias=self.conv.bias is not None,
            dilation=self.dilation[at],
        )
        take_over(layer, weight.squeeze(2) if self.flat else weight, self.conv.bias)
        return layer


def _pair(sizes: Any, missing: int) -> tuple[int, int]:
    """Height and width; of a layer of one dimension the height is what does nothing."""
    height, width = sizes if len(sizes) == 2 else (missing, *sizes)
    return int(height), int(width)


def _turned(weight: Tensor, groups: int) -> Tensor:
    """From (in, out / groups, ...) to (out, in / groups, ...) or back, kernels turned around."""
    parts: Tensor = weight.unflatten(0, (groups, -1)).transpose(1, 2)
    return parts.flatten(0, 1).flip(2, 3)


@torch.no_grad()
def take_over(layer: nn.Module, weight: Tensor, bias: Tensor | None) -> None:
    """Give a layer these weights, on their device and in their type, trained or frozen."""
    trained = weight.requires_grad
    layer.weight = nn.Parameter(weight.detach().clone().contiguous(), requires_grad=trained)
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone(), requires_grad=bias.requires_grad)
