"""Global magnitude: small latent weights go first."""

from dataclasses import dataclass
from typing import ClassVar

from leastloss.arguments import checked
from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.models import prunable_layers


@checked
@dataclass(frozen=True, kw_only=True)
class Magnitude(Criterion):
    """Absolute latent weight, compared over all layers at once.

    For weights the score is ``|w|`` (Han et al. 2015); for units it is the Euclidean norm of the
    unit's kept incoming weights (Li et al. 2017). In a binary network ``w`` is the latent weight,
    since all effective weights have magnitude one.

    Example:
        >>> Magnitude().name
        'magnitude'
    """

    name: ClassVar[str] = "magnitude"
    static: ClassVar[bool] = True
    by_weights: ClassVar[bool] = True
    summary: ClassVar[str] = "absolute latent weight (unit: norm of incoming weights), global"

    def score(self, context: ScoringContext) -> Scores:
        """Score by magnitude; see :meth:`Criterion.score`."""
        layers = prunable_layers(context.model, list(context.masks))
        weights = {
            n: (layers[n].weight.detach() * m).abs().double() for n, m in context.masks.items()
        }
        if context.granularity == "weight":
            return {name: weight.cpu().numpy() for name, weight in weights.items()}
        return {
            name: coupled.entering(weights).norm(dim=1).cpu().numpy()
            for name, coupled in context.units.items()
        }
