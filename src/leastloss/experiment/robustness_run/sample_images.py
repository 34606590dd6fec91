"""A few samples to look at, under every corruption that the networks met."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.data import Split

SAMPLES = 3


class Pictures:
    """Keeps some samples of a split as they are damaged: ``found[corruption][severity]``.

    Severity 0 is the sample itself. One sample each of the first, the middle and the last class
    that occurs; its noise is the noise that the networks were measured under.
    """

    def __init__(self, split: Split) -> None:
        labels = split.y.cpu()
        present = torch.unique(labels)
        some = present[torch.linspace(0, len(present) - 1, SAMPLES).round().long()].unique()
        self.chosen = [int((labels == label).nonzero()[0]) for label in some]
        self.clean = self._of(split.x)
        self.found: dict[str, dict[int, NDArray[np.floating[Any]]]] = {}

    def take(self, corruption: str, severity: int, x: torch.Tensor) -> None:
        """Keep the chosen ones of damaged images (n, C, H, W)."""
        by_severity = self.found.setdefault(corruption, {0: self.clean})
        by_severity[severity] = self._of(x)

    def _of(self, x: torch.Tensor) -> NDArray[np.floating[Any]]:
        return np.asarray(x[self.chosen].cpu().numpy())
