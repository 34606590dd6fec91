"""Whether two methods differ: a test of paired seeds, and what many tests at once call for."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata, wilcoxon

from leastloss.errors import InputError
from leastloss.evaluation.significance.intervals import DIGITS, Floats

LEVEL = 0.05
"""Differences whose p-value after Holm's correction is at most this are called shown."""

MIN_SEEDS = 3
"""From fewer seeds no claim that one method is better than another is made unless asked."""

_EXACT = 50  # values; so many sign patterns are still counted exactly


def enough_seeds(n: int, at_least: int = MIN_SEEDS) -> bool:
    """Tell whether a claim may rest on so many paired seeds.

    Args:
        n: How many there are.
        at_least: How many it takes.

    Raises:
        InputError: If a number of seeds is negative, or fewer than one is asked for.

    Example:
        >>> [enough_seeds(n) for n in (1, 2, 3)], enough_seeds(1, at_least=1)
        ([False, False, True], True)
    """
    if n < 0 or at_least < 1:
        raise InputError(f"{n} seeds of at least {at_least}; it must be 0 or more of at least 1")
    return n >= at_least


def signed_rank(differences: ArrayLike) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test of paired differences.

    Args:
        differences: One finite difference per seed, shape (n,). Zeros are left out; if all are
            zero there is nothing to tell the two methods apart, and p is 1.

    Raises:
        InputError: If there is no value or one is not finite.

    Source:
        Wilcoxon 1945. Exact up to 50 values, ties included, else the normal approximation. With n
        values of one sign p is 2 / 2**n: it cannot be smaller.

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
    values = values[values != 0]
    if len(values) > _EXACT:
        return float(wilcoxon(values).pvalue)
    return _exact(values) if len(values) else 1.0


def _exact(values: Floats) -> float:
    """Wilcoxon's p from the sums of all sign patterns, counted rank after rank.

    SciPy draws the patterns one by one where there are ties: hundreds of times slower.
    """
    ranks = np.rint(2 * rankdata(np.abs(values))).astype(np.int64)  # ties stand at halves
    counts = np.zeros(ranks.sum() + 1)
    counts[0] = 1.0
    for rank in ranks:
        counts[rank:] += counts[:-rank].copy()
    observed = int(ranks[values > 0].sum())
    tail = min(counts[: observed + 1].sum(), counts[observed:].sum())
    return float(min(1.0, 2 * tail / 2.0 ** len(values)))


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
