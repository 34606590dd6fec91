"""Methods ranked over several data sets, and how often one beats another, whatever the margin.

Source:
    Friedman's test and Nemenyi's: Demšar, JMLR 7, 2006.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import friedmanchisquare, studentized_range

from leastloss.errors import InputError
from leastloss.evaluation.significance.claims import LEVEL
from leastloss.evaluation.significance.intervals import DIGITS, Floats
from leastloss.evaluation.significance.stratified import Strata, check_strata, interval_of

FEWEST = 3
"""Fewest data sets, and fewest methods, whose ranks say anything."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How methods rank over data sets.

    Attributes:
        ranks: Method -> its mean rank; 1 is the best, and the best comes first.
        p: Nemenyi's p of each pair, methods by methods.
        friedman: p of Friedman's test that all methods rank alike.
        difference: How far two mean ranks must be apart to differ at level :data:`LEVEL`.
        data_sets: Their names.
    """

    ranks: Mapping[str, float]
    p: pd.DataFrame
    friedman: float
    difference: float
    data_sets: tuple[str, ...]


def rank_over(scores: pd.DataFrame, *, higher_is_better: bool = True) -> Ranking:
    """Rank methods on each data set, and compare their mean ranks.

    Equal scores share the mean of their ranks.

    Args:
        scores: One row per data set, one column per method; finite.
        higher_is_better: Whether the largest score has rank 1.

    Raises:
        InputError: If there are fewer than three data sets or methods.

    Example:
        >>> scores = pd.DataFrame({"a": [3, 3, 3], "b": [1, 2, 2], "c": [2, 1, 1]})
        >>> ranking = rank_over(scores)
        >>> list(ranking.ranks), ranking.ranks["a"], round(ranking.difference, 2)
        (['a', 'b', 'c'], 1.0, 1.91)
    """
    import scikit_posthocs  # takes seconds

    n, k = scores.shape
    if min(n, k) < FEWEST:
        raise InputError(f"{n} data sets and {k} methods; ranks need {FEWEST} of each")
    values = (-scores if higher_is_better else scores).round(12)  # sums differ in the last digits
    means = values.rank(axis=1).mean().sort_values(kind="stable")
    alike = bool((values.nunique(axis=1) == 1).all())
    quantile = float(studentized_range.ppf(1 - LEVEL, k, np.inf))
    return Ranking(
        ranks={str(name): float(rank) for name, rank in means.items()},
        p=scikit_posthocs.posthoc_nemenyi_friedman(values),
        friedman=1.0 if alike else float(friedmanchisquare(*values.to_numpy().T).pvalue),
        difference=quantile * sqrt(k * (k + 1) / (12 * n)),
        data_sets=tuple(map(str, scores.index)),
    )


def probability_of_improvement(
    values: Strata,
    reference: Strata,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Return how likely a run of one method beats a run of another, with an interval.

    In each data set all pairs of a run of the one and a run of the other are compared, a tie
    counting half (the Mann-Whitney statistic U over the number of pairs); then the data sets are
    averaged.

    Args:
        values: One array of runs for each data set, shapes (n_1,), (n_2,), ..., or the runs of one
            data set; more is better.
        reference: The other method's, on the same data sets; it may have other numbers of runs.
        confidence: Coverage that the interval aims at, in (0, 1).
        seed: Of the resampling.

    Returns:
        P(X > Y) + P(X = Y) / 2, lower end, upper end; the ends are NaN where a data set has one run
        only. Both methods' runs are resampled apart from each other, as if they were not paired.
        Where all runs of one beat all of the other, both ends are 1: that is no certainty.

    Raises:
        InputError: As :func:`stratified_interval`, or if the two differ in their data sets.

    Source:
        Agarwal et al. 2021, arXiv 2108.13264, section 4.

    Example:
        >>> estimate, low, high = probability_of_improvement([0.9, 0.8], [0.8, 0.7])
        >>> estimate, bool(low <= estimate <= high)
        (0.875, True)
    """
    first, second = check_strata(values), check_strata(reference)
    if len(first) != len(second):
        raise InputError(f"{len(first)} data sets against {len(second)}; they must be the same")

    def beats(*samples: Floats, axis: int) -> Floats:
        pairs = zip(samples[: len(first)], samples[len(first) :], strict=True)
        shares = [
            wins(sample[..., :, None] - other[..., None, :]).mean(axis=(-2, -1))
            for sample, other in pairs
        ]
        return np.asarray(np.mean(shares, axis=0))

    return interval_of([*first, *second], beats, confidence, seed)


def paired_improvement(values: ArrayLike, reference: ArrayLike) -> float:
    """Return the share of seeds for which one method beats the other, a tie counting half.

    Args:
        values: One finite value per seed, shape (n,); more is better.
        reference: The other method's, of the same seeds in the same order, shape (n,).

    Raises:
        InputError: If the two differ in length, there is no seed, or a value is not finite.

    Example:
        >>> paired_improvement([0.9, 0.7, 0.5, 0.4], [0.8, 0.6, 0.5, 0.6])
        0.625
    """
    sample, other = np.asarray(values, np.float64), np.asarray(reference, np.float64)
    gaps = sample - other if sample.shape == other.shape else np.array(np.nan)
    if gaps.ndim != 1 or gaps.size == 0 or not np.isfinite(gaps).all():
        raise InputError(
            f"values of shape {sample.shape} and {other.shape}; they must be finite, one a seed"
        )
    return float(wins(gaps).mean())


def wins(gaps: Floats) -> Floats:
    """Count a difference above zero as 1, one below as 0, none as a half; of the same shape.

    Example:
        >>> wins(np.array([0.1 + 0.2 - 0.3, 2.0, -1.0])).tolist()
        [0.5, 1.0, 0.0]
    """
    return np.asarray((np.sign(np.round(gaps, DIGITS)) + 1) / 2)
