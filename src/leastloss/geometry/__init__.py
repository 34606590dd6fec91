"""Geometry of classes in feature space: scatter, neural collapse, discriminant scores.

Torch tensors of features and labels in, geometry out; on the device they come on, in float64.
"""

from leastloss.geometry.accumulator import ClassStatistics, StatisticsAccumulator
from leastloss.geometry.angles import cosine_rise
from leastloss.geometry.collapse import COLLAPSE, collapse_metrics
from leastloss.geometry.collapse_change import nc1_change
from leastloss.geometry.discriminant import (
    partial_fisher,
    partial_fisher_pairs,
    regularised_inverse,
    remove,
)
from leastloss.geometry.elimination import Shrinking, eliminate, greedy_order
from leastloss.geometry.fisher import fisher_ratio
from leastloss.geometry.guarded import Guarded
from leastloss.geometry.margins import MarginMoments, linear_margins, margin_loss
from leastloss.geometry.pooled import PooledAccumulator
from leastloss.geometry.rescored import Rescored, restricted
from leastloss.geometry.separation import Separation
from leastloss.geometry.statistics import class_statistics
from leastloss.geometry.symmetry import gram_distance, seli_grams, simplex_gram
from leastloss.geometry.variability import (
    class_distance_variance,
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
