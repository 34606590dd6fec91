"""The exact sequential orders of MILS, from cells of planes to weights and units."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from leastloss.criteria.base import ScoringContext
from leastloss.criteria.scoring.polarity import in_turns, negative
from leastloss.criteria.scoring.sign_planes import Planes
from leastloss.criteria.scoring.unit_statistics import alive_units
from leastloss.information import covered, removal_order, set_removal_order


def weight_order(
    context: ScoringContext, planes: Planes, k: int, uncovered: str, options: dict[str, Any]
) -> NDArray[np.int64]:
    """The next ``k`` weights.

    Where ``uncovered`` is ``last``, those that no block covers go after all others; further options
    are those of :func:`leastloss.information.removal_order`.
    """
    part_of = planes.part_of
    if planes.count == 1:
        return _sign_order(context, planes, k, uncovered, options)
    if not context.balance:
        return part_of[removal_order(planes.matrices, steps=k, uncovered=uncovered, **options)]
    # The label 0 begins: it is that of the sign with more left.
    left = [sum(int(m.sum()) for m in planes.matrices[sign::2]) for sign in (0, 1)]
    first = int(left[1] > left[0])
    labels = [(i + first) % 2 for i in range(len(planes.matrices))]
    edges = options["block"], options["boundary"]
    whole = uncovered == "include" or all(covered(m.shape, *edges).all() for m in planes.matrices)
    steps = k if whole else None
    options = options | {"uncovered": uncovered, "balance": labels}
    order = part_of[removal_order(planes.matrices, steps=steps, **options)]
    if whole:
        return order
    # Where a sign has none but uncovered weights left, they take its turns: they change no block,
    # so what goes on the other sign's turns stays as it is.
    return in_turns(order, negative(context.model, context.masks)[order], k)


def _sign_order(
    context: ScoringContext, planes: Planes, k: int, uncovered: str, options: dict[str, Any]
) -> NDArray[np.int64]:
    """As above for the one plane of +1, in which a -1 is a part without any one."""
    part_of = planes.part_of
    alive = torch.cat([mask.flatten() for mask in context.masks.values()]).cpu().numpy()[part_of]
    within = np.ones(len(alive), dtype=bool)
    if uncovered == "last":
        shapes = [plane.shape for plane in planes.matrices]
        inside = [covered(s, options["block"], options["boundary"]).ravel() for s in shapes]
        within = np.concatenate(inside)
    cells = np.flatnonzero(alive & within)
    sets = list(cells[:, None])  # every weight is a set of one cell
    order = set_removal_order(planes.matrices, sets, steps=min(k, len(cells)), **options)
    rest = options["seed"].permutation(np.flatnonzero(alive & ~within))
    parts: NDArray[np.int64] = part_of[np.concatenate([cells[order], rest])[:k]]
    return parts


def unit_order(
    context: ScoringContext, planes: Planes, k: int, options: dict[str, Any]
) -> NDArray[np.int64]:
    """The next ``k`` hidden units; the last one of a layer stays.

    An order is exact up to where it would empty a layer; from there it is taken up again with what
    is left, without the unit that has to stay.
    """
    sets: list[NDArray[np.int64]] = []
    layer, number, there = [], [], []
    alive = alive_units(context)
    for i, (name, coupled) in enumerate(context.units.items()):
        rows = planes.units[name]
        units = rows if len(rows) == len(coupled) else np.arange(len(coupled))
        number.append(len(sets) + units)
        cells = planes.unit_sets(coupled, context.masks)
        sets += [cells[unit] for unit in units]
        layer.append(np.full(len(units), i))
        there.append(alive[name][units])
    layers, numbers, left = np.concatenate(layer), np.concatenate(number), np.concatenate(there)
    matrices = [matrix.copy() for matrix in planes.matrices]
    order: list[int] = []
    while len(order) < k:
        room = np.bincount(layers[left]) - 1
        free = np.flatnonzero(left & (room[layers] > 0))
        steps = min(k - len(order), len(free))
        free_sets = [sets[unit] for unit in free]
        removed = free[set_removal_order(matrices, free_sets, steps=steps, **options)]
        # How many of its layer have gone up to each, itself included.
        same = layers[removed][:, None] == layers[removed]
        before = np.tril(same).sum(axis=1)
        ends = np.flatnonzero(before > room[layers[removed]])
        removed = removed[: ends[0]] if len(ends) else removed
        order += removed.tolist()
        left[removed] = False
        _clear(matrices, [sets[unit] for unit in removed])
    return numbers[np.array(order, dtype=np.int64)]


def _clear(matrices: list[NDArray[np.uint8]], sets: list[NDArray[np.int64]]) -> None:
    """Set cells, numbered over all matrices, to 0."""
    cells = np.concatenate(sets) if sets else np.empty(0, np.int64)
    start = 0
    for matrix in matrices:
        inside = cells[(cells >= start) & (cells < start + matrix.size)] - start
        matrix.ravel()[inside] = 0
        start += matrix.size
