"""What a single weight does to the logits, in a metric that knows the classes.

Taking a weight ``w_ab`` out moves the pre-activation of unit b by ``-w_ab x_a`` and the logits by
``-w_ab x_a J_b`` to first order. In a metric F of logit space, with input and Jacobian taken as
independent, the expected squared move is ``w_ab^2 E[x_a^2] E[||J_b F^{1/2}||^2]``: the diagonal of
a Gauss-Newton matrix (Schraudolph 2002) in Kronecker-factored form (Martens and Grosse 2015), used
as in optimal brain damage (LeCun et al. 1990). It compares over layers as it stands.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.logit_directions import METRICS, metric_columns
from leastloss.criteria.scoring.logit_moves import unit_moves
from leastloss.criteria.scoring.weight_score import WeightScore, weights_of
from leastloss.criteria.wanda import input_moments
from leastloss.errors import choose
from leastloss.geometry import check_ridge


@checked
@dataclass(frozen=True, kw_only=True)
class GaussNewton(WeightScore):
    """Expected squared move of the logits when a weight goes, all other weights as they are.

    In a convolution the squared input is averaged and the slope summed over positions. A unit is
    worth the sum of its kept incoming weights.

    Attributes:
        metric: How moves are weighed: ``discriminant`` (``Q S_B Q`` of the logits), ``logit`` (the
            identity) or ``cross-entropy`` (``diag(p) - p p^T`` of each sample).
        gamma: Ridge of the within-class scatter of the logits, as a share of its mean variance.
        balanced: Count every class once; False counts every sample once.
        latent: Whether ``w`` of a binary layer is its latent weight, or the effective +-1.

    Raises:
        InputError: If an option is unknown or out of range.

    Example:
        >>> GaussNewton(metric="logit").label
        'gauss-newton:metric=logit'
    """

    name: ClassVar[str] = "gauss-newton"
    summary: ClassVar[str] = "squared move of the logits along what separates classes, diagonal"

    metric: str = "discriminant"
    gamma: float = 0.01
    balanced: bool = True
    latent: bool = True

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        choose("metric", self.metric, METRICS)
        check_ridge(self.gamma)

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        columns = metric_columns(context, self.metric, gamma=self.gamma, balanced=self.balanced)
        moves = unit_moves(context, columns, balanced=self.balanced)
        inputs = input_moments(context, balanced=self.balanced)
        weights = weights_of(context, latent=self.latent)
        return {
            name: weight.square() * inputs[name] * per_unit(moves[name].sum(dim=0), weight)
            for name, weight in weights.items()
        }


def per_unit(values: Tensor, weight: Tensor) -> Tensor:
    """One value for each output unit, in a shape that broadcasts to the weight's.

    Example:
        >>> import torch
        >>> per_unit(torch.ones(4), torch.zeros(4, 3, 2, 2)).shape
        torch.Size([4, 1, 1, 1])
    """
    return values.to(weight.device).reshape(-1, *(1,) * (weight.ndim - 1))
