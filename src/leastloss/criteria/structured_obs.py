"""Optimal brain surgeon of whole units: what they cost once their readers are fitted again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from leastloss.activations import ridge_of, row_supports
from leastloss.arguments import checked
from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.logit_directions import METRICS
from leastloss.criteria.scoring.logit_moves import metric_moves
from leastloss.criteria.scoring.surgeon import Reading, layer_moments
from leastloss.criteria.scoring.unit_score import UnitScore
from leastloss.criteria.scoring.unit_statistics import Alive
from leastloss.errors import choose
from leastloss.geometry import check_ridge, group_costs
from leastloss.models import effective_weight, mask_for, weight_layers


@checked
@dataclass(frozen=True, kw_only=True)
class StructuredOBS(UnitScore):
    """What the layers that read a unit lose with it once their other weights are fitted again.

    A layer that reads inputs with second moments S loses, in row r, the squared error
    ``w_rJ^T ([S^-1]_JJ)^-1 w_rJ`` with the inputs J that are the unit's (all taps of a channel),
    S with a ridge and of the inputs that are left (Hassibi and Stork 1993; of groups of inputs
    Kurtic et al. 2023, ZipLM). Rows are added, each times how far its unit moves the logits, and so
    are the layers that read the unit. ``compensate`` fits them again in just this way.

    Attributes:
        metric: How moves of the logits are weighed, as for ``gauss-newton``; ``none`` adds the
            layers' own errors, which do not compare over layers.
        gamma: Ridge as a share of the mean squared input, as for ``compensate``.
        balanced: Count every class once; False counts every sample once.

    Raises:
        InputError: If an option is unknown or out of range.

    Example:
        >>> StructuredOBS(metric="none").label
        'structured-obs:metric=none'
    """

    name: ClassVar[str] = "structured-obs"
    summary: ClassVar[str] = "what a unit's readers lose with it once they are fitted again"

    metric: str = "discriminant"
    gamma: float = 1e-3
    balanced: bool = True

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        choose("metric", self.metric, ("none", *METRICS))
        check_ridge(self.gamma)

    def weigh(self, context: ScoringContext, alive: Alive) -> Mapping[str, Tensor]:
        """Score the units that are left; see :meth:`UnitScore.weigh`."""
        left = {name: torch.from_numpy(units) for name, units in alive.items() if units.any()}
        layers = weight_layers(context.model)
        readers = {reader for name in left for reader in context.units[name].columns}
        masks = {n: mask_for(context.masks, n, layers[n]) for n in layers if n in readers}
        read_only = replace(context, masks=masks)
        moves = metric_moves(read_only, self.metric, balanced=self.balanced)
        scores: dict[str, Tensor] = {}
        for read in layer_moments(read_only, balanced=self.balanced):
            for name, units in left.items():
                columns = context.units[name].columns.get(read.name)
                if columns is None:
                    continue
                costs = _costs(read, masks[read.name], columns[units], self.gamma)
                lost = (costs * moves[read.name].to(costs) if moves else costs).sum(dim=1)
                scores[name] = scores[name] + lost if name in scores else lost
        return scores


def _costs(read: Reading, mask: Tensor, columns: Tensor, gamma: float) -> Tensor:
    """What each row of a layer loses with each unit that it reads, shape (units, rows)."""
    weights = effective_weight(read.layer).where(mask.to(read.layer.weight.device), 0.0)
    weights = weights.flatten(1).double().to(read.moments.device)
    taps = read.layer.weight[0, 0].numel()
    inputs = (columns[:, :, None] * taps + torch.arange(taps)).flatten(1).to(weights.device)
    costs = []
    for moments, rows, support in zip(
        read.moments,
        weights.tensor_split(len(read.moments)),
        row_supports(mask, read.moments),
        strict=True,
    ):
        spare = moments.shape[0] - rows.shape[1]  # the one for the bias
        with_bias = functional.pad(rows, (0, spare))
        ridge = ridge_of(read.layer, moments, gamma)
        part = with_bias.new_zeros(len(inputs), len(rows))
        # One support for all rows, unless single weights were pruned: a row is fitted on its own.
        supports, owner = torch.unique(support, dim=0, return_inverse=True)
        for i, kept in enumerate(supports):
            alike = owner == i
            part[:, alike] = group_costs(moments, with_bias[alike], inputs, kept, ridge)
        costs.append(part)
    return torch.cat(costs, dim=1)
