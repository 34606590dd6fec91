"""How metrics are spelt for people, and what kind of number each is."""

import re

from leastloss.data import CORRUPTIONS


def words(metric: str) -> str:
    """Spell a metric's column name for people.

    Example:
        >>> words("worst_class_recall"), words("recall_class_3"), words("gaussian3_accuracy")
        ('worst-class recall', 'recall of class 3', 'accuracy under gaussian 3')
    """
    if metric.startswith("val_"):
        return f"{words(metric.removeprefix('val_'))} on validation images"
    noisy = re.fullmatch(r"([a-z-]+)([1-5])_(.+)", metric)
    if noisy and noisy[1] in CORRUPTIONS:
        return f"{words(noisy[3])} under {noisy[1]} {noisy[2]}"
    if metric.startswith("recall_class_"):
        return f"recall of class {metric.removeprefix('recall_class_')}"
    return _WORDS.get(metric, metric.replace("_", " "))


_WORDS = {
    "macro_f1": "macro F1",
    "gmean_recall": "geometric mean of recalls",
    "worst_class_recall": "worst-class recall",
    "flip_rate": "predictions changed by noise",
    "changed_predictions": "predictions unlike dense",
    "excess_gap": "excess loss of worst class",
    "cev": "CEV: uneven change of errors",
    "sde": "SDE: lopsided change of errors",
    "calibration_error": "calibration error",
    "sensitivity_ratio": "sensitivity, dense is 1",
    "bdm_bits": "BDM (bits)",
    "block_entropy": "block entropy (bits)",
    "mask_sign_bits": "mask and signs (bits)",
    "lzma_bytes": "LZMA (bytes)",
    "zlib_bytes": "zlib (bytes)",
    "compressed_bytes": "compressed size (bytes)",
    "multiply_adds": "multiply-adds a sample",
    "bits": "storage (bits)",
    "nc1": "NC1: spread in classes",
    "nc1_quotient": "NC1 as a quotient",
    "cdnv": "CDNV: spread of pairs",
    "nc2_equinorm": "NC2: unequal norms",
    "nc2_equiangular": "NC2: unequal angles",
    "simplex_distance": "means: distance to simplex",
    "seli_distance": "means: distance to SELI",
    "nc3": "NC3: means to classifier",
    "nc4": "NC4: unlike nearest mean",
    "classifier_simplex_distance": "classifier: distance to simplex",
    "classifier_seli_distance": "classifier: distance to SELI",
    "minority_angle": "minority angle (cosine)",
}


_LOSSES = ("flip_rate", "changed_predictions", "excess_gap")
"""Shares, or differences of shares, of which less is better."""


def is_share(metric: str) -> bool:
    """Tell whether a metric is a share, or a difference of shares, and is shown in percent.

    Example:
        >>> [is_share(name) for name in ("val_accuracy", "excess_gap", "loss")]
        [True, True, False]
    """
    return more_is_better(metric) or any(part in metric for part in _LOSSES)


def more_is_better(metric: str) -> bool:
    """Tell whether a metric is a share of what is right, of which more is better.

    Example:
        >>> [more_is_better(name) for name in ("val_accuracy", "changed_predictions", "loss")]
        [True, False, False]
    """
    return any(part in metric for part in ("accuracy", "recall", "f1"))
