"""Geometry: turned, moved and partly hidden images. What comes in from outside is black."""

import math

import torch
from torch.nn import functional

from leastloss.data.corruptions.blurs import along_axes, scaled


def rotation(x: torch.Tensor, angle: float, generator: torch.Generator) -> torch.Tensor:
    """Turn each image about its centre by ``angle`` radians, one way or the other."""
    turned = torch.empty_like(x)
    left = _coin(x, generator)
    for chosen, direction in ((left, -1), (~left, 1)):
        if chosen.any():
            turned[chosen] = rotated(x[chosen], direction * angle)
    return turned


def rotated(x: torch.Tensor, angle: float) -> torch.Tensor:
    """Turn images (n, C, H, W) by ``angle`` radians, bilinear; positive turns from right to top.

    Example:
        >>> rotated(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), math.pi / 2).round().tolist()
        [[[[2.0, 4.0], [1.0, 3.0]]]]
    """
    height, width = x.shape[-2:]
    cos, sin = math.cos(angle), math.sin(angle)
    # Coordinates run from -1 to 1 along either side, so the aspect ratio enters.
    back = torch.tensor([[[cos, -sin * height / width, 0.0], [sin * width / height, cos, 0.0]]])
    grid = functional.affine_grid(back.to(x), [1, 1, height, width], align_corners=False)
    # All images turn alike: as channels of one image they share the weights of every pixel.
    layers = x.reshape(1, -1, height, width)
    return functional.grid_sample(
        layers, grid, mode="bilinear", padding_mode="zeros", align_corners=False
    ).reshape(x.shape)


def translation(x: torch.Tensor, pixels: float, generator: torch.Generator) -> torch.Tensor:
    """Move each image by ``pixels`` of 28 along both axes, each one way or the other."""
    by = scaled(x, pixels)
    weights = [
        torch.stack([shift_weights(side, -by), shift_weights(side, by)]).to(x)[
            _coin(x, generator).long()
        ]
        for side in x.shape[-2:]
    ]
    return along_axes(x, weights[0][:, None], weights[1][:, None])


def shift_weights(size: int, by: float) -> torch.Tensor:
    """Weights (size, size) that move an axis ``by`` pixels towards its end, with black behind it.

    Between two pixels the image is interpolated linearly.
    """
    whole = math.floor(by)
    moved = torch.arange(size)[:, None] - torch.arange(size)  # where to, minus where from
    part = by - whole
    return (moved == whole).double() * (1 - part) + (moved == whole + 1).double() * part


def occlusion(x: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Blacken a square in each image, of a ``share`` of its shorter side, anywhere within it."""
    side = max(1, math.floor(share * min(x.shape[-2:]) + 0.5))
    hidden = []
    for size in x.shape[-2:]:
        first = torch.randint(
            size - side + 1, (len(x), 1), generator=generator, device=generator.device
        ).to(x.device)
        places = torch.arange(size, device=x.device)
        hidden.append((places >= first) & (places < first + side))
    square = hidden[0][:, None, :, None] & hidden[1][:, None, None, :]
    return x.masked_fill(square, 0.0)


def _coin(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """One toss for each image, bool (n,)."""
    return torch.rand(len(x), generator=generator, device=x.device) < 0.5
