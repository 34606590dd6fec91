"""What scores of single weights have in common: layers, what is pruned already, and units."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.errors import InputError
from leastloss.models import effective_weight, prunable_layers


class WeightScore(Criterion):
    """A criterion that is one formula for single weights.

    A hidden unit is worth the sum of its kept incoming weights. A subclass implements ``weigh``.
    """

    @abstractmethod
    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight of each layer of ``context.masks``.

        Returns:
            Layer name -> float64 tensor of the weight's shape; what stands where a weight is pruned
            already is ignored.
        """

    def score(self, context: ScoringContext) -> Scores:
        """Score every part; see :meth:`Criterion.score`. Pruned weights get NaN.

        Raises:
            InputError: If the score of a weight that is left is not finite.
        """
        weighed = self.weigh(context)
        alive = {name: mask.to(weighed[name].device) for name, mask in context.masks.items()}
        scores = {name: weighed[name].where(alive[name], 0.0) for name in alive}
        for name, score in scores.items():
            if not torch.isfinite(score).all():
                raise InputError(
                    f"scores by {self.name!r} of layer {name!r} are not finite: its inputs or "
                    "gradients hold NaN or infinity"
                )
        if context.granularity == "weight":
            return {n: s.where(alive[n], torch.nan).cpu().numpy() for n, s in scores.items()}
        return {
            name: coupled.entering(scores).sum(dim=1).cpu().numpy()
            for name, coupled in context.units.items()
        }


@dataclass(frozen=True, kw_only=True)
class SampledWeightScore(WeightScore):
    """A formula of weights and of averages over the training samples.

    Attributes:
        balanced: Count every class once; False counts every sample once.
        latent: Whether ``w`` of a binary layer is its latent weight, or the effective +-1.
    """

    balanced: bool = True
    latent: bool = True


def weights_of(context: ScoringContext, *, latent: bool) -> dict[str, Tensor]:
    """The weights in float64, by layer of the masks; binary ones as latent weights, or as +-1."""
    layers = prunable_layers(context.model, list(context.masks))
    return {
        name: (layers[name].weight.detach() if latent else effective_weight(layers[name])).double()
        for name in context.masks
    }
