"""What noise is measured by: values in [0, 1], or the data's own range or spread."""

from dataclasses import dataclass
from typing import Any

import torch

from leastloss.data.corruptions.registry import Corruption
from leastloss.errors import InputError

UNIT = "values in [0, 1]"
RANGE = "range of each channel"
DEVIATION = "standard deviation of each feature"

_OF_TABLES = ("gaussian", "impulse")  # shot and speckle grow with the light, and a table has none


@dataclass(frozen=True, eq=False)
class NoiseScale:
    """How noise that is defined for pixels in [0, 1] is brought to other inputs.

    Attributes:
        kind: ``values in [0, 1]``: nothing is changed; ``range of each channel``: images are mapped
            to [0, 1] and back, and clipped to that range; ``standard deviation of each feature``:
            noise is added in these units and nothing is clipped.
        low: Least value of each channel or feature, to be broadcast over samples.
        high: Greatest value, likewise.
        width: What a change of 1 is worth, likewise.
    """

    kind: str
    low: torch.Tensor | float = 0.0
    high: torch.Tensor | float = 1.0
    width: torch.Tensor | float = 1.0

    def words(self) -> str:
        """Say in one line what the scale is; empty for values in [0, 1]."""
        if self.kind == UNIT:
            return ""
        low, high = float(torch.as_tensor(self.low).min()), float(torch.as_tensor(self.high).max())
        clipped = ", and clipped to it" if self.kind == RANGE else ""
        return (
            f"the inputs are not in [0, 1] (they go from {low:.4g} to {high:.4g}); noise and "
            f"attacks are in units of the {self.kind}{clipped}"
        )

    def apply(
        self, corruption: Corruption, x: torch.Tensor, parameter: Any, generator: torch.Generator
    ) -> torch.Tensor:
        """Return the damaged samples; ``x`` itself stays as it is."""
        if self.kind == UNIT:
            return corruption.function(x, parameter, generator).clamp(0, 1)
        if self.kind == RANGE:
            unit = ((x - self.low) / self.width).clamp(0, 1)
            damaged = corruption.function(unit, parameter, generator).clamp(0, 1)
            return damaged * self.width + self.low
        if corruption.name == "gaussian":
            return x + self.width * corruption.function(torch.zeros_like(x), parameter, generator)
        marks = corruption.function(torch.full_like(x, 0.5), parameter, generator)
        return torch.where(marks == 0, self.low, torch.where(marks == 1, self.high, x))

    def bounds(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Least and greatest value that an attack on ``x`` may reach, of its shape."""
        if self.kind == DEVIATION:
            return torch.full_like(x, -torch.inf), torch.full_like(x, torch.inf)
        low, high = (torch.as_tensor(end).to(x) for end in (self.low, self.high))
        return torch.minimum(x, low), torch.maximum(x, high)

    def takes(self, corruption: Corruption) -> bool:
        """Whether samples of this scale can have the corruption, if they are of its shape."""
        return self.kind != DEVIATION or corruption.name in _OF_TABLES


def noise_scale(x: torch.Tensor, train: torch.Tensor | None = None) -> NoiseScale:
    """Find the scale of noise for samples.

    Args:
        x: Samples (n, ...) of a float type; images are (n, C, H, W).
        train: Samples whose range or standard deviations count where not all values lie in [0, 1];
            ``x`` itself when omitted.

    Raises:
        InputError: If a value is not a finite float.

    Example:
        >>> noise_scale(torch.rand(5, 1, 8, 8)).kind, noise_scale(torch.randn(5, 3)).kind
        ('values in [0, 1]', 'standard deviation of each feature')
    """
    seen = x if train is None else train
    for samples in (x, seen):
        if not samples.is_floating_point() or samples.numel() == 0 or not samples.isfinite().all():
            raise InputError("noise needs samples of a float type, finite and at least one")
    if all(bool(part.min() >= 0) and bool(part.max() <= 1) for part in (x, seen)):
        return NoiseScale(UNIT)
    axes = (0, 2, 3) if x.ndim == 4 else (0,)
    low, high = (end(axes, keepdim=True).to(x) for end in (seen.amin, seen.amax))
    if x.ndim == 4:
        span = high - low
        return NoiseScale(RANGE, low, high, torch.where(span > 0, span, 1.0))
    return NoiseScale(DEVIATION, low, high, seen.std(0, correction=0, keepdim=True).to(x))
