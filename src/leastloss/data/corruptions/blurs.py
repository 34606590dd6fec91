"""Blurs: out of focus, in motion, and in coarse pixels.

Blurring, resampling and shifting are linear and treat the two axes apart. As matrices they have the
edges built in, and thousands of images cost two matrix products.
"""

import math

import torch
from torch.nn import functional

SIDE = 28
"""Side of the images (pixels) that lengths in pixels were chosen for: MNIST-C's."""

_CHUNK = 2048  # images whose padded copy is held at a time: some ten megabytes


def scaled(x: torch.Tensor, pixels: float) -> float:
    """A length given for images of 28 x 28, for images whose shorter side is another.

    Example:
        >>> scaled(torch.zeros(1, 1, 14, 20), 4)
        2.0
    """
    return pixels * min(x.shape[-2:]) / SIDE


def along_axes(x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Apply one matrix along the height and one along the width of every image (n, C, H, W).

    They have shape (H, H) and (W, W), or (n, 1, H, H) and (n, 1, W, W): one for each image.

    Example:
        >>> swap = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
        >>> along_axes(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), swap, torch.eye(2)).tolist()
        [[[[3.0, 4.0], [1.0, 2.0]]]]
    """
    return rows.to(x) @ (x @ columns.to(x).mT)


def gaussian_blur(x: torch.Tensor, sigma: float, generator: torch.Generator) -> torch.Tensor:
    """Blur by a Gaussian of ``sigma`` pixels of 28; beyond the edge, the edge goes on."""
    height, width = x.shape[-2:]
    own_sigma = scaled(x, sigma)
    return along_axes(x, gaussian_weights(height, own_sigma), gaussian_weights(width, own_sigma))


def gaussian_weights(size: int, sigma: float) -> torch.Tensor:
    """Weights (size, size) of a Gaussian blur; beyond the edge, the edge goes on.

    The kernel ends after four standard deviations, as in :func:`scipy.ndimage.gaussian_filter`.
    """
    radius = int(4 * sigma + 0.5)
    offsets = torch.arange(-radius, radius + 1)
    kernel = torch.exp(-0.5 * (offsets.double() / sigma) ** 2)
    read = (torch.arange(size)[:, None] + offsets).clamp(0, size - 1)
    spread = (kernel / kernel.sum()).expand(size, -1)
    return torch.zeros(size, size, dtype=torch.float64).scatter_add_(1, read, spread)


def pixelate(x: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Reduce each side to a ``share`` of it by boxes, and blow it up again."""
    rows, columns = (box_weights(side, max(1, int(side * share))) for side in x.shape[-2:])
    return along_axes(x, rows, columns)


def box_weights(size: int, small: int) -> torch.Tensor:
    """Weights (size, size) that reduce an axis to ``small`` boxes and blow it up again.

    A box is the mean of the pixels whose centres lie in it, and a pixel takes the box that its own
    centre lies in, as in Pillow's ``Image.BOX``.
    """
    scale = size / small
    first = [int(max(0.0, (box + 0.5) * scale - scale / 2 + 0.5)) for box in range(small)]
    last = [min(size, int((box + 0.5) * scale + scale / 2 + 0.5)) for box in range(small)]
    down = torch.zeros(small, size, dtype=torch.float64)
    for box, (low, high) in enumerate(zip(first, last, strict=True)):
        down[box, low:high] = 1 / (high - low)
    pixels = torch.arange(size, dtype=torch.float64)
    return down[((pixels + 0.5) / scale).floor().long().clamp(0, small - 1)]


def motion_blur(
    x: torch.Tensor, parameter: tuple[float, float], generator: torch.Generator
) -> torch.Tensor:
    """Blur each image along a line, at an angle of its own between -45 and 45 degrees.

    The parameter is a radius and a standard deviation, in pixels of 28. A pixel becomes a mean over
    the line that starts at it: half a Gaussian, cut off after ``2 ceil(radius)`` pixels. Points of
    the line are rounded to whole pixels; beyond the edge, the edge goes on. This is ImageMagick's
    ``MotionBlurImage``, which ImageNet-C and MNIST-C call.
    """
    radius, sigma = (scaled(x, pixels) for pixels in parameter)
    steps = torch.arange(2 * math.ceil(radius) + 1, dtype=torch.float64, device=x.device)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    turns = torch.rand(len(x), generator=generator, device=x.device, dtype=torch.float64)
    angles, order = torch.sort((turns - 0.5) * (math.pi / 2), stable=True)
    lines = torch.stack([steps[:, None] * angles.cos(), steps[:, None] * angles.sin()])
    blurred = torch.empty_like(x)
    for images, offsets in zip(
        order.split(_CHUNK), _rounded(lines).split(_CHUNK, dim=2), strict=True
    ):
        blurred[images] = _along(x[images], offsets, (kernel / kernel.sum()).tolist())
    return blurred


def _rounded(lines: torch.Tensor) -> torch.Tensor:
    return torch.ceil(lines - 0.5).long()


def _along(x: torch.Tensor, offsets: torch.Tensor, kernel: list[float]) -> torch.Tensor:
    """Mean of ``x`` moved by each offset (2, steps, n): right, and down.

    The images come sorted by angle, so those that move alike lie side by side, and each step is a
    few sums of whole blocks.
    """
    height, width = x.shape[-2:]
    right = offsets[0].clamp(max=width - 1)  # further out there is nothing but the edge
    down = offsets[1].clamp(1 - height, height - 1)
    above, below, aside = -int(down.min()), int(down.max()), int(right.max())
    above, below = max(above, 0), max(below, 0)
    wide = functional.pad(x, (0, aside, above, below), mode="replicate")
    total = torch.zeros_like(x)
    for weight, move in zip(kernel, zip(right, down, strict=True), strict=True):
        runs, counts = torch.unique_consecutive(torch.stack(move), dim=1, return_counts=True)
        start = 0
        for (dx, dy), count in zip(runs.T.tolist(), counts.tolist(), strict=True):
            part, top = slice(start, start + count), above + dy
            moved = wide[part, :, top : top + height, dx : dx + width]
            total[part].add_(moved, alpha=weight)
            start += count
    return total
