"""How sure a mean over seeds is, and whether two methods differ.

The interval resamples seeds, so the value of a seed should stand for one independent repetition
(its own split, initialisation and batch order). For two methods that were run from the same dense
models, take the interval of the *differences* per seed: what the dense model contributes cancels.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import bootstrap, wilcoxon

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


def signed_rank(differences: ArrayLike) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test of paired differences.

    Args:
        differences: One finite difference per seed, shape (n,). Zeros are left out; if all are
            zero there is nothing to tell the two methods apart, and p is 1.

    Raises:
        InputError: If there is no value or one is not finite.

    Source:
        Wilcoxon 1945. Exact without ties up to 50 values and with ties up to 13, else the normal
        approximation. With n values of one sign p is 2 / 2**n: it cannot be smaller.

    Example:
        >>> signed_rank([1.0, 2.0, 3.0, 4.0, 5.0]), signed_rank([0.0, 0.0])
        (0.0625, 1.0)
    """
    values: Floats = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise InputError(f"differences of shape {values.shape}; they must be finite, at least one")
    # Equal up to the order of the additions is equal, to zero and to one another.
    scale = float(np.abs(values).max()) or 1.0
    values = np.round(values / scale, DIGITS - 2)
    return float(wilcoxon(values[values != 0]).pvalue) if values.any() else 1.0


def holm(p_values: ArrayLike) -> Floats:
    """Adjust the p-values of a family of tests, so that none is wrongly below a level but rarely.

    Args:
        p_values: Shape (m,), each in [0, 1].

    Returns:
        Adjusted p-values in the order given: reject where one is at most the level, and the chance
        of any wrong rejection is at most the level, whatever depends on what.

    Raises:
        InputError: If a value lies outside [0, 1].

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6:65.

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise InputError(f"p-values of shape {p.shape}; each must lie in [0, 1]")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.asarray(np.minimum(adjusted, 1.0))


def _mean(sample: Floats, axis: int) -> Floats:
    # BCa counts the resamples that equal the mean: without rounding, luck would decide which do.
    return np.asarray(np.round(np.mean(sample, axis=axis), DIGITS))
