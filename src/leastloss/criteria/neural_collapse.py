"""Prune by the geometry of classes: what goes first is what separates classes least."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leastloss.arguments import checked
from leastloss.criteria.base import Scores, ScoringContext
from leastloss.criteria.gauss_newton import per_unit
from leastloss.criteria.partial_fisher import PartialFisher
from leastloss.criteria.scoring.logit_directions import METRICS, pair_columns
from leastloss.criteria.scoring.logit_moves import ENOUGH, metric_moves, unit_moves
from leastloss.criteria.scoring.surgeon import (
    has_surgeon_order,
    surgeon_curvature,
    surgeon_removal_order,
)
from leastloss.criteria.scoring.weight_score import WeightScore, weights_of
from leastloss.criteria.wanda import input_moments
from leastloss.errors import InputError, choose
from leastloss.geometry import check_ridge
from leastloss.models import any_binary, prunable_layers

CURVATURES: dict[str, str] = {
    "auto": "surgeon, or diagonal where a layer is binary: its weights cannot be fitted again",
    "surgeon": "the other weights of the row are fitted again, as `compensate` does",
    "diagonal": "all other weights stay as they are",
}


@checked
@dataclass(frozen=True, kw_only=True)
class NeuralCollapse(WeightScore):
    """Loss of class separation, class-balanced, so that a rare class counts like a common one.

    Units: the partial Fisher ratio (:class:`PartialFisher`): the largest share of any class pair's
    squared Mahalanobis distance that is lost with the unit when the layer's other units are used as
    well as possible. Weights: what the weight costs its unit's pre-activation once the rest of the
    row is fitted again (:class:`OBS`), times how far the unit moves the logits along what separates
    the classes (:mod:`leastloss.criteria.scoring.logit_moves`).

    Attributes:
        gamma: Ridge of the within-class scatter, as a share of its mean variance; above 0.
        metric: How moves of the logits are weighed in the mean (weights only, ``protect`` below
            1): ``discriminant`` (``Q S_B Q`` of the logits), ``logit`` or ``cross-entropy``.
        balanced: Count every class once; False counts every sample once.
        protect: 1 looks at the pair of classes whose separation suffers most, 0 at the mean; in
            between the two are mixed linearly.
        curvature: Of weights: ``surgeon``, ``diagonal``, or ``auto`` by the kind of network.
        ridge: Of the surgeon, as a share of the mean squared input, as for ``compensate``.
        latent: Whether ``w`` of a binary layer is its latent weight, as the straight-through
            gradient has it, or the effective +-1 (weights only). With the latter all weights
            between two hidden layers that enter the same unit have the same score.

    Raises:
        InputError: If an option is out of range.

    Example:
        >>> NeuralCollapse(protect=0.5).label
        'nc:protect=0.5'
    """

    name: ClassVar[str] = "nc"
    summary: ClassVar[str] = (
        "class separation lost: partial Fisher ratio of the worst class pair (units), "
        "surgeon's cost times move along what separates classes (weights)"
    )

    gamma: float = 0.01
    metric: str = "discriminant"
    balanced: bool = True
    protect: float = 1.0
    curvature: str = "auto"
    ridge: float = 1e-3
    latent: bool = True

    def __post_init__(self) -> None:
        """Refuse options that have no meaning, before anything runs."""
        choose("metric", self.metric, METRICS)
        choose("curvature", self.curvature, CURVATURES)
        check_ridge(self.gamma)
        check_ridge(self.ridge, "ridge")
        if not 0 <= self.protect <= 1:
            raise InputError(f"protect is {self.protect}; it must lie in [0, 1]")
        if self.metric != "discriminant" and self.protect == 1:
            raise InputError(
                f"metric is {self.metric!r}; it weighs the mean, which protect=1 leaves out: set "
                "protect below 1 with it"
            )

    def score(self, context: ScoringContext) -> Scores:
        """Score every part; see :meth:`Criterion.score`."""
        if context.granularity == "unit":
            return self._units().score(context)
        return super().score(context)

    def removal_order(self, context: ScoringContext, k: int) -> NDArray[np.int64] | None:
        """The exact order of units (:meth:`PartialFisher.removal_order`) or of weights.

        Of weights it is the surgeon's (:func:`surgeon_removal_order`), in which units move the
        logits as they do now. None where weights cannot be fitted again, or are not to be: with
        binary layers, ``curvature=diagonal`` or a balance of signs.
        """
        if context.granularity == "unit":
            return self._units().removal_order(context, k)
        if self.curvature == "diagonal" or not has_surgeon_order(context):
            return None
        moves = self._moves(context)
        return surgeon_removal_order(context, k, moves, gamma=self.ridge, balanced=self.balanced)

    def _units(self) -> PartialFisher:
        return PartialFisher(gamma=self.gamma, balanced=self.balanced, protect=self.protect)

    def weigh(self, context: ScoringContext) -> dict[str, Tensor]:
        """Score every weight; see :meth:`WeightScore.weigh`."""
        weights, moves = weights_of(context, latent=self.latent), self._moves(context)
        if self._refitted(context):
            costs = surgeon_curvature(context, gamma=self.ridge, balanced=self.balanced)
        else:
            costs = input_moments(context, balanced=self.balanced)
        return {
            name: weight.square() * costs[name] * per_unit(moves[name], weight)
            for name, weight in weights.items()
        }

    def _moves(self, context: ScoringContext) -> dict[str, Tensor]:
        """One number for each unit: how far it moves the logits, on average and of the worst pair.

        Both are scaled to the same total before they are mixed.
        """
        worst, parts = self.protect, []
        if worst < 1:
            mean = metric_moves(context, self.metric, gamma=self.gamma, balanced=self.balanced)
            parts.append((1 - worst, mean))
        if worst > 0:
            columns = pair_columns(context, gamma=self.gamma, balanced=self.balanced)
            by_layer = unit_moves(context, columns, balanced=self.balanced, most=ENOUGH)
            parts.append((worst, {n: m.amax(dim=0) for n, m in by_layer.items()}))
        mixed = {name: torch.zeros(()) for name in context.masks}
        for share, moves in parts:
            total = sum(float(m.sum()) for m in moves.values()) or 1.0
            for name in mixed:
                mixed[name] = mixed[name] + share / total * moves[name]
        return mixed

    def _refitted(self, context: ScoringContext) -> bool:
        if self.curvature != "auto":
            return self.curvature == "surgeon"
        return not any_binary(prunable_layers(context.model, list(context.masks)).values())
