"""How sure a number is: small functions on arrays of seeds, methods and data sets."""

from leastloss.evaluation.significance.claims import (
    LEVEL,
    MIN_SEEDS,
    enough_seeds,
    holm,
    signed_rank,
)
from leastloss.evaluation.significance.curves import (
    SLACK,
    area_under_curve,
    free_sparsity,
    steps_within,
)
from leastloss.evaluation.significance.intervals import (
    Floats,
    mean_interval,
    mean_intervals,
    paired_interval,
    paired_intervals,
)
from leastloss.evaluation.significance.ranking import (
    FEWEST,
    Ranking,
    paired_improvement,
    probability_of_improvement,
    rank_over,
)
from leastloss.evaluation.significance.stratified import interquartile_mean, stratified_interval

__all__ = [
    "FEWEST",
    "LEVEL",
    "MIN_SEEDS",
    "SLACK",
    "Floats",
    "Ranking",
    "area_under_curve",
    "enough_seeds",
    "free_sparsity",
    "holm",
    "interquartile_mean",
    "mean_interval",
    "mean_intervals",
    "paired_improvement",
    "paired_interval",
    "paired_intervals",
    "probability_of_improvement",
    "rank_over",
    "signed_rank",
    "steps_within",
    "stratified_interval",
]
