"""Methods ranked over several data sets: Friedman's test and Nemenyi's (Demšar, JMLR 7, 2006)."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from scipy.stats import friedmanchisquare, studentized_range

from leastloss.errors import InputError
from leastloss.evaluation.significance.claims import LEVEL

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
