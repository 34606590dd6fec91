"""Noise of single values: of any samples, images or not."""

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


def _normal(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.empty_like(x).normal_(generator=generator)
