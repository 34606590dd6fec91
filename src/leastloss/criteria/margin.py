"""Margin loss: what the network's own classifier loses with a unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.margin_moments import unit_margins
from leastloss.criteria.scoring.unit_score import UnitScore
from leastloss.criteria.scoring.unit_statistics import Alive
from leastloss.geometry import check_ridge, margin_loss


@checked
@dataclass(frozen=True, kw_only=True)
class Margin(UnitScore):
    """Rise of the expected number of rivals that beat a sample's class when a unit goes.

    For each pair of classes the margin of the logits is taken as normal over the samples of a
    class; a unit contributes its activation times the derivative of the margin by it, which is
    exact for the layer that the classifier reads (see :func:`margin_loss`). Unlike
    ``partial-fisher`` it assumes that nothing is repaired.

    Attributes:
        gamma: Floor of the margins' variances, as a share of their mean; above 0.
        balanced: Count every class once; False counts every sample once.
        folded: A unit that goes leaves its mean behind, as where a repair moves it into the bias;
            False: its contribution vanishes, as under a mask alone.

    Raises:
        InputError: If an option is out of range.

    Example:
        >>> Margin(folded=True).label
        'margin:folded=true'
    """

    name: ClassVar[str] = "margin"
    summary: ClassVar[str] = "expected class pairs confused when a unit's share of the logits goes"

    gamma: float = 0.01
    balanced: bool = True
    folded: bool = False

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        check_ridge(self.gamma)

    def weigh(self, context: ScoringContext, alive: Alive) -> Mapping[str, Tensor]:
        """Score the units that are left; see :meth:`UnitScore.weigh`."""
        margins = unit_margins(context, alive, balanced=self.balanced, folded=self.folded)
        return {name: margin_loss(moments, self.gamma) for name, moments in margins.items()}
