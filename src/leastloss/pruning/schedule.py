"""How the removals are spread over steps."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leastloss.errors import InputError
from leastloss.plan import Plan

_FEW = 12  # sparsities that a message lists


def parts_at(sparsity: float, parts: int) -> int:
    """How many of so many parts are gone at a sparsity; a half counts as one more.

    Example:
        >>> parts_at(0.5, 945)
        473
    """
    return math.floor(parts * sparsity + 0.5)


def spaced(start: int, end: int, parts: int, steps: int, spacing: str) -> NDArray[np.int64]:
    """Numbers of parts that are gone, from after ``start`` to ``end``, shape (steps,) at most.

    Steps that would remove nothing are left out: they would only measure the same network again.

    Example:
        >>> spaced(0, 900, 1000, 3, "even"), spaced(0, 992, 1000, 3, "geometric")
        (array([300, 600, 900]), array([800, 960, 992]))
    """
    steps = min(int(steps), end - start)
    way = np.arange(1, steps + 1) / steps
    if spacing == "even":
        cuts = start + (end - start) * np.arange(1, steps + 1) / steps
    else:
        cuts = parts - (parts - start) * ((parts - end) / (parts - start)) ** way
    counts = np.unique(np.floor(cuts + 0.5).astype(np.int64))
    return counts[counts > start]


def within(
    cuts: NDArray[np.int64], parts: int, substeps: int, spacing: str, removed: int = 0
) -> list[NDArray[np.int64]]:
    """The removals at which each step prunes and repairs; the last of a step is its cut.

    So many as ``removed`` were before the first.

    Example:
        >>> within(np.array([100, 300]), 1000, 2, "even")
        [array([ 50, 100]), array([200, 300])]
    """
    starts = [removed, *(int(cut) for cut in cuts[:-1])]
    return [
        spaced(start, int(end), parts, substeps, spacing)
        for start, end in zip(starts, cuts, strict=True)
    ]


def targets(
    parts: int, to_sparsity: float, steps: int, spacing: str = "even", removed: int = 0
) -> NDArray[np.int64]:
    """How many parts are gone after each step, shape (steps,) at most; ``removed`` were before.

    Raises:
        InputError: If nothing would be removed, or nothing would stay.

    Example:
        >>> targets(1000, 0.9, 3)
        array([300, 600, 900])
    """
    end = parts_at(to_sparsity, parts)
    if not 0 < end < parts:
        raise InputError(
            f"to_sparsity {to_sparsity} of {parts} parts would remove {end}; at least one part "
            "must go and one must stay"
        )
    check_beyond(end, removed, parts, f"to_sparsity {to_sparsity:g}")
    return spaced(removed, end, parts, steps, spacing)


def check_beyond(end: int, removed: int, parts: int, asked: str) -> None:
    """Refuse a target that a network has reached already.

    Raises:
        InputError: If no more parts go than are gone.
    """
    if 0 < removed >= end:
        raise InputError(
            f"{asked} leaves nothing to remove: {removed:,} of {parts:,} parts "
            f"({removed / parts:.4g}) are zero already; ask for more, or let them come back with "
            "zeros='free'"
        )


def cuts_at(parts: int, sparsities: Sequence[float], removed: int = 0) -> NDArray[np.int64]:
    """How many parts are gone after each step, given its sparsity, shape (steps,).

    Raises:
        InputError: If there is none, they do not increase, or two of them (or 0 or 1) mean the same
            number of parts, or the first is reached by the ``removed``.

    Example:
        >>> cuts_at(1000, [0.1, 0.5, 0.95])
        array([100, 500, 950])
    """
    if not len(sparsities):
        raise InputError("sparsities are empty; name one or more")
    listed = ", ".join(f"{share:g}" for share in sparsities[:_FEW])
    if len(sparsities) > _FEW:
        listed += ", ..."
    ends = np.array([0, *(parts_at(share, parts) for share in sparsities), parts], dtype=np.int64)
    if (np.diff(np.asarray(sparsities, dtype=float)) <= 0).any():
        raise InputError(f"sparsities are {listed}; they must increase")
    if (np.diff(ends) == 0).any():
        counts = ", ".join(str(end) for end in ends[1:-1])
        raise InputError(
            f"sparsities {listed} of {parts} parts remove {counts}; every step must remove at "
            "least one part, and one must stay"
        )
    check_beyond(int(ends[1]), removed, parts, f"sparsity {sparsities[0]:g}")
    return ends[1:-1]


def rounds_of(plan: Plan, parts: int, removed: int = 0) -> list[NDArray[np.int64]]:
    """For each step of a plan, how many parts are gone after each of its rounds.

    Raises:
        InputError: As :func:`targets` and :func:`cuts_at`.

    Example:
        >>> rounds_of(Plan(sparsities=[0.1, 0.3], substeps=2), 1000)
        [array([ 50, 100]), array([200, 300])]
    """
    if plan.shares is None:
        cuts = targets(parts, plan.to_sparsity, plan.steps, plan.spacing, removed)
    else:
        cuts = cuts_at(parts, plan.shares, removed)
    return within(cuts, parts, plan.substeps, plan.spacing, removed)
