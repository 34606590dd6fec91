"""How the removals of a step are spread over groups of parts: all in one, by sign, by layer."""

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from leastloss.criteria import negative, turns
from leastloss.errors import InputError
from leastloss.models import prunable_layers
from leastloss.pruning.allocation import Rule, apportion, erk, lamp, uniform
from leastloss.pruning.masks import Parts
from leastloss.pruning.path import PruningPath


class Quotas(Protocol):
    """Groups of parts, and how many of each go next; ``by_layer`` if the groups are layers."""

    group: NDArray[np.int64]
    by_layer: ClassVar[bool]

    def next(self, removed: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
        """How many parts of each group are among the next ``k``, shape (groups,)."""


class SignQuotas:
    """Equally many weights of both signs; an odd one is of the sign with more left."""

    by_layer: ClassVar[bool] = False

    def __init__(self, model: nn.Module, parts: Parts) -> None:
        self.group = negative(model, parts.dense)

    def turns(self, removed: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
        """Whose turn each of the next ``k`` removals is."""
        return turns(np.bincount(self.group[~removed], minlength=2), k)

    def next(self, removed: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
        """See :class:`Quotas`."""
        return np.bincount(self.turns(removed, k), minlength=2)


class CopiedQuotas:
    """As many parts of every layer (and sign) as another path removes."""

    by_layer: ClassVar[bool] = True

    def __init__(self, path: PruningPath, group: NDArray[np.int64]) -> None:
        self.group, self.order = group, path.removal_order

    def next(self, removed: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
        """See :class:`Quotas`; the parts that are gone are as many as at a step of that path."""
        done = int(removed.sum())
        return np.bincount(
            self.group[self.order[done : done + k]], minlength=int(self.group.max()) + 1
        )


class RuleQuotas:
    """As many parts of every layer as a rule says; what is gone stays gone.

    Args:
        rule: The share of every layer at a number of removals.
        parts: The numbered parts.
        empty_layers: Whether a layer may lose its last weight.
    """

    by_layer: ClassVar[bool] = True

    def __init__(self, rule: Rule, parts: Parts, empty_layers: bool = False) -> None:
        self.rule, self.group, self.empty_layers = rule, parts.layer_of, empty_layers
        self.sizes = np.array(list(parts.sizes.values()))
        self.units = parts.granularity == "unit"

    def next(self, removed: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
        """See :class:`Quotas`."""
        before = np.bincount(self.group[removed], minlength=len(self.sizes))
        total = int(before.sum()) + k
        wanted, one_stays = self.rule(total), np.maximum(self.sizes - 1, before)
        counts = apportion(wanted, total, before, one_stays if self.units else self.sizes)
        if not self.empty_layers and (counts > one_stays).any():
            counts = apportion(wanted, total, before, one_stays)
        return counts - before


def quotas_of(
    model: nn.Module,
    parts: Parts,
    cuts: NDArray[np.int64],
    balance: str,
    allocation: str | PruningPath,
    empty_layers: bool = False,
) -> Quotas | None:
    """Read the options ``balance`` and ``allocation``; None where nothing but the scores decides.

    Raises:
        InputError: If the path is of other parts, too short, has no such steps, or empties a layer
            that is not to be emptied.
    """
    by_sign = balance == "polarity"
    if not isinstance(allocation, PruningPath):
        if allocation != "global":
            return RuleQuotas(_rule(model, parts, allocation), parts, empty_layers)
        return SignQuotas(model, parts) if by_sign else None
    other = allocation.parts
    same = other.granularity == parts.granularity and other.sizes == parts.sizes
    if not same or not np.array_equal(other.held, parts.held):
        raise InputError("allocation is a path of another network or granularity")
    steps = {step.removed for step in allocation.steps}
    missing = [str(cut) for cut in cuts if int(cut) not in steps]
    if missing:
        raise InputError(
            f"allocation is a path without a step that removes {', '.join(missing[:3])} parts; "
            "prune both with the same steps"
        )
    group = parts.layer_of
    if not empty_layers:
        _check_not_emptied(allocation, int(cuts[-1]))
    if by_sign:
        if allocation.settings["balance"] != balance:
            raise InputError("allocation is a path without balance; prune both with 'polarity'")
        group = 2 * group + negative(model, parts.dense)
    return CopiedQuotas(allocation, group)


def _check_not_emptied(path: PruningPath, removed: int) -> None:
    """Refuse layer ratios that empty a layer."""
    layers, group = list(path.parts.sizes), path.parts.layer_of
    missing, lost = (
        np.bincount(group[numbers], minlength=len(layers))
        for numbers in (path.parts.held, path.removed_parts(removed))
    )
    sizes = np.array(list(path.parts.sizes.values()))
    emptied = np.flatnonzero((lost == sizes) & (missing < sizes))
    if len(emptied):
        raise InputError(
            f"allocation is a path that empties layer {layers[emptied[0]]!r}; prune both with "
            "empty_layers=True, or neither"
        )


def _rule(model: nn.Module, parts: Parts, allocation: str) -> Rule:
    if allocation == "uniform":
        return uniform(list(parts.sizes.values()))
    weights = {
        name: layer.weight.detach()
        for name, layer in prunable_layers(model, list(parts.dense)).items()
    }
    if allocation == "erk":
        return erk([tuple(weight.shape) for weight in weights.values()])
    return lamp(weights)
