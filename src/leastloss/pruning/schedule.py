"""How the removals are spread over steps, and when parts are scored again."""

import math
from collections.abc import Sequence
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from leastloss.errors import InputError, shown
from leastloss.names import choose

SCHEDULES: dict[str, str] = {
    "one-shot": "score once on the dense network",
    "iterative": "score again before every step",
    "sequential": "score again after every single removal",
}

SPACINGS: dict[str, str] = {
    "even": "every step removes equally many parts",
    "geometric": "every step keeps the same share of what is left: finer towards the end",
}

MOST_STEPS = 10**6


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

    Raises:
        InputError: If the spacing is unknown or ``steps`` is no integer of at least 1.

    Example:
        >>> spaced(0, 900, 1000, 3, "even"), spaced(0, 992, 1000, 3, "geometric")
        (array([300, 600, 900]), array([800, 960, 992]))
    """
    _check_count("steps", steps)
    steps = min(int(steps), end - start)
    way = np.arange(1, steps + 1) / steps
    if choose("spacing", spacing, SPACINGS) == "even":
        cuts = start + (end - start) * np.arange(1, steps + 1) / steps
    else:
        cuts = parts - (parts - start) * ((parts - end) / (parts - start)) ** way
    found = np.unique(np.floor(cuts + 0.5).astype(np.int64))
    return found[found > start]


def _check_count(what: str, count: float) -> None:
    if isinstance(count, bool) or not 1 <= count <= MOST_STEPS or count != int(count):
        raise InputError(
            f"{what} is {count}; it must be at least 1 and an integer, at most {MOST_STEPS:,}"
        )


def within(
    cuts: NDArray[np.int64], parts: int, substeps: int, spacing: str, gone: int = 0
) -> list[NDArray[np.int64]]:
    """The removals at which each step prunes and repairs; the last of a step is its cut.

    So many as ``gone`` were before the first.

    Raises:
        InputError: As :func:`spaced`.

    Example:
        >>> within(np.array([100, 300]), 1000, 2, "even")
        [array([ 50, 100]), array([200, 300])]
    """
    _check_count("substeps", substeps)
    starts = [gone, *(int(cut) for cut in cuts[:-1])]
    return [
        spaced(start, int(end), parts, substeps, spacing)
        for start, end in zip(starts, cuts, strict=True)
    ]


def targets(
    parts: int, to_sparsity: float, steps: int, spacing: str = "even", gone: int = 0
) -> NDArray[np.int64]:
    """How many parts are gone after each step, shape (steps,) at most.

    Args:
        parts: Number of parts of the dense network.
        to_sparsity: Share of the parts that is gone in the end, inside (0, 1).
        steps: Number of steps, at least 1.
        spacing: One of ``SPACINGS``.
        gone: How many parts are gone before the first step.

    Raises:
        InputError: If an argument is out of range or nothing would be removed.

    Example:
        >>> targets(1000, 0.9, 3)
        array([300, 600, 900])
    """
    given: object = to_sparsity
    if not isinstance(given, Real) or not 0.0 < to_sparsity < 1.0:
        raise InputError(f"to_sparsity is {to_sparsity!r}; it must lie inside (0, 1)")
    end = parts_at(to_sparsity, parts)
    if not 0 < end < parts:
        raise InputError(
            f"to_sparsity {to_sparsity} of {parts} parts would remove {end}; at least one part "
            "must go and one must stay"
        )
    check_beyond(end, gone, parts, f"to_sparsity {to_sparsity:g}")
    return spaced(gone, end, parts, steps, spacing)


def check_beyond(end: int, gone: int, parts: int, asked: str) -> None:
    """Refuse a target that a network has reached already.

    Raises:
        InputError: If no more parts go than are gone.
    """
    if 0 < gone >= end:
        raise InputError(
            f"{asked} leaves nothing to remove: {gone:,} of {parts:,} parts ({gone / parts:.4g}) "
            "are zero already; ask for more, or let them come back with zeros='free'"
        )


def cuts_at(parts: int, sparsities: Sequence[float], gone: int = 0) -> NDArray[np.int64]:
    """How many parts are gone after each step, given its sparsity, shape (steps,).

    Args:
        parts: Number of parts of the dense network.
        sparsities: Share of the parts that is gone after each step: increasing, inside (0, 1).
        gone: How many parts are gone before the first step.

    Raises:
        InputError: If they are not, or two of them (or 0 or 1) mean the same number of parts.

    Example:
        >>> cuts_at(1000, [0.1, 0.5, 0.95])
        array([100, 500, 950])
    """
    given: object = sparsities
    several = isinstance(given, Sequence | np.ndarray) and not isinstance(given, str)
    if not several or not all(isinstance(share, Real) for share in sparsities):
        raise InputError(f"sparsities is {shown(given)}; it must be a list of numbers in (0, 1)")
    listed = ", ".join(f"{share:g}" for share in sparsities[:_FEW])
    if len(sparsities) > _FEW:
        listed += ", ..."
    if not len(sparsities) or not all(0.0 < share < 1.0 for share in sparsities):
        raise InputError(f"sparsities are {listed or 'empty'}; each must lie inside (0, 1)")
    ends = np.array([0, *(parts_at(share, parts) for share in sparsities), parts], dtype=np.int64)
    if (np.diff(np.asarray(sparsities, dtype=float)) <= 0).any():
        raise InputError(f"sparsities are {listed}; they must increase")
    if (np.diff(ends) == 0).any():
        counts = ", ".join(str(end) for end in ends[1:-1])
        raise InputError(
            f"sparsities {listed} of {parts} parts remove {counts}; every step must remove at "
            "least one part, and one must stay"
        )
    check_beyond(int(ends[1]), gone, parts, f"sparsity {sparsities[0]:g}")
    return ends[1:-1]
