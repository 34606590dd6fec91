"""From scores to removals: exactly k, ties broken by a seeded draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leastloss.errors import InputError


@dataclass(frozen=True, eq=False)
class Selection:
    """What to remove next.

    Attributes:
        order: Numbers of the parts, first to go first, shape (k,).
        tied_share: Share of the candidates whose score equals the score at the cut. Near 1, the
            selection is the tie-break's, not the criterion's.
    """

    order: NDArray[np.int64]
    tied_share: float


class LayerOccupancy:
    """Which layers have a living part left.

    Args:
        layer_of: Number of each part's layer, shape (parts,).
    """

    def __init__(self, layer_of: NDArray[np.int64]) -> None:
        self.layer_of = layer_of
        self.count = int(layer_of.max(initial=-1)) + 1

    def emptied_by(self, chosen: NDArray[np.int64], alive: NDArray[np.bool_]) -> bool:
        """Whether the removal of the parts with these numbers takes the last one of a layer."""
        return len(self._emptied(chosen, alive)) > 0

    def without_last(self, order: NDArray[np.int64], alive: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Leave out of an order of removals the one that empties each layer.

        Example:
            >>> layers, alive = LayerOccupancy(np.array([0, 0, 1, 1])), np.ones(4, dtype=bool)
            >>> layers.without_last(np.array([1, 2, 0, 3]), alive)
            array([1, 2])
        """
        of_order = self.layer_of[order]
        last = [np.flatnonzero(of_order == layer)[-1] for layer in self._emptied(order, alive)]
        return np.delete(order, last)

    def _emptied(self, chosen: NDArray[np.int64], alive: NDArray[np.bool_]) -> NDArray[np.int64]:
        before = np.bincount(self.layer_of[alive], minlength=self.count)
        taken = np.bincount(self.layer_of[chosen], minlength=self.count)
        return np.flatnonzero((before == taken) & (before > 0))


def protected_parts(
    scores: NDArray[np.float64],
    alive: NDArray[np.bool_],
    layer_of: NDArray[np.int64],
    priority: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Mark the most valuable living part of each layer, so that no layer is emptied."""
    marked = np.zeros(len(scores), dtype=bool)
    for layer in range(int(layer_of.max(initial=-1)) + 1):
        best = np.flatnonzero((layer_of == layer) & alive)
        for key in (scores, priority):
            best = best[key[best] == key[best].max(initial=-np.inf)]
        marked[best[-1:]] = True
    return marked


def lowest(
    scores: NDArray[np.float64],
    priority: NDArray[np.float64],
    candidates: NDArray[np.int64],
    k: int,
) -> NDArray[np.int64]:
    """The k lowest of some parts, in order, as a sort of all of them has it.

    Example:
        >>> scores, priority = np.array([3.0, 1.0, 1.0, 2.0]), np.array([0.0, 0.9, 0.1, 0.5])
        >>> lowest(scores, priority, np.arange(4), 3)
        array([2, 1, 3])
    """
    chosen, tied, missing = [candidates[:0]], candidates, k
    for key in (scores, priority):
        if 0 < missing < len(tied):
            values = key[tied]
            values.partition(missing - 1)  # in place: the parts may be millions
            cut = values[missing - 1]
            values = key[tied]
            chosen.append(tied[values < cut])
            missing -= len(chosen[-1])
            tied = tied[values == cut]
    parts = np.sort(np.concatenate([*chosen, tied[:missing]]))
    return parts[np.lexsort((priority[parts], scores[parts]))]


def select(
    scores: NDArray[np.float64],
    alive: NDArray[np.bool_],
    k: int,
    priority: NDArray[np.float64],
    group: NDArray[np.int64] | None = None,
    quota: NDArray[np.int64] | None = None,
) -> Selection:
    """Choose exactly ``k`` living parts with the lowest scores, of all parts or of every group.

    Equal scores are ordered by ``priority``, a random draw made once per path: index order would
    wipe out whole rows, and a threshold would remove all or none of a tie.

    Args:
        scores: One per part, shape (parts,); finite where alive.
        alive: Which parts may go, shape (parts,).
        k: How many go; from 0 to the number of living parts.
        priority: Tie-break, shape (parts,); lower goes first.
        group: Number of each part's group, shape (parts,); all are in one group when omitted.
        quota: How many of each group go, shape (groups,); they add up to ``k``. The order mixes
            the groups evenly, so that its beginnings hold about the same shares.

    Raises:
        InputError: If a living part's score is not finite, or ``k`` or a quota is out of range.

    Example:
        >>> scores, alive = np.array([3.0, 1.0, 1.0, 2.0]), np.array([True, True, True, True])
        >>> select(scores, alive, 2, np.array([0.0, 0.9, 0.1, 0.5])).order
        array([2, 1])
    """
    candidates = np.flatnonzero(alive)
    bad = len(candidates) - int(np.isfinite(scores[candidates]).sum())
    if bad:
        raise InputError(f"{bad} of {len(candidates)} scores are not finite (NaN or infinity)")
    if not 0 <= k <= len(candidates):
        raise InputError(f"cannot remove {k} of {len(candidates)} remaining parts")
    if group is None or quota is None:
        order = lowest(scores, priority, candidates, k)
        tied = float((scores[candidates] == scores[order[-1]]).mean()) if k else 0.0
        return Selection(order, tied)
    return _by_group(scores, candidates, priority, group, quota)


def _by_group(
    scores: NDArray[np.float64],
    candidates: NDArray[np.int64],
    priority: NDArray[np.float64],
    group: NDArray[np.int64],
    quota: NDArray[np.int64],
) -> Selection:
    """The lowest of every group; a part is tied if its score is that at the cut of its group."""
    chosen, place = [], []
    tied = 0
    for number in np.flatnonzero(quota):
        members, size = candidates[group[candidates] == number], int(quota[number])
        if size > len(members):
            raise InputError(f"cannot remove {size} of {len(members)} remaining parts of a group")
        first = lowest(scores, priority, members, size)
        tied += int((scores[members] == scores[first[-1]]).sum())
        chosen.append(first)
        place.append((np.arange(size) + 0.5) / size)
    if not chosen:
        return Selection(np.zeros(0, dtype=np.int64), 0.0)
    parts = np.concatenate(chosen)
    order = parts[np.lexsort((priority[parts], scores[parts], np.concatenate(place)))]
    return Selection(order, tied / len(candidates))
