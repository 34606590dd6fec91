"""MILS: remove what loses the least algorithmic information."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from leastloss.arguments import checked
from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.criteria.scoring.mils_orders import unit_order, weight_order
from leastloss.criteria.scoring.sign_planes import Planes, hidden_orders, losses_of, planes_of
from leastloss.errors import InputError, choose
from leastloss.information import (
    BOUNDARIES,
    COMPLEXITIES,
    ENCODINGS,
    STRATEGIES,
    covered,
    removal_cost,
    set_information_loss,
)

TIES = ("random", "index", "together")
UNCOVERED = ("last", "include")
_LAST = np.finfo(np.float64).max


@checked
@dataclass(frozen=True, kw_only=True)
class MILS(Criterion):
    """Minimal information loss selection (Zenil et al., arXiv:1802.05843).

    The signs of the kept weights become binary planes, one matrix (outputs x fan-in) per layer and
    plane; a part is scored by what its removal takes off their complexity. BatchNorm and biases
    take no part. In a float network the signs alone count.

    Attributes:
        complexity: ``bdm`` (block decomposition method) or ``entropy`` (block entropy).
        encoding: ``polarity`` (planes of +1 and of -1) or ``sign`` (one plane of +1, in which a
            pruned weight looks like -1, so that removing a -1 loses nothing).
        boundary: ``periodic``, ``recursive``, ``overlapping`` or ``ignore``.
        block: Side of the blocks: 2, 3 or 4.
        strategy: ``min_absolute`` is MILS; see ``leastloss.information.STRATEGIES``.
        pooled: Count the blocks of all layers together, or of each layer alone.
        by_sign: Count the blocks of the planes of +1 apart from those of -1.
        uncovered: Weights that no block covers (under ``ignore``, the rows and columns that fill
            none) lose exactly nothing. ``include`` lets them take part, so that they go first,
            whole classes among them; ``last`` has them go after all others.
        hidden_order: 0 takes the hidden units in the order of training, n > 0 in the n-th random
            one. It changes nothing that the network computes, and where the blocks fall.
        ties: Of equal losses under the schedule ``sequential``: ``random``, ``index`` (the lowest
            cell) or ``together`` (all of them before any loss is looked at again).
        batch: Removals under ``sequential`` before losses are looked at again.

    Raises:
        InputError: If an option is unknown.

    Example:
        >>> MILS(complexity="entropy").name
        'mils-entropy'
    """

    by_weights: ClassVar[bool] = True
    told_by_name: ClassVar[tuple[str, ...]] = ("complexity",)
    sequential_only: ClassVar[tuple[str, ...]] = ("ties", "batch")

    complexity: str = "bdm"
    encoding: str = "polarity"
    boundary: str = "periodic"
    block: int = 4
    strategy: str = "min_absolute"
    pooled: bool = True
    by_sign: bool = False
    uncovered: str = "last"
    hidden_order: int = 0
    ties: str = "random"
    batch: int = 1

    def __post_init__(self) -> None:
        """Refuse unknown options before anything is trained or scored."""
        choose("complexity", self.complexity, COMPLEXITIES)
        choose("encoding", self.encoding, ENCODINGS)
        choose("boundary", self.boundary, BOUNDARIES)
        choose("strategy", self.strategy, STRATEGIES)
        if self.block not in (2, 3, 4):
            raise InputError(f"block is {self.block!r}; it must be 2, 3 or 4")
        choose("treatment of uncovered weights", self.uncovered, UNCOVERED)
        choose("treatment of ties", self.ties, TIES)
        if self.by_sign and self.encoding == "sign":
            raise InputError("by_sign needs two planes, and the encoding 'sign' has one")
        for name, least in (("hidden_order", 0), ("batch", 1)):
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        if self.batch > 1 and self.ties == "together":
            raise InputError("ties 'together' and a batch exclude each other; choose one of them")

    @property
    def name(self) -> str:
        """``mils-bdm`` or ``mils-entropy``."""
        return f"mils-{self.complexity}"

    @property
    def summary(self) -> str:
        """One line on what it measures."""
        what = "BDM" if self.complexity == "bdm" else "block entropy"
        return f"change of the {what} of the binarized weights when the part goes"

    def score(self, context: ScoringContext) -> Scores:
        """Score by information loss; see :meth:`Criterion.score`."""
        planes = self._planes(context)
        if context.granularity == "unit":
            return self._units(context, planes)
        device = next(context.model.parameters()).device
        losses = losses_of(
            planes, device, complexity=self.complexity, block=self.block, boundary=self.boundary
        )
        scores: Scores = {}
        for name, mask in context.masks.items():
            # Each weight is a one in at most one plane; in none, its removal changes nothing.
            loss = np.nan_to_num([losses[i] for i in planes.of_layer(name)]).sum(axis=0)
            cost = removal_cost(loss, self.strategy)
            if self.uncovered == "last":
                cost[~covered(loss.shape, self.block, self.boundary)] = _LAST
            scores[name] = planes.back(name, cost).reshape(tuple(mask.shape))
        return scores

    def _units(self, context: ScoringContext, planes: Planes) -> Scores:
        scores: Scores = {}
        for name, coupled in context.units.items():
            loss = set_information_loss(
                planes.matrices,
                planes.unit_sets(coupled, context.masks),
                complexity=self.complexity,
                block=self.block,
                boundary=self.boundary,
                pooled=planes.pools,
            )
            scores[name] = removal_cost(loss, self.strategy)
        return scores

    def removal_order(self, context: ScoringContext, k: int) -> NDArray[np.int64] | None:
        """The exact sequential order, by incremental updates.

        None for balanced signs in the encoding ``sign``, whose one plane does not tell them apart.
        """
        planes = self._planes(context)
        options: dict[str, Any] = {
            "complexity": self.complexity,
            "block": self.block,
            "boundary": self.boundary,
            "strategy": self.strategy,
            "seed": context.generator,
            "pooled": planes.pools,
            "ties": self.ties,
            "batch": self.batch,
        }
        if context.granularity == "unit":
            return unit_order(context, planes, k, options)
        if context.balance and self.encoding == "sign":
            return None
        return weight_order(context, planes, k, self.uncovered, options)

    def facts(self, context: ScoringContext) -> dict[str, int]:
        """How many weights no block covers; refuses ``hidden_order`` where nothing is hidden."""
        hidden_orders(context, self.hidden_order)
        shapes = [mask.flatten(1).shape for mask in context.masks.values()]
        inside = [covered((s[0], s[1]), self.block, self.boundary).sum() for s in shapes]
        return {"uncovered_weights": sum(s[0] * s[1] for s in shapes) - int(sum(inside))}

    def _planes(self, context: ScoringContext) -> Planes:
        return planes_of(
            context,
            self.encoding,
            pooled=self.pooled,
            by_sign=self.by_sign,
            hidden_order=self.hidden_order,
        )
