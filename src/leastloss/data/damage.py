"""Samples in, damaged samples out; and what is refused before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from leastloss.data import _checks
from leastloss.data.corruptions import CORRUPTIONS
from leastloss.errors import InputError
from leastloss.names import choose

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_corruptions(names: Iterable[str], x: torch.Tensor) -> None:
    """Refuse corruptions that do not exist or that samples cannot have, before anything is run.

    Raises:
        InputError: If a name is unknown, a corruption needs images and ``x`` holds none, or ``x``
            is not float in [0, 1].
    """
    if isinstance(names, str):
        raise InputError(f"corruptions is the text {names!r}; give a list, as in ['gaussian']")
    for name in names:
        corruption = CORRUPTIONS[choose("corruption", name, CORRUPTIONS)]
        if corruption.images and x.ndim != 4:
            flat = ", ".join(c.name for c in CORRUPTIONS.values() if not c.images)
            raise InputError(
                f"{name} needs images (n, C, H, W), and the samples have shape {tuple(x.shape)}; "
                f"samples of any shape can have: {flat}"
            )
    if not x.is_floating_point() or x.numel() == 0 or not (x.min() >= 0 and x.max() <= 1):
        raise InputError("corruptions are defined for float values in [0, 1]; scale the inputs")


def corrupt(x: torch.Tensor, name: str, severity: int, generator: torch.Generator) -> torch.Tensor:
    """Return damaged images, clipped to [0, 1]; ``x`` itself stays as it is.

    Args:
        x: Images of any float type, shape (n, C, H, W), in [0, 1]; noise of single values takes
            samples of any shape.
        name: One of `CORRUPTIONS`.
        severity: 1 (slight) to 5 (severe).
        generator: Where what is random comes from, on the device of ``x``.

    Raises:
        InputError: If the name is unknown, the severity is not in 1..5, ``x`` is not in [0, 1], or
            it holds no images and the corruption needs them.

    Example:
        >>> from leastloss.seeds import torch_stream
        >>> noisy = corrupt(torch.full((2, 1, 8, 8), 0.5), "shot", 5, torch_stream(0, "noise"))
        >>> noisy.shape, bool((noisy <= 1).all())
        (torch.Size([2, 1, 8, 8]), True)
    """
    check_corruptions([name], x)
    corruption = CORRUPTIONS[name]
    parameter = corruption.severities[_checks.integer("severity", severity, 1, 5) - 1]
    return corruption.function(x, parameter, generator).clamp(0, 1)


def applicable(x: torch.Tensor) -> tuple[str, ...]:
    """Names of the corruptions that samples can have: all of images, noise alone of others.

    Example:
        >>> len(applicable(torch.zeros(1, 1, 8, 8))), applicable(torch.zeros(1, 9))
        (12, ('gaussian', 'shot', 'impulse', 'speckle'))
    """
    return tuple(c.name for c in CORRUPTIONS.values() if x.ndim == 4 or not c.images)
