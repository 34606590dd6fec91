"""How the removals are spread over steps, and when parts are scored again."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leastloss.errors import InputError

SCHEDULES: dict[str, str] = {
    "one-shot": "score once on the dense network",
    "iterative": "score again before every step",
    "sequential": "score again after every single removal",
}


def parts_at(sparsity: float, parts: int) -> int:
    """How many of so many parts are gone at a sparsity; a half counts as one more.

    Example:
        >>> parts_at(0.5, 945)
        473
    """
    return math.floor(parts * sparsity + 0.5)


def targets(parts: int, to_sparsity: float, steps: int) -> NDArray[np.int64]:
    """How many parts are gone after each step, evenly spaced, shape (steps,) at most.

    Args:
        parts: Number of parts of the dense network.
        to_sparsity: Share of the parts that is gone in the end, inside (0, 1).
        steps: Number of steps, at least 1.

    Raises:
        InputError: If an argument is out of range or nothing would be removed.

    Example:
        >>> targets(1000, 0.9, 3)
        array([300, 600, 900])
    """
    if not 0.0 < to_sparsity < 1.0:
        raise InputError(f"to_sparsity is {to_sparsity}; it must lie inside (0, 1)")
    if isinstance(steps, bool) or steps != int(steps) or steps < 1:
        raise InputError(f"steps is {steps}; it must be at least 1 and an integer")
    end = parts_at(to_sparsity, parts)
    if not 0 < end < parts:
        raise InputError(
            f"to_sparsity {to_sparsity} of {parts} parts would remove {end}; at least one part "
            "must go and one must stay"
        )
    # More steps than removals would only measure the same network again.
    steps = min(int(steps), end)
    return np.floor(end * np.arange(1, steps + 1) / steps + 0.5).astype(np.int64)


def cuts_at(parts: int, sparsities: Sequence[float]) -> NDArray[np.int64]:
    """How many parts are gone after each step, given its sparsity, shape (steps,).

    Args:
        parts: Number of parts of the dense network.
        sparsities: Share of the parts that is gone after each step: increasing, inside (0, 1).

    Raises:
        InputError: If they are not, or two of them (or 0 or 1) mean the same number of parts.

    Example:
        >>> cuts_at(1000, [0.1, 0.5, 0.95])
        array([100, 500, 950])
    """
    shown = ", ".join(f"{share:g}" for share in sparsities)
    if not sparsities or not all(0.0 < share < 1.0 for share in sparsities):
        raise InputError(f"sparsities are {shown or 'empty'}; each must lie inside (0, 1)")
    ends = np.array([0, *(parts_at(share, parts) for share in sparsities), parts], dtype=np.int64)
    if (np.diff(np.asarray(sparsities, dtype=float)) <= 0).any():
        raise InputError(f"sparsities are {shown}; they must increase")
    if (np.diff(ends) == 0).any():
        counts = ", ".join(str(end) for end in ends[1:-1])
        raise InputError(
            f"sparsities {shown} of {parts} parts remove {counts}; every step must remove at least "
            "one part, and one must stay"
        )
    return ends[1:-1]
