"""What acts on rows and on columns alike: a small matrix for each axis, one product for all images.

Blurring, resampling and shifting are linear and treat the two axes apart. As matrices they have the
edges built in, and thousands of images cost two matrix products.
"""

import math

import torch


def along_axes(x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Apply one matrix along the height and one along the width of every image.

    Args:
        x: Images (n, C, H, W).
        rows: Shape (H, H) or (n, 1, H, H): one for all images, or one each.
        columns: Shape (W, W) or (n, 1, W, W).

    Example:
        >>> swap = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
        >>> along_axes(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), swap, torch.eye(2)).tolist()
        [[[[3.0, 4.0], [1.0, 2.0]]]]
    """
    return rows.to(x) @ (x @ columns.to(x).mT)


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


def shift_weights(size: int, by: float) -> torch.Tensor:
    """Weights (size, size) that move an axis ``by`` pixels towards its end, with black behind it.

    Between two pixels the image is interpolated linearly.
    """
    whole = math.floor(by)
    moved = torch.arange(size)[:, None] - torch.arange(size)  # where to, minus where from
    part = by - whole
    return (moved == whole).double() * (1 - part) + (moved == whole + 1).double() * part
