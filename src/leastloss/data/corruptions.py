"""Noise on images, at the severities of ImageNet-C and MNIST-C.

Hendrycks & Dietterich 2019 (arXiv 1903.12261) and Mu & Gilmer 2019 (arXiv 1906.02337). A new
corruption is one function and one line of `CORRUPTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from leastloss.data import _checks
from leastloss.errors import InputError
from leastloss.names import choose

Function = Callable[[torch.Tensor, float, torch.Generator], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """One way to damage images.

    Attributes:
        name: What it is called.
        summary: What it does, in one line.
        severities: Its parameter at severities 1..5.
        function: Maps images (n, C, H, W), the parameter and a generator to damaged images of the
            same shape, not yet clipped.
    """

    name: str
    summary: str
    severities: tuple[float, float, float, float, float]
    function: Function


def _normal(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.empty_like(x).normal_(generator=generator)


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


CORRUPTIONS: dict[str, Corruption] = {
    corruption.name: corruption
    for corruption in (
        Corruption(
            name="gaussian",
            summary="normal noise on every pixel (sigma)",
            severities=(0.08, 0.12, 0.18, 0.26, 0.38),
            function=gaussian,
        ),
        Corruption(
            name="shot",
            summary="Poisson noise of few photons (photons per white pixel)",
            severities=(60, 25, 12, 5, 3),
            function=shot,
        ),
        Corruption(
            name="impulse",
            summary="pixels that turn black or white (share)",
            severities=(0.03, 0.06, 0.09, 0.17, 0.27),
            function=impulse,
        ),
        Corruption(
            name="speckle",
            summary="normal noise in proportion to the pixel (sigma)",
            severities=(0.15, 0.2, 0.35, 0.45, 0.6),
            function=speckle,
        ),
    )
}


def corrupt(x: torch.Tensor, name: str, severity: int, generator: torch.Generator) -> torch.Tensor:
    """Return damaged images, clipped to [0, 1]; ``x`` itself stays as it is.

    Args:
        x: Images of any float type, shape (n, ...), in [0, 1].
        name: One of `CORRUPTIONS`.
        severity: 1 (slight) to 5 (severe).
        generator: Where the noise comes from, on the device of ``x``.

    Raises:
        InputError: If the name is unknown, the severity is not in 1..5, or ``x`` is not in [0, 1].

    Example:
        >>> from leastloss.seeds import torch_stream
        >>> noisy = corrupt(torch.full((2, 1, 8, 8), 0.5), "shot", 5, torch_stream(0, "noise"))
        >>> noisy.shape, bool((noisy <= 1).all())
        (torch.Size([2, 1, 8, 8]), True)
    """
    corruption = CORRUPTIONS[choose("corruption", name, CORRUPTIONS)]
    parameter = corruption.severities[_checks.integer("severity", severity, 1, 5) - 1]
    if not x.is_floating_point() or x.numel() == 0 or not (x.min() >= 0 and x.max() <= 1):
        raise InputError("corruptions are defined for float values in [0, 1]; scale the inputs")
    return corruption.function(x, parameter, generator).clamp(0, 1)
