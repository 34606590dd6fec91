"""A few sample images under every corruption of a robustness run."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.data import Split

SAMPLES = 3


class SampleImages:
    """Collects corrupted samples of a split: ``images[corruption][severity]``.

    Severity 0 is the clean sample. There is one sample of the first, of the middle and of the last
    class, by the rarest one on a map of labels, with the same noise that the networks met.
    """

    def __init__(self, split: Split) -> None:
        labels = split.strata.cpu()
        present = torch.unique(labels)
        some = present[torch.linspace(0, len(present) - 1, SAMPLES).round().long()].unique()
        self.chosen = [int((labels == label).nonzero()[0]) for label in some]
        self.clean = self._of(split.x)
        self.images: dict[str, dict[int, NDArray[np.floating[Any]]]] = {}

    def take(self, corruption: str, severity: int, x: torch.Tensor) -> None:
        """Collect the chosen samples of corrupted images (n, C, H, W); other samples are not."""
        if x.ndim != 4:
            return
        by_severity = self.images.setdefault(corruption, {0: self.clean})
        by_severity[severity] = self._of(x)

    def _of(self, x: torch.Tensor) -> NDArray[np.floating[Any]]:
        return np.asarray(x[self.chosen].cpu().numpy())
