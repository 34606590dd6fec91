"""Weight flips: signs that training could not settle go first."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from leastloss.arguments import checked
from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.errors import InputError
from leastloss.models import BinaryLayer, prunable_layers


@checked
@dataclass(frozen=True, kw_only=True)
class Flips(Criterion):
    """How often a binary weight changed its sign in training; those that did most go first.

    A sign that training keeps changing matters little to the loss (Li and Ren 2020, "BNN pruning:
    pruning binary neural network guided by weight flipping frequency"). For units it is the mean
    over the kept incoming weights. Flips are counted by ``ll.fit``, at every optimiser step.

    Raises:
        InputError: If a layer is not binary; at scoring, if no flip was counted at all.

    Example:
        >>> Flips().name
        'flips'
    """

    name: ClassVar[str] = "flips"
    static: ClassVar[bool] = True
    by_weights: ClassVar[bool] = True
    summary: ClassVar[str] = "sign changes of a binary weight in training, most often first"

    def score(self, context: ScoringContext) -> Scores:
        """Score by minus the number of flips; see :meth:`Criterion.score`."""
        counts = {name: layer.flips.double() for name, layer in _binary_layers(context).items()}
        if not any(bool(count.any()) for count in counts.values()):
            raise InputError("no sign flip was counted: train the network by ll.fit first")
        if context.granularity == "weight":
            return {name: (-count).cpu().numpy() for name, count in counts.items()}
        scores: Scores = {}
        kept_counts = {name: counts[name] * mask for name, mask in context.masks.items()}
        for name, coupled in context.units.items():
            there = coupled.entering(context.masks).sum(dim=1).clamp(min=1)
            mean = coupled.entering(kept_counts).sum(dim=1) / there
            scores[name] = torch.neg(mean).cpu().numpy()
        return scores

    def facts(self, context: ScoringContext) -> dict[str, int]:
        """None of its own; refuses layers that are not binary."""
        _binary_layers(context)
        return super().facts(context)


def _binary_layers(context: ScoringContext) -> dict[str, BinaryLayer]:
    binary = {}
    for name, layer in prunable_layers(context.model, list(context.masks)).items():
        if not isinstance(layer, BinaryLayer):
            raise InputError(
                f"flips are those of binary weights, and layer {name!r} is a "
                f"{type(layer).__name__}; use a binarized network"
            )
        binary[name] = layer
    return binary
