"""What a classifier gets right, over all classes and the rare ones, and how sure it is of it.

Averages over classes count every class once, however rare it is. One confusion matrix holds all
of it; the values equal those of :mod:`sklearn.metrics` and take microseconds, because pruning
evaluates after every step.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from leastloss.errors import InputError

Labels: TypeAlias = np.ndarray[Any, np.dtype[Any]] | torch.Tensor

ONE_LOGIT = "; wrap a network of one logit for two classes in ll.Adapted(network, binary=True)"
BINS = 15


def as_array(labels: Labels) -> np.ndarray[Any, np.dtype[Any]]:
    """Return labels as an array on the CPU."""
    return labels.cpu().numpy() if isinstance(labels, torch.Tensor) else np.asarray(labels)


def confusion(predicted: Labels, y: Labels, classes: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Count samples by true class (row) and predicted class (column), shape (classes, classes).

    Raises:
        InputError: If the two differ in length, are empty, or hold a label outside the classes.

    Example:
        >>> confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), classes=2)
        array([[1, 1],
               [0, 1]])
    """
    guess, truth = as_array(predicted), as_array(y)
    if guess.shape != truth.shape or truth.ndim != 1 or truth.size == 0:
        raise InputError(
            f"predictions have shape {guess.shape} and labels {truth.shape}; "
            "both must be (n,) with the same n of at least 1"
        )
    for name, labels in (("predictions", guess), ("labels", truth)):
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= classes:
            raise InputError(f"{name} lie in {low}..{high}; they must lie in 0..{classes - 1}")
    return np.bincount(truth * classes + guess, minlength=classes**2).reshape(classes, classes)


def classification_metrics(
    predicted: Labels, y: Labels, classes: int, minority: Sequence[int] = ()
) -> dict[str, float]:
    """Summarise predictions; classes that do not occur in ``y`` take no part in any average.

    Every metric is there whatever occurs: NaN where there is no sample to measure it on.

    Args:
        predicted: Predicted labels (n,), or logits (n, classes), whose largest entry is taken
            (the first one on a tie).
        y: True labels (n,), integers in 0..classes-1.
        classes: The number of classes.
        minority: The rare classes.

    Returns:
        ``accuracy``, ``balanced_accuracy`` (mean recall), ``macro_f1``, ``gmean_recall``,
        ``minority_recall`` (mean recall of the minority classes; NaN when none occurs in
        ``y``), ``worst_class_recall``, ``recall_class_<k>`` for each class (NaN when it does not
        occur), and for logits ``loss`` (mean cross-entropy, nats). Everything but the loss lies in
        [0, 1].

    Raises:
        InputError: If shapes or labels do not fit, or a logit is not finite.

    Example:
        >>> metrics = classification_metrics(
        ...     np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1]), 2, (1,)
        ... )
        >>> metrics["accuracy"], metrics["minority_recall"], metrics["worst_class_recall"]
        (0.75, 0.5, 0.5)
    """
    logits = check_logits(predicted, classes) if predicted.ndim == 2 else None
    guess = predicted if logits is None else np.asarray(predicted).argmax(axis=1)
    matrix = confusion(guess, y, classes)
    support, hits = matrix.sum(axis=1), matrix.diagonal()
    present = np.flatnonzero(support)
    recall = hits[present] / support[present]
    f1 = 2 * hits[present] / (support + matrix.sum(axis=0))[present]
    metrics = {
        "accuracy": float(hits.sum() / support.sum()),
        "balanced_accuracy": float(recall.mean()),
        "macro_f1": float(f1.mean()),
        "gmean_recall": float(np.exp(np.log(recall).mean())) if recall.all() else 0.0,
    }
    rare = recall[np.isin(present, list(minority))]
    metrics["minority_recall"] = float(rare.mean()) if rare.size else float("nan")
    metrics["worst_class_recall"] = float(recall.min())
    if logits is not None:
        target = torch.as_tensor(y).to(torch.int64)
        metrics["loss"] = float(nn.functional.cross_entropy(logits, target))
    every = np.full(classes, np.nan)
    every[present] = recall
    return metrics | {f"recall_class_{k}": float(value) for k, value in enumerate(every)}


def check_logits(logits: Labels, classes: int) -> torch.Tensor:
    """Return logits (n, classes) as a float64 tensor.

    Raises:
        InputError: If the number of columns is wrong or an entry is NaN or infinite.
    """
    checked = torch.as_tensor(logits).to(torch.float64)
    if checked.shape[1] != classes:
        columns = checked.shape[1]
        raise InputError(
            f"logits have {columns} column{'s' * (columns != 1)}; there are {classes} classes"
            f"{ONE_LOGIT if (columns, classes) == (1, 2) else ''}"
        )
    bad = int((~torch.isfinite(checked)).sum())
    if bad:
        raise InputError(
            f"{bad} of {checked.numel()} logits are NaN or infinite; all must be finite"
        )
    return checked


def calibration_error(logits: Labels, y: Labels, *, bins: int = BINS) -> float:
    """Return the expected calibration error (ECE) of logits, in [0, 1].

    Samples are sorted by confidence, the largest softmax probability, into bins of equal width
    (lower end excluded, upper end included). The error is the mean over samples of the distance
    between the accuracy and the mean confidence of their bin.

    Args:
        logits: Shape (n, C).
        y: True labels (n,).
        bins: Number of bins. The value depends on it: quote it.

    Raises:
        InputError: If shapes do not fit, a logit is not finite, or there is no bin.

    Source:
        Guo et al. 2017, "On Calibration of Modern Neural Networks" (arXiv 1706.04599), equation 5,
        with their 15 bins.

    Example:
        >>> import numpy as np
        >>> sure = np.log([[0.9, 0.1], [0.9, 0.1]])  # 90 % sure of class 0, and right once of twice
        >>> round(calibration_error(sure, np.array([0, 1])), 6)
        0.4
    """
    if bins < 1:
        raise InputError(f"bins is {bins}; it must be at least 1")
    shape = tuple(logits.shape)
    if len(shape) != 2 or shape[0] == 0 or len(y) != shape[0]:
        raise InputError(f"logits of shape {shape} and {len(y)} labels; they must be (n, C) and n")
    confidence, guess = check_logits(logits, shape[1]).softmax(dim=1).max(dim=1)
    right = (guess == torch.as_tensor(y).to(guess.device)).double()
    bin_of = ((confidence * bins).ceil().long() - 1).clamp(0, bins - 1)
    gap = torch.zeros(bins, dtype=torch.float64).index_add_(0, bin_of, right - confidence)
    return float(gap.abs().sum() / len(right))
