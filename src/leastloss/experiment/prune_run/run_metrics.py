"""Metrics that a child run logs once: its costs, and how MILS depends on the order of units."""

import gzip
from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor, nn

from leastloss.criteria import MILS, Criterion
from leastloss.errors import InputError
from leastloss.evaluation import COSTS, gains, metric_of, network_cost, speed
from leastloss.experiment.dense import Dense
from leastloss.information import chain_of, permutation_sensitivity
from leastloss.models import network_bytes, prunable_layers
from leastloss.pruning import PruningPath, ShuffledPath, compact, full_masks, ternary_weights

SECONDS = 0.05  # for latency and for throughput each


def printed_metrics(row: Mapping[Hashable, float]) -> str:
    """What a terminal shows of a step.

    Example:
        >>> printed_metrics({"accuracy": 0.9124, "minority_recall": 0.8})
        'accuracy 0.912, minority recall 0.800'
    """
    shown = ("accuracy", "minority_recall")
    return ", ".join(f"{metric_of(name).words} {row.get(name, np.nan):.3f}" for name in shown)


def scoring_costs(table: pd.DataFrame) -> dict[str, float]:
    """Seconds of scoring and selecting, in total and per part that went on this path.

    Example:
        >>> steps = pd.DataFrame({"score_seconds": [0.0, 0.25, 0.5], "removed": [10, 20, 40]})
        >>> scoring_costs(steps)
        {'score_seconds_total': 0.75, 'score_microseconds_per_part': 25000.0}
    """
    total, removed = float(table["score_seconds"].sum()), table["removed"]
    return {
        "score_seconds_total": total,
        "score_microseconds_per_part": 1e6 * total / int(removed.iloc[-1] - removed.iloc[0]),
    }


def run_costs(
    path: PruningPath, table: pd.DataFrame, dense: Dense, *, full: bool
) -> dict[str, float]:
    """The costs that a run logs once; ``full`` adds size and measured speed of its last network."""
    scored = not isinstance(path, ShuffledPath)
    begun = path.parts.masks(path.parts.held)  # a path that goes on lacks more in its first row
    before = network_cost(path.dense, begun, dense.data.test.x)
    costs = (scoring_costs(table) if scored else {}) | network_gains(table, before)
    if full:
        pruned = path.model_at(path.steps[-1].removed / len(path.parts))
        costs |= file_sizes(pruned)
        costs |= measured_speed(dense.model, pruned, dense.data.test.x)
    return costs


def file_sizes(model: nn.Module) -> dict[str, float]:
    """Bytes of a network's file, of the packed one, and of the first by gzip.

    Example:
        >>> sorted(file_sizes(nn.Linear(8, 8)))
        ['file_bytes', 'gzip_bytes', 'packed_bytes']
    """
    plain = network_bytes(model)
    return {
        "file_bytes": float(len(plain)),
        "packed_bytes": float(len(network_bytes(model, packed=True))),
        "gzip_bytes": float(len(gzip.compress(plain, 6))),
    }


def network_gains(
    table: pd.DataFrame, before: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Compression ratio and theoretical speed-up of the last step against the first, or ``before``.

    That is the cost of the dense network, where the path goes on from a pruned one.
    """
    costs = table[list(COSTS)].iloc[[0, -1]].to_numpy(dtype=float).tolist()
    first, last = (dict(zip(COSTS, row, strict=True)) for row in costs)
    try:
        return gains(before or first, last)
    except InputError:  # no weight remains
        return {}


def measured_speed(dense: nn.Module, pruned: nn.Module, x: Tensor) -> dict[str, float]:
    """Latency and throughput of the compacted network and of the dense one, in turn."""
    try:
        small = compact(pruned, sample=x[:1])
    except InputError:  # its units cannot be traced
        small = pruned
    return speed(dense, small, x, seconds=SECONDS)


def check_sensitivity(criterion: Criterion | None, model: nn.Module, permutations: int) -> None:
    """Refuse what :func:`sensitivity_of` would refuse, without measuring anything."""
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
