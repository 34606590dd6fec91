"""How much MILS depends on the order of the hidden units, which means nothing to a network."""

import numpy as np
from numpy.typing import NDArray
from torch import nn

from leastloss.criteria import MILS, Criterion
from leastloss.information import chain_of, permutation_sensitivity
from leastloss.models import prunable_layers
from leastloss.pruning import full_masks, ternary_weights


def check_sensitivity(criterion: Criterion | None, model: nn.Module, permutations: int) -> None:
    """Refuse what :func:`sensitivity_of` would refuse, without measuring anything.

    Raises:
        InputError: If the layers are no chain, and the criterion is MILS.
    """
    if permutations and isinstance(criterion, MILS):
        chain_of(list(_weights(model).values()))


def sensitivity_of(
    criterion: Criterion | None, model: nn.Module, permutations: int, seed: int
) -> dict[str, float]:
    """Measure how complexity and order of the dense weights depend on the order of hidden units.

    Args:
        criterion: Of any kind, or none; only MILS depends on that order.
        model: The dense network, a chain of Linear layers.
        permutations: How many random orders; 0: none.
        seed: Seed of the orders.

    Returns:
        Nothing for other criteria. For MILS, over the random orders: mean and standard deviation
        of the complexity (``shuffled_complexity``, ``shuffled_complexity_std``) and of the rank
        correlation of the weights' removal with that of the order as trained
        (``shuffled_correlation``, ``shuffled_correlation_std``); ``redrawn_correlation`` is the
        mean where nothing but the draws among ties differs.

    Raises:
        InputError: If ``permutations`` is 1, or the layers are no chain.
    """
    if not permutations or not isinstance(criterion, MILS):
        return {}
    spread = permutation_sensitivity(
        list(_weights(model).values()),
        complexity=criterion.complexity,
        block=criterion.block,
        boundary=criterion.boundary,
        strategy=criterion.strategy,
        encoding=criterion.encoding,
        permutations=permutations,
        seed=seed,
    )
    return {
        "shuffled_complexity": spread.mean,
        "shuffled_complexity_std": spread.std,
        "shuffled_correlation": spread.mean_correlation,
        "shuffled_correlation_std": spread.std_correlation,
        "redrawn_correlation": float(spread.redrawn.mean()),
    }


def _weights(model: nn.Module) -> dict[str, NDArray[np.int8]]:
    return ternary_weights(model, full_masks(model, list(prunable_layers(model))))
