"""Selection of the next parts: by the criterion's scores or exact order, within the quotas."""

import copy

import numpy as np
from numpy.typing import NDArray
from torch import nn
from tqdm.auto import tqdm

from leastloss.activations import Draws
from leastloss.criteria import Criterion, ScoringContext
from leastloss.data import Data
from leastloss.errors import InputError
from leastloss.pruning.masks import Parts, apply_masks
from leastloss.pruning.quotas import Quotas, SignQuotas
from leastloss.pruning.selection import LayerOccupancy, Selection, protected_parts, select
from leastloss.seeds import stream


class Scorer:
    """Selects the next parts to remove, by scores or by an exact order; changes no network.

    Args:
        criterion: What parts are worth.
        parts: The numbered parts.
        data: Scores see its training split.
        seed: Of ties and random scores.
        quotas: How a step is shared out over groups of parts, if it is.
        at_once: How many parts go in all, where the weights that are kept never change: an exact
            order that follows from the weights is then made once, so that it does not depend on
            where the path is measured. 0: such orders start anew at each step.
        empty_layers: Whether a layer may lose its last weight.
        begun: How many parts are gone before the first step.
    """

    def __init__(
        self,
        criterion: Criterion,
        parts: Parts,
        data: Data,
        seed: int,
        quotas: Quotas | None = None,
        at_once: int = 0,
        empty_layers: bool = False,
        begun: int = 0,
    ) -> None:
        self.criterion, self.parts, self.quotas = criterion, parts, quotas
        self.layers = LayerOccupancy(parts.layer_of)
        # Quotas by layer see to it themselves, and so do the exact orders of units.
        self.guards = not empty_layers and not (quotas is not None and quotas.by_layer)
        self.train, self.withheld = data.train, data.withheld
        self.priority = stream(seed, "ties").random(len(parts))
        self.seed = seed
        self.removed = np.zeros(len(parts), dtype=bool)
        self.last: NDArray[np.float64] | None = None
        self.at_once = at_once if criterion.by_weights else 0
        self.begun = begun
        self.exact: NDArray[np.int64] | None = None
        self.draws = Draws()

    def context(self, model: nn.Module, order: NDArray[np.int64]) -> ScoringContext:
        """What the criterion may see when the parts in ``order`` are gone."""
        return ScoringContext(
            model=model,
            masks=self.parts.masks(order),
            train=self.train,
            withheld=self.withheld,
            granularity=self.parts.granularity,
            coupled=self.parts.units or None,
            # By name: options change what is done with the draws, not the draws. Each scoring draws
            # the same, so that a path that goes on needs not know how often it was scored before.
            generator=stream(self.seed, f"scores/{self.criterion.name}"),
            balance=isinstance(self.quotas, SignQuotas),
            draws=self.draws,
        )

    def score(self, model: nn.Module, order: NDArray[np.int64]) -> None:
        """Score the parts of a network in which those in ``order`` are gone."""
        self.last = None  # of millions of parts there is no room for two
        self.last = self.parts.flatten(self.criterion.score(self.context(model, order)))

    def replay(self, dense: nn.Module, order: NDArray[np.int64]) -> None:
        """Go on in the exact order from the dense network, if it led to the parts in ``order``."""
        held = self.parts.held
        gone = len(order) - len(held)
        if not self.at_once or not gone:
            return
        self.removed[held] = True
        whole = self._order(dense, held, gone + self.at_once)
        if whole is not None and np.array_equal(np.sort(whole[:gone]), np.setdiff1d(order, held)):
            self.exact = whole[gone:]

    def choose(
        self, model: nn.Module, order: NDArray[np.int64], k: int, *, rescore: bool = True
    ) -> Selection:
        """Select the next ``k`` parts after those in ``order``."""
        free = self._free(model, order, rescore)
        assert self.last is not None  # scored just now
        if self.quotas is None:
            return self._select(free, k)
        return self._select(free, k, self.quotas.group, self.quotas.next(self.removed, k))

    def choose_one_by_one(
        self, model: nn.Module, order: NDArray[np.int64], k: int, progress: bool
    ) -> Selection:
        """Select ``k`` parts, scored again after every single removal."""
        self.removed[order] = True
        if self.quotas is not None and self.quotas.by_layer:
            return self._share_out(model, order, k)
        exact = self._exact(model, order, k)
        if exact is not None:
            return Selection(exact, float("nan"))
        turns = self.quotas.turns(self.removed, k) if isinstance(self.quotas, SignQuotas) else None
        model, tied = copy.deepcopy(model), 0.0
        bar = tqdm(
            range(k), desc=self.criterion.label, leave=False, disable=None if progress else True
        )
        for i in bar:
            free = self._free(model, order, rescore=True)
            assert self.last is not None
            if turns is not None and self.quotas is not None:
                free &= self.quotas.group == turns[i]
            selection = self._select(free, 1)
            order, tied = np.append(order, selection.order), selection.tied_share
            apply_masks(model, self.parts.masks(order))
        return Selection(order[len(order) - k :], tied)

    def _exact(
        self, model: nn.Module, order: NDArray[np.int64], k: int
    ) -> NDArray[np.int64] | None:
        """The next ``k`` parts of the criterion's exact order, if it has one."""
        if not self.at_once:
            return self._order(model, order, k)
        if self.exact is None:
            self.exact = self._order(model, order, self.at_once)
        start = len(order) - self.begun
        return self.exact if self.exact is None else self.exact[start : start + k]

    def _order(
        self, model: nn.Module, order: NDArray[np.int64], k: int
    ) -> NDArray[np.int64] | None:
        """The criterion's order, but for the last part of each layer, which is passed over."""
        removals = self.criterion.removal_order(self.context(model, order), k)
        if removals is None or not self._empties(removals):
            return removals
        longer = min(k + len(self.parts.sizes), int((~self.removed).sum()))
        removals = self.criterion.removal_order(self.context(model, order), longer)
        return None if removals is None else self.layers.without_last(removals, ~self.removed)[:k]

    def _empties(self, chosen: NDArray[np.int64]) -> bool:
        guarded = self.guards and self.parts.granularity == "weight"
        return guarded and self.layers.emptied_by(chosen, ~self.removed)

    def _select(
        self,
        free: NDArray[np.bool_],
        k: int,
        group: NDArray[np.int64] | None = None,
        quota: NDArray[np.int64] | None = None,
    ) -> Selection:
        """Take the lowest; where that empties a layer, its most valuable weight is passed over."""
        assert self.last is not None
        selection = select(self.last, free, k, self.priority, group, quota)
        if not self._empties(selection.order):
            return selection
        protected = protected_parts(self.last, ~self.removed, self.parts.layer_of, self.priority)
        free = free & ~protected
        if group is None or quota is None:
            short = int(free.sum()) < k
        else:
            short = bool((np.bincount(group[free], minlength=len(quota)) < quota).any())
        if short:
            raise InputError(
                f"{self.criterion.label!r} would take the last weight of a layer; remove fewer, "
                "or allow it with empty_layers=True"
            )
        return select(self.last, free, k, self.priority, group, quota)

    def _free(self, model: nn.Module, order: NDArray[np.int64], rescore: bool) -> NDArray[np.bool_]:
        """Score, and tell which parts may go."""
        self.removed[order] = True
        if rescore or self.last is None:
            self.score(model, order)
        assert self.last is not None
        free = ~self.removed
        if self.parts.granularity == "unit" and self.guards:
            free &= ~protected_parts(self.last, free, self.parts.layer_of, self.priority)
        return free

    def _share_out(self, model: nn.Module, order: NDArray[np.int64], k: int) -> Selection:
        """The whole order of a static criterion, of which every group takes the first."""
        left = np.flatnonzero(~self.removed)
        whole = None
        if self.criterion.static:
            whole = self.criterion.removal_order(self.context(model, order), len(left))
        if whole is None or self.quotas is None:
            raise InputError(
                f"{self.criterion.label!r} cannot follow given shares of layers under the schedule "
                "'sequential'; use 'iterative'"
            )
        place = np.full(len(self.parts), np.nan)
        place[whole] = np.arange(len(whole))
        quota = self.quotas.next(self.removed, k)
        selection = select(place, ~self.removed, k, self.priority, self.quotas.group, quota)
        return Selection(selection.order, float("nan"))
