"""Light: brighter images and flatter ones. Nothing here is drawn."""

import torch


def brightness(x: torch.Tensor, amount: float, generator: torch.Generator) -> torch.Tensor:
    """Add ``amount`` to the value of HSV, at most to 1; hue and saturation stay.

    The value of a pixel is its largest channel, so with one channel it is the pixel itself. Black
    has no hue and turns grey.
    """
    value = x.amax(dim=1, keepdim=True)
    raised = (value + amount).clamp(max=1.0)
    # A value near the smallest float would make the factor infinite, and black channels NaN.
    ratio = (raised / value).clamp(max=torch.finfo(x.dtype).max)
    return torch.where(value > 0, x * ratio, raised)


def contrast(x: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Keep a ``share`` of each pixel's distance to the mean of its image and channel."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    return (x - mean) * share + mean
