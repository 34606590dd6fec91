"""Data sets as tensors in memory: loaded, split and made imbalanced, every draw seeded."""

from leastloss.data._files import data_root as data_root
from leastloss.data.as_data import as_data
from leastloss.data.augmentation import AUGMENTATIONS as AUGMENTATIONS
from leastloss.data.augmentation import augmentation_for as augmentation_for
from leastloss.data.augmentation import augmented as augmented
from leastloss.data.class_names import plain_text as plain_text
from leastloss.data.class_names import told_apart as told_apart
from leastloss.data.container import Data
from leastloss.data.corruptions.apply import applicable, check_corruptions, corrupt
from leastloss.data.corruptions.registry import CORRUPTIONS, Corruption
from leastloss.data.datasets import DATASETS, Withheld
from leastloss.data.imbalance import PROFILES
from leastloss.data.label_maps import IGNORED as IGNORED
from leastloss.data.label_maps import apart as apart
from leastloss.data.label_maps import at_labels as at_labels
from leastloss.data.label_maps import is_map as is_map
from leastloss.data.label_maps import labelled as labelled
from leastloss.data.label_maps import owners as owners
from leastloss.data.label_maps import read_at as read_at
from leastloss.data.load import load_data
from leastloss.data.noise_scale import NoiseScale, noise_scale
from leastloss.data.own import DataName as DataName
from leastloss.data.own import check_memory as check_memory
from leastloss.data.own import data_name as data_name
from leastloss.data.own import own_name as own_name
from leastloss.data.split import Split
from leastloss.data.split import at_most as at_most
from leastloss.data.split import standing as standing

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
