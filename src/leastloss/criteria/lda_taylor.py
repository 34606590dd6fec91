"""LDA-Taylor: first-order change of the classes' separation in logit space."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from leastloss.activations import batches, labelled_logits
from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.gradients import mean_gradients
from leastloss.criteria.scoring.weight_score import WeightScore, weights_of
from leastloss.geometry import (
    ClassStatistics,
    StatisticsAccumulator,
    check_ridge,
    regularised_inverse,
)
from leastloss.models import evaluation_mode


@checked
@dataclass(frozen=True, kw_only=True)
class LDATaylor(WeightScore):
    """Weight times the gradient of ``J = tr(Q S_B)``, the separation of the classes' logits.

    The features are the logits, not those that the last layer reads as in Deep-LDA pruning (Tian et
    al. 2018, arXiv 1803.08134): the last layer's weights have no part in the latter and could not
    be scored. A unit is worth the sum of its kept incoming weights.

    Attributes:
        gamma: Ridge of the within-class scatter, as a share of its mean variance; above 0.
        balanced: Count every class once; False counts every sample once.
        latent: Whether ``w`` of a binary layer is its latent weight, or the effective +-1.

    Raises:
        InputError: If ``gamma`` is not above 0.

    Example:
        >>> LDATaylor(gamma=0.1).label
        'lda-taylor:gamma=0.1'
    """

    name: ClassVar[str] = "lda-taylor"
    summary: ClassVar[str] = "first-order change of the classes' Fisher ratio in logit space"

    gamma: float = 0.01
    balanced: bool = True
    latent: bool = True

    def __post_init__(self) -> None:
        """Refuse a ridge that has no meaning, before anything runs."""
        check_ridge(self.gamma)

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        accumulator = StatisticsAccumulator(context.train.classes)
        with evaluation_mode(context.model), torch.no_grad():
            for x, y in batches(context.train, context.model):
                accumulator.update(*labelled_logits(context.model, x, y))
        statistics = accumulator.result(balanced=self.balanced)
        slope = partial(separation_slope, separation_terms(statistics, self.gamma))
        gradients = mean_gradients(context, slope, balanced=self.balanced)
        weights = weights_of(context, latent=self.latent)
        return {name: (weights[name] * gradients[name]).abs() for name in context.masks}


def separation_terms(statistics: ClassStatistics, gamma: float) -> tuple[Tensor, Tensor, Tensor]:
    """Class means, ``Q (mu_c - mean)`` by row, and the matrix A of `separation_slope`."""
    inverse = regularised_inverse(statistics.within, gamma)
    a = inverse @ statistics.between @ inverse
    if statistics.within.any():  # else Q is the identity by convention and has no derivative
        a.diagonal().add_(a.trace() * gamma / len(a))
    return statistics.means, statistics.centred_means() @ inverse, a


def separation_slope(terms: tuple[Tensor, Tensor, Tensor], features: Tensor, y: Tensor) -> Tensor:
    """Derivative of ``J = tr(Q S_B)`` by each sample's features, per unit of its weight.

    With ``Q = (S_W + ridge I)^-1`` and ``ridge = gamma tr(S_W) / d``, a sample i of class c that
    counts s_i in the averages has ``dJ/dh_i = 2 s_i [Q (mu_c - mean) - A (h_i - mu_c)]``, where
    ``A = Q S_B Q + (gamma / d) tr(Q S_B Q) I``. The second part of A is how the ridge depends on
    the features; with it the derivative is exact.

    Args:
        terms: What `separation_terms` gives, of the statistics of all samples.
        features: h, shape (n, d).
        y: Labels, shape (n,).

    Returns:
        ``dJ/dh_i / s_i``, float64, shape (n, d).
    """
    means, pulls, a = terms
    return 2 * (pulls[y] - (features.double() - means[y]) @ a)
