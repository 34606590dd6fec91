"""Who pays for the pruning: what each class lost against the dense network, and which samples.

All of it follows from predictions on one split: the pruned network's, the dense network's and the
truth. Classes that do not occur in the split take no part.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from leastloss.errors import InputError
from leastloss.evaluation.metrics import Labels, as_array, confusion

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Counts: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


def fairness_metrics(predicted: Labels, dense: Labels, y: Labels, classes: int) -> dict[str, float]:
    """Compare a pruned network's predictions with the dense network's.

    Args:
        predicted: The pruned network's labels (n,), integers in 0..classes-1.
        dense: The dense network's, of the same samples (n,).
        y: True labels (n,).
        classes: The number of classes.

    Returns:
        ``changed_predictions``: share of samples that the two label differently, in [0, 1].
        ``excess_gap``: :func:`excess_gap`. ``cev`` and ``sde``: :func:`combined_error_variance` and
        :func:`symmetric_distance_error`. ``recall_intensification``: the function of that name. The
        first four are 0 if the two agree on every sample, the last is 1.

    Raises:
        InputError: If the three differ in length, are empty, or hold a label outside the classes.

    Source:
        Changed predictions: Hooker et al. 2019, arXiv 1911.05248.

    Example:
        >>> y = np.array([0, 0, 1, 1])
        >>> metrics = fairness_metrics(np.array([0, 0, 0, 0]), y, y, classes=2)
        >>> metrics["changed_predictions"], metrics["excess_gap"]
        (0.5, 0.5)
    """
    now, before = confusion(predicted, y, classes), confusion(dense, y, classes)
    changed = as_array(predicted) != as_array(dense)
    return {
        "changed_predictions": float(changed.mean()),
        "excess_gap": excess_gap(now, before),
        "cev": combined_error_variance(now, before),
        "sde": symmetric_distance_error(now, before),
        "recall_intensification": recall_intensification(now, before),
    }


def recall_change(pruned: Counts, dense: Counts) -> Floats:
    """Return each class's recall minus the dense network's, in [-1, 1], shape (classes,).

    Args:
        pruned: Confusion matrix (true class by predicted class) of the pruned network.
        dense: That of the dense network on the same samples.

    Returns:
        NaN for a class without samples.

    Raises:
        InputError: If the two are not square, not of one shape, or not of the same samples.

    Example:
        >>> recall_change(np.array([[3, 1], [2, 2]]), np.array([[4, 0], [1, 3]])).tolist()
        [-0.25, -0.25]
    """
    support = _support(pruned, dense)
    with np.errstate(invalid="ignore"):
        return np.asarray((pruned.diagonal() - dense.diagonal()) / support)


def excess_gap(pruned: Counts, dense: Counts) -> float:
    """Return how much more recall the worst-hit class lost than the classes did in the mean.

    ``max_c (drop_c - mean drop)``, in shares; 0 if all classes lost alike, never below, and above
    1 where one class lost most of its recall and the others gained.

    Arguments and errors as for :func:`recall_change`.

    Source:
        Excess accuracy gap, Hashemizadeh et al. 2023, arXiv 2310.20673, with the classes as groups.
        There the drop over all samples is taken away, here the mean over classes, so that a
        frequent class does not count more; on a balanced split the two are equal.

    Example:
        >>> excess_gap(np.array([[4, 0], [2, 2]]), np.array([[4, 0], [0, 4]]))
        0.25
    """
    drops = -recall_change(pruned, dense)
    return float(np.nanmax(drops) - np.nanmean(drops))


def error_changes(pruned: Counts, dense: Counts) -> Floats:
    """Return the relative change of each class's false positive and false negative rate.

    ``(rate - dense rate) / dense rate``. Every rate has one more error and two more samples than
    were counted, ``(errors + 1) / (samples + 2)``: a dense network without such errors would divide
    by zero, and one with a single error would double by the next.

    Arguments and errors as for :func:`recall_change`.

    Returns:
        Shape (classes that occur, 2): of false positives, of false negatives.

    Example:
        >>> pruned, dense = np.array([[2, 2], [0, 4]]), np.array([[4, 0], [0, 4]])
        >>> error_changes(pruned, dense).round(6).tolist()
        [[0.0, 2.0], [2.0, 0.0]]
    """
    support = _support(pruned, dense)
    present = support > 0
    now, before = (_rates(matrix, support)[present] for matrix in (pruned, dense))
    return np.asarray((now - before) / before)


def combined_error_variance(pruned: Counts, dense: Counts) -> float:
    """Return how unlike each other the classes' changes of error rates are (CEV), 0 or more.

    The mean squared distance of the classes' points, :func:`error_changes`, from their centre.

    Arguments and errors as for :func:`recall_change`.

    Source:
        Blakeney et al. 2021, arXiv 2106.07849 and 2110.04397; there the rates are not smoothed.

    Example:
        >>> pruned, dense = np.array([[2, 2], [0, 4]]), np.array([[4, 0], [0, 4]])
        >>> round(combined_error_variance(pruned, dense), 6)
        2.0
    """
    points = error_changes(pruned, dense)
    return float(np.square(points - points.mean(axis=0)).sum(axis=1).mean())


def symmetric_distance_error(pruned: Counts, dense: Counts) -> float:
    """Return how unlike each other the two kinds of error change in a class (SDE), 0 or more.

    The mean over classes of ``|change of false positives - change of false negatives|``: large
    where some classes are forgotten and others are guessed in their place.

    Arguments and errors as for :func:`recall_change`.

    Source:
        Blakeney et al. 2021, arXiv 2110.04397; in arXiv 2106.07849 it is divided by the root of 2,
        as a distance. There the rates are not smoothed.

    Example:
        >>> pruned, dense = np.array([[2, 2], [0, 4]]), np.array([[4, 0], [0, 4]])
        >>> round(symmetric_distance_error(pruned, dense), 6)
        2.0
    """
    return float(np.abs(np.diff(error_changes(pruned, dense), axis=1)).mean())


def recall_intensification(pruned: Counts, dense: Counts) -> float:
    """Return by how much pruning widens the differences of recall that the dense network had.

    With ``r_c = recall_c / accuracy - 1`` of each class, the slope through the origin of the pruned
    network's r on the dense one's. 1: as before; above 1: classes below the accuracy fell further
    below it; below 1: they caught up.

    Arguments and errors as for :func:`recall_change`.

    Returns:
        NaN where the dense network's recalls are all alike, or the pruned network is never right.

    Source:
        Intensification, Good et al. 2022, arXiv 2206.02976.

    Example:
        >>> dense = np.array([[9, 1], [3, 7]])
        >>> pruned = np.array([[9, 1], [7, 3]])
        >>> recall_intensification(dense, dense), round(recall_intensification(pruned, dense), 6)
        (1.0, 4.0)
    """
    support = _support(pruned, dense)
    present = support > 0
    right = [matrix.diagonal() for matrix in (pruned, dense)]
    if not all(hits.any() for hits in right):
        return float("nan")
    now, before = (
        hits[present] / support[present] * support.sum() / hits.sum() - 1 for hits in right
    )
    spread = float(before @ before)
    return float(now @ before) / spread if spread > 1e-12 else float("nan")


def _support(pruned: Counts, dense: Counts) -> Counts:
    if pruned.ndim != 2 or pruned.shape != dense.shape or pruned.shape[0] != pruned.shape[1]:
        raise InputError(
            f"confusion matrices of shape {pruned.shape} and {dense.shape}; "
            "both must be (classes, classes)"
        )
    support = pruned.sum(axis=1)
    if not np.array_equal(support, dense.sum(axis=1)) or not support.any():
        raise InputError(
            "the two confusion matrices do not count the same samples; their rows must have equal "
            "sums, not all 0"
        )
    return np.asarray(support)


def _rates(matrix: Counts, support: Counts) -> NDArray[np.float64]:
    """Smoothed rates of false positives and false negatives, shape (classes, 2)."""
    hits = matrix.diagonal()
    wrong = np.stack([matrix.sum(axis=0) - hits, support - hits], axis=1)
    of = np.stack([support.sum() - support, support], axis=1)
    return np.asarray((wrong + 1) / (of + 2))
