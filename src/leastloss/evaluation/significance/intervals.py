"""How sure a mean over seeds is, and the mean difference of two methods.

The interval resamples seeds, so the value of a seed should stand for one independent repetition
(its own split, initialisation and batch order). For two methods that were run from the same dense
models, take the interval of the *differences* per seed: what the dense model contributes cancels.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import bootstrap

from leastloss.errors import InputError

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

FEW = 5
"""Below so many values the bias correction has too little to work on: plain percentiles then."""

RESAMPLES = 9999
DIGITS = 14
"""Means that agree to so many digits are equal: they differ by the order of the additions."""


def mean_interval(
    values: ArrayLike, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean of one number per seed and its bootstrap interval.

    Args:
        values: One finite value per seed, shape (n,), in any unit; or one difference per seed.
        confidence: Coverage that the interval aims at, in (0, 1). With fewer than ten values a
            bootstrap interval is known to be too narrow.
        seed: Of the resampling.

    Returns:
        Mean, lower end, upper end. One value has no interval: its ends are NaN.

    Raises:
        InputError: If there is no value, one is not finite, or the confidence is out of range.

    Source:
        Bias-corrected and accelerated (BCa) bootstrap, Efron 1987; percentiles below five values.

    Example:
        >>> mean, low, high = mean_interval([0.81, 0.84, 0.80, 0.86, 0.83, 0.82])
        >>> bool(0.80 < low < mean < high < 0.86)
        True
        >>> mean_interval([0.8])
        (0.8, nan, nan)
    """
    means, lows, highs = mean_intervals(np.atleast_2d(np.asarray(values)), confidence, seed)
    return float(means[0]), float(lows[0]), float(highs[0])


def mean_intervals(
    values: ArrayLike, confidence: float = 0.95, seed: int = 0
) -> tuple[Floats, Floats, Floats]:
    """Do what :func:`mean_interval` does for each row of (m, n): means, lower, upper ends (m,).

    Every row is resampled by the same draws of seeds, so rows stay paired.

    Raises:
        InputError: If there is no value, one is not finite, or the confidence is out of range.

    Example:
        >>> means, lows, highs = mean_intervals([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])
        >>> [ends.round(6).tolist() for ends in (means, lows, highs)]
        [[2.0, 5.0], [1.0, 5.0], [3.0, 5.0]]
    """
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.size == 0 or not np.isfinite(rows).all():
        raise InputError(f"values of shape {rows.shape}; they must be finite, at least one a row")
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}; it must lie in (0, 1)")
    means = rows.mean(axis=1)
    if rows.shape[1] == 1:
        return means, np.full_like(means, np.nan), np.full_like(means, np.nan)
    lows, highs = means.copy(), means.copy()
    scale = np.abs(rows).max(axis=1)
    spread = np.ptp(rows, axis=1) > scale / 10**DIGITS
    if spread.any():
        unit = scale[spread, None]
        interval = bootstrap(
            (rows[spread] / unit,),
            _mean,
            axis=-1,
            n_resamples=RESAMPLES,
            batch=max(1, 2_000_000 // rows[spread].size),  # 16 MB at a time
            confidence_level=confidence,
            method="BCa" if rows.shape[1] >= FEW else "percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
        lows[spread], highs[spread] = interval.low * unit[:, 0], interval.high * unit[:, 0]
    return means, lows, highs


def paired_interval(
    values: ArrayLike, reference: ArrayLike, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float, float]:
    """Return by how much one method exceeds another in the mean, and the interval of that.

    Args:
        values: One finite value per seed, shape (n,).
        reference: The other method's, of the same seeds in the same order, shape (n,).
        confidence: Coverage that the interval aims at, in (0, 1).
        seed: Of the resampling.

    Returns:
        Mean, lower end, upper end of ``values - reference``, as :func:`mean_interval`.

    Raises:
        InputError: If the two differ in length, or as :func:`mean_interval`.

    Example:
        >>> mean, low, high = paired_interval([0.9, 0.7, 0.8], [0.8, 0.6, 0.7])
        >>> round(mean, 6), round(low, 6), round(high, 6)
        (0.1, 0.1, 0.1)
    """
    sample, other = np.asarray(values, np.float64), np.asarray(reference, np.float64)
    if sample.ndim != 1 or sample.shape != other.shape:
        raise _unpaired(sample, other, "of one shape (seeds,)")
    return mean_interval(sample - other, confidence, seed)


def paired_intervals(
    values: ArrayLike, reference: ArrayLike, confidence: float = 0.95, seed: int = 0
) -> tuple[Floats, Floats, Floats]:
    """Do what :func:`paired_interval` does for many methods (or points) at once.

    Args:
        values: Seeds by methods, shape (n, m), or (n, m, points), ...
        reference: What all are compared with: one value per seed, shape (n,), or one for every
            entry of ``values``, in its shape.
        confidence: Coverage that the intervals aim at, in (0, 1).
        seed: Of the resampling; all entries are resampled by the same draws of seeds.

    Returns:
        Means, lower and upper ends, each of the shape of ``values`` without its first axis.

    Raises:
        InputError: If the shapes do not fit, or as :func:`mean_interval`.

    Example:
        >>> means, lows, highs = paired_intervals([[0.9, 0.5], [0.7, 0.5]], [0.8, 0.6])
        >>> means.round(6).tolist()
        [0.1, -0.2]
    """
    sample, other = np.asarray(values, np.float64), np.asarray(reference, np.float64)
    if sample.ndim < 2 or other.shape not in {sample.shape, sample.shape[:1]}:
        raise _unpaired(sample, other, "(seeds, methods) and (seeds,), or of one shape")
    gaps = sample - other.reshape(other.shape + (1,) * (sample.ndim - other.ndim))
    rows = gaps.reshape(len(gaps), -1).T
    intervals = mean_intervals(rows, confidence, seed)
    means, lows, highs = (ends.reshape(sample.shape[1:]) for ends in intervals)
    return means, lows, highs


def _unpaired(values: Floats, reference: Floats, allowed: str) -> InputError:
    shapes = f"values of shape {values.shape} and a reference of shape {reference.shape}"
    return InputError(f"{shapes} are not paired; they must be {allowed}")


def _mean(sample: Floats, axis: int) -> Floats:
    # BCa counts the resamples that equal the mean: without rounding, luck would decide which do.
    return np.asarray(np.round(np.mean(sample, axis=axis), DIGITS))
