"""What scores of hidden units have in common: which are left, and the exact order of layers."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from leastloss.criteria.base import Criterion, Scores, ScoringContext
from leastloss.criteria.scoring.unit_statistics import Alive, alive_units, unit_statistics
from leastloss.errors import InputError
from leastloss.geometry import ClassStatistics, Shrinking, eliminate


class UnitScore(Criterion):
    """A criterion for hidden units; it has no meaning for single weights.

    A subclass implements ``weigh``.
    """

    units_only: ClassVar[bool] = True

    @abstractmethod
    def weigh(self, context: ScoringContext, alive: Alive) -> Mapping[str, Tensor]:
        """Score the units that are left, for each layer that has any.

        Returns:
            Layer name -> scores, shape (units that are left,), finite.
        """

    def score(self, context: ScoringContext) -> Scores:
        """Score every unit; see :meth:`Criterion.score`. Units that are pruned get NaN.

        Raises:
            InputError: If single weights are asked for.
        """
        alive = self._alive(context)
        scores = {name: np.full(len(units), np.nan) for name, units in alive.items()}
        for name, worth in self.weigh(context, alive).items():
            scores[name][alive[name]] = worth.cpu().numpy()
        return scores

    def removal_order(self, context: ScoringContext, k: int) -> NDArray[np.int64] | None:
        """None, so that the pruning loop scores and removes one unit at a time.

        Raises:
            InputError: If single weights are asked for.
        """
        self._alive(context)
        return None

    def _alive(self, context: ScoringContext) -> Alive:
        if context.granularity != "unit":
            raise InputError(
                f"{self.name!r} scores hidden units, not single weights; use the granularity 'unit'"
            )
        return alive_units(context)


class GeometricScore(UnitScore):
    """A unit score that follows from the class statistics of each layer's units.

    A unit that several layers read is worth what it is to each of them, added.

    A subclass implements ``shrinking`` and has the fields ``balanced`` and ``shrinkage``.
    """

    balanced: bool
    shrinkage: float

    @abstractmethod
    def shrinking(self, statistics: ClassStatistics, context: ScoringContext) -> Shrinking:
        """The units of a layer as a set that can shrink."""

    def weigh(self, context: ScoringContext, alive: Alive) -> Mapping[str, Tensor]:
        """Score the units that are left; see :meth:`UnitScore.weigh`."""
        losses: dict[str, Tensor] = {}
        for (name, _), part in self._sets(context, alive).items():
            lost = part.losses()
            losses[name] = losses[name] + lost if name in losses else lost
        return losses

    def removal_order(self, context: ScoringContext, k: int) -> NDArray[np.int64] | None:
        """The next ``k`` units, scored again after every removal.

        Within a layer the order is exact. Layers compete by score; what a removal does to the
        features of later layers shows only when the network is scored again. The last unit of a
        layer stays until all layers are down to one. None where several layers read a unit: what
        each of them loses is added, which has no such order.
        """
        alive = self._alive(context)
        if any(len(coupled.columns) > 1 for coupled in context.units.values()):
            return None
        sets = self._sets(context, alive)
        starts = np.cumsum([0, *(len(units) for units in alive.values())])
        parts = [
            start + np.flatnonzero(alive[name])
            for name, start in zip(alive, starts[:-1], strict=True)
        ]
        order = eliminate(list(sets.values()), k, context.generator)
        return np.concatenate(parts)[order]

    def _sets(self, context: ScoringContext, alive: Alive) -> dict[tuple[str, str], Shrinking]:
        read = unit_statistics(context, alive, balanced=self.balanced, shrinkage=self.shrinkage)
        return {where: self.shrinking(statistics, context) for where, statistics in read.items()}
