"""Data sets as tensors in memory: loaded, split and made imbalanced, every draw seeded."""

from leastloss.data.container import Data
from leastloss.data.split import Split

__all__ = ["Data", "Split"]
