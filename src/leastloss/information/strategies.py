"""In which order removals go, given what each does to the complexity."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leastloss.arguments import computed
from leastloss.errors import choose
from leastloss.information.engine.ranks import FAR, GRID

STRATEGIES: dict[str, str] = {
    "min_absolute": "the smallest change first, whatever its sign (MILS)",
    "max_absolute": "the largest change first, whatever its sign",
    "min_increase": "of the removals that raise the complexity, the smallest rise first",
    "max_increase": "of the removals that raise the complexity, the largest rise first",
    "min_decrease": "of the removals that lower the complexity, the smallest fall first",
    "max_decrease": "of the removals that lower the complexity, the largest fall first",
}


def strategy_number(strategy: str) -> int:
    """Number of a strategy for the compiled code, in the order of ``STRATEGIES``."""
    return list(STRATEGIES).index(choose("strategy", strategy, STRATEGIES))


@computed
def removal_cost(loss: ArrayLike, strategy: str = "min_absolute") -> NDArray[np.float64]:
    """What a strategy sorts by: lower is removed first, equal is a tie.

    Effects are compared on a grid of 2**-32 bit, so that rounding errors never decide. Removals
    without the sign that the strategy wants come after all that have it, smallest change first.

    Args:
        loss: C(before) - C(after) of each removal, in bits (as from ``information_loss``).
        strategy: One of ``STRATEGIES``, named by the effect C(after) - C(before).

    Returns:
        float64 array of the same shape, whole numbers; NaN where the loss is NaN.

    Raises:
        InputError: If the strategy is unknown.

    Example:
        >>> removal_cost([0.5, -0.25], "min_absolute").argsort().tolist()
        [1, 0]
        >>> removal_cost([0.5, -0.25, -3.0], "max_increase").argsort().tolist()
        [2, 1, 0]
    """
    number = strategy_number(strategy)
    effect = np.rint(-np.asarray(loss, dtype=np.float64) * GRID)
    size = np.abs(effect)
    cost = size if number % 2 == 0 else -size
    if number >= 2:
        unwanted = effect <= 0 if number < 4 else effect >= 0
        cost = np.where(unwanted, FAR + size, cost)
    return cost
