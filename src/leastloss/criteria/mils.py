"""MILS: remove what loses the least algorithmic information."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.errors import InputError
from leastloss.information import (
    BOUNDARIES,
    COMPLEXITIES,
    ENCODINGS,
    STRATEGIES,
    covered,
    encode,
    information_loss,
    removal_cost,
    removal_order,
    set_removal_order,
    unit_information_loss,
)
from leastloss.models.layers import hidden_units, prunable_layers
from leastloss.names import choose

Planes = list[NDArray[np.uint8]]

_PLANES = {"polarity": 2, "sign": 1}
_LAST = np.finfo(np.float64).max


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

    Under ``ignore`` the rows and columns outside all blocks lose exactly nothing, so they would go
    first, whole classes among them; here they go last.

    Raises:
        InputError: If an option is unknown.

    Example:
        >>> MILS(complexity="entropy").name
        'mils-entropy'
    """

    told_by_name: ClassVar[tuple[str, ...]] = ("complexity",)

    complexity: str = "bdm"
    encoding: str = "polarity"
    boundary: str = "periodic"
    block: int = 4
    strategy: str = "min_absolute"
    pooled: bool = True

    def __post_init__(self) -> None:
        """Refuse unknown options before anything is trained or scored."""
        choose("complexity", self.complexity, COMPLEXITIES)
        choose("encoding", self.encoding, ENCODINGS)
        choose("boundary", self.boundary, BOUNDARIES)
        choose("strategy", self.strategy, STRATEGIES)
        if self.block not in (2, 3, 4):
            raise InputError(f"block is {self.block!r}; it must be 2, 3 or 4")

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
        planes, pools = self._planes(context)
        count = _PLANES[self.encoding]
        if context.granularity == "unit":
            return self._units(context, planes, pools)
        losses = list(
            information_loss(
                planes,
                complexity=self.complexity,
                block=self.block,
                boundary=self.boundary,
                pooled=pools,
            )
        )
        scores: Scores = {}
        for i, (name, mask) in enumerate(context.masks.items()):
            # Each weight is a one in at most one plane; in none, its removal changes nothing.
            loss = np.nan_to_num(np.stack(losses[i * count : (i + 1) * count])).sum(axis=0)
            cost = removal_cost(loss, self.strategy)
            inside = covered(loss.shape, self.block, self.boundary)
            cost[~inside] = _LAST
            scores[name] = cost.reshape(tuple(mask.shape))
        return scores

    def _units(self, context: ScoringContext, planes: Planes, pools: list[int]) -> Scores:
        count = _PLANES[self.encoding]
        place = {name: range(i * count, (i + 1) * count) for i, name in enumerate(context.masks)}
        scores: Scores = {}
        for name, consumer in hidden_units(context.model).items():
            loss = unit_information_loss(
                planes,
                list(place[name]),
                list(place[consumer]),
                complexity=self.complexity,
                block=self.block,
                boundary=self.boundary,
                pooled=pools,
            )
            scores[name] = removal_cost(loss, self.strategy)
        return scores

    def removal_order(self, context: ScoringContext, k: int) -> NDArray[np.int64] | None:
        """The exact sequential order of weights, by incremental updates; None for units."""
        if context.granularity == "unit":
            return None
        planes, pools = self._planes(context)
        if self.encoding == "sign":
            return self._sign_order(context, planes, pools, k)
        cells = removal_order(
            planes,
            complexity=self.complexity,
            block=self.block,
            boundary=self.boundary,
            strategy=self.strategy,
            steps=k,
            seed=context.generator,
            pooled=pools,
            uncovered="last",
        )
        # Both planes of a layer hold the same weights: fold the second onto the first.
        sizes = np.array([mask.numel() for mask in context.masks.values()])
        ends, start = np.cumsum(2 * sizes), np.cumsum(sizes) - sizes
        layer = np.searchsorted(ends, cells, side="right")
        parts: NDArray[np.int64] = start[layer] + (cells - (ends - 2 * sizes)[layer]) % sizes[layer]
        return parts

    def _sign_order(
        self, context: ScoringContext, planes: Planes, pools: list[int], k: int
    ) -> NDArray[np.int64]:
        """As above for the one plane of +1, in which a -1 is a part without any one."""
        alive = torch.cat([mask.flatten() for mask in context.masks.values()]).cpu().numpy()
        inside = [covered(plane.shape, self.block, self.boundary).ravel() for plane in planes]
        within = np.concatenate(inside)
        parts = np.flatnonzero(alive & within)
        order = set_removal_order(
            planes,
            list(parts[:, None]),  # every weight is a set of one cell
            complexity=self.complexity,
            block=self.block,
            boundary=self.boundary,
            strategy=self.strategy,
            steps=min(k, len(parts)),
            seed=context.generator,
            pooled=pools,
        )
        rest = context.generator.permutation(np.flatnonzero(alive & ~within))
        return np.concatenate([parts[order], rest])[:k]

    def _planes(self, context: ScoringContext) -> tuple[Planes, list[int]]:
        """Binary planes of all layers, and for each the number of the pool it is counted in."""
        layers = prunable_layers(context.model, list(context.masks))
        planes: Planes = []
        pools: list[int] = []
        for i, (name, mask) in enumerate(context.masks.items()):
            signs = torch.where(layers[name].weight.detach() >= 0, 1, -1) * mask
            ternary = signs.flatten(1).to(torch.int8).cpu().numpy()
            found = encode(ternary, self.encoding)
            planes += found
            pools += [0 if self.pooled else i] * len(found)
        return planes, pools
