"""Data sets as tensors in memory: loaded, split and made imbalanced, every draw seeded."""

from leastloss.data.container import Data
from leastloss.data.corruptions import CORRUPTIONS, Corruption
from leastloss.data.damage import applicable, check_corruptions, corrupt
from leastloss.data.datasets import DATASETS
from leastloss.data.gather import as_data
from leastloss.data.imbalance import PROFILES
from leastloss.data.load import load_data
from leastloss.data.noise_scale import NoiseScale, noise_scale
from leastloss.data.split import Split
from leastloss.data.withheld import Withheld

__all__ = [
    "CORRUPTIONS",
    "DATASETS",
    "PROFILES",
    "Corruption",
    "Data",
    "NoiseScale",
    "Split",
    "Withheld",
    "applicable",
    "as_data",
    "check_corruptions",
    "corrupt",
    "load_data",
    "noise_scale",
]
