"""Several data sets as one: runs are resampled within each, and all runs are summarised.

Source:
    Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice",
    arXiv 2108.13264, and its library rliable: a task there is a data set here.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import bootstrap, trim_mean

from leastloss.errors import InputError, choose
from leastloss.evaluation.significance.intervals import RESAMPLES, Floats

Strata: TypeAlias = Sequence[ArrayLike] | Floats
"""One array of runs for each data set, or the runs of one data set."""

TRIMMED = 0.25
"""Share of the runs that the interquartile mean leaves out at either end."""


def interquartile_mean(values: ArrayLike) -> float:
    """Return the mean of the middle half of all runs, of whatever data set.

    Args:
        values: Finite values of any shape, such as (runs, data sets); ``len // 4`` of all of them
            are left out at either end, so nothing is left out of fewer than four.

    Raises:
        InputError: If there is no value or one is not finite.

    Source:
        Agarwal et al. 2021, by :func:`scipy.stats.trim_mean`.

    Example:
        >>> interquartile_mean([[1.0, 2.0, 3.0, 100.0], [1.0, 2.0, 3.0, -50.0]])
        2.0
    """
    runs = np.asarray(values, dtype=np.float64)
    if runs.size == 0 or not np.isfinite(runs).all():
        raise InputError(f"values of shape {runs.shape}; they must be finite, at least one")
    return float(trim_mean(runs, TRIMMED, axis=None))


def stratified_interval(
    strata: Strata,
    statistic: str = "interquartile_mean",
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Summarise one method's runs on several data sets, with an interval.

    Args:
        strata: One array of runs for each data set, shapes (n_1,), (n_2,), ..., or the runs of one
            data set: values that can be averaged over data sets, such as shares, or differences to
            a reference per seed.
        statistic: ``interquartile_mean`` of all runs, or ``mean`` of the data sets' means.
        confidence: Coverage that the interval aims at, in (0, 1).
        seed: Of the resampling.

    Returns:
        The statistic, lower end, upper end. Where a data set has one run only there is no interval,
        and its ends are NaN: resampling would never vary that run.

    Raises:
        InputError: If there is no data set, one has no run or is no list of finite values, the
            statistic is unknown, or the confidence out of range.

    Source:
        Percentiles of a bootstrap that draws runs with replacement within each data set and never
        swaps runs between them (Agarwal et al. 2021). It says what other seeds would change, not
        what other data sets would.

    Example:
        >>> estimate, low, high = stratified_interval([[0.1, 0.2, 0.3], [0.7, 0.8, 0.9]], "mean")
        >>> round(estimate, 6), bool(0.4 < low < 0.5 < high < 0.6)
        (0.5, True)
    """
    choose("statistic", statistic, _STATISTICS)
    samples = check_strata(strata)
    return interval_of(samples, _STATISTICS[statistic], confidence, seed)


def check_strata(strata: Strata) -> list[Floats]:
    """Return one array of runs for each data set.

    Raises:
        InputError: If there is none, or one is empty, not one list, or not finite.
    """
    single = len(strata) > 0 and all(np.ndim(stratum) == 0 for stratum in strata)
    samples = [np.asarray(stratum, np.float64) for stratum in ([strata] if single else strata)]
    if not samples:
        raise InputError("there is no data set; at least 1 is needed")
    for place, sample in enumerate(samples):
        if sample.ndim != 1 or sample.size == 0 or not np.isfinite(sample).all():
            raise InputError(
                f"the runs of data set {place} have shape {sample.shape}; they must be one list of "
                "finite values, at least one"
            )
    return samples


def interval_of(
    samples: Sequence[Floats], statistic: Callable[..., Any], confidence: float, seed: int
) -> tuple[float, float, float]:
    """Return ``statistic(*samples, axis=-1)`` and its percentile interval, samples drawn apart.

    Raises:
        InputError: If the confidence is out of range.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}; it must lie in (0, 1)")
    value = float(statistic(*samples, axis=-1))
    if min(len(sample) for sample in samples) < 2:
        return value, float("nan"), float("nan")
    ends = bootstrap(
        tuple(samples),
        statistic,
        n_resamples=RESAMPLES,
        vectorized=True,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    # Of equal values SciPy's two percentiles may be off by a rounding, in either order.
    low, high = sorted((float(ends.low), float(ends.high)))
    return value, low, high


def _pooled(*samples: Floats, axis: int) -> Floats:
    return np.asarray(trim_mean(np.concatenate(samples, axis=axis), TRIMMED, axis=axis))


def _mean_of_means(*samples: Floats, axis: int) -> Floats:
    return np.asarray(np.mean([sample.mean(axis=axis) for sample in samples], axis=0))


_STATISTICS: dict[str, Callable[..., Floats]] = {
    "interquartile_mean": _pooled,
    "mean": _mean_of_means,
}
