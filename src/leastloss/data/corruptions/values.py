"""Values that change where they stand: by noise, of any samples, and by light, of images."""

import torch


def gaussian(x: torch.Tensor, sigma: float, generator: torch.Generator) -> torch.Tensor:
    """Add normal noise of standard deviation ``sigma`` to every value."""
    return x + sigma * _normal(x, generator)


def shot(x: torch.Tensor, photons: float, generator: torch.Generator) -> torch.Tensor:
    """Count photons: Poisson of mean ``photons * x``, divided by ``photons``."""
    return torch.poisson(x * photons, generator=generator) / photons


def impulse(x: torch.Tensor, amount: float, generator: torch.Generator) -> torch.Tensor:
    """Set a share ``amount`` of the values to 0 or 1, with equal chance."""
    u = torch.empty_like(x).uniform_(generator=generator)
    return x.masked_fill(u < amount / 2, 0.0).masked_fill(u >= 1 - amount / 2, 1.0)


def speckle(x: torch.Tensor, sigma: float, generator: torch.Generator) -> torch.Tensor:
    """Add normal noise of standard deviation ``sigma * x`` to every value."""
    return x + sigma * x * _normal(x, generator)


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


def _normal(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.empty_like(x).normal_(generator=generator)
