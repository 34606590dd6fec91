"""Geometry of classes in feature space: scatter, neural collapse, discriminant scores.

Torch tensors of features and labels in, geometry out; on the device they come on, in float64.
"""

from leastloss.geometry.accumulator import ClassStatistics, StatisticsAccumulator
from leastloss.geometry.collapse import COLLAPSE, collapse_metrics
from leastloss.geometry.compensation import group_costs as group_costs
from leastloss.geometry.compensation import inverse_diagonals as inverse_diagonals
from leastloss.geometry.compensation import masked_least_squares as masked_least_squares
from leastloss.geometry.discriminant import check_ridge as check_ridge
from leastloss.geometry.discriminant import (
    fisher_ratio,
    partial_fisher,
    partial_fisher_pairs,
    regularised_inverse,
    remove,
)
from leastloss.geometry.greedy_elimination import Shrinking, eliminate, greedy_order
from leastloss.geometry.margins import MarginMoments, linear_margins, margin_loss
from leastloss.geometry.pairs import cosine_rise
from leastloss.geometry.pairs import pair_contrasts as pair_contrasts
from leastloss.geometry.refits import refit_units as refit_units
from leastloss.geometry.refits import softmax_roots as softmax_roots
from leastloss.geometry.restricted_statistics import Guarded, Rescored, restricted
from leastloss.geometry.row_moments import moments_of_rows as moments_of_rows
from leastloss.geometry.separation import Separation
from leastloss.geometry.shrinkage import check_shrinkage as check_shrinkage
from leastloss.geometry.statistics import PooledAccumulator, class_statistics
from leastloss.geometry.surgeon_elimination import Rows as Rows
from leastloss.geometry.surgeon_elimination import surgeon_order as surgeon_order
from leastloss.geometry.symmetry import gram_distance, seli_grams, simplex_gram
from leastloss.geometry.variability import (
    class_distance_variance,
    nc1_change,
    variability_quotient,
    within_class_variability,
)

__all__ = [
    "COLLAPSE",
    "ClassStatistics",
    "Guarded",
    "MarginMoments",
    "PooledAccumulator",
    "Rescored",
    "Separation",
    "Shrinking",
    "StatisticsAccumulator",
    "class_distance_variance",
    "class_statistics",
    "collapse_metrics",
    "cosine_rise",
    "eliminate",
    "fisher_ratio",
    "gram_distance",
    "greedy_order",
    "linear_margins",
    "margin_loss",
    "nc1_change",
    "partial_fisher",
    "partial_fisher_pairs",
    "regularised_inverse",
    "remove",
    "restricted",
    "seli_grams",
    "simplex_gram",
    "variability_quotient",
    "within_class_variability",
]
