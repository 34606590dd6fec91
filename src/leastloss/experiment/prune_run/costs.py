"""Costs of a child run: seconds of scoring, and the speed of its last network."""

import pandas as pd
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.evaluation import COSTS, gains, speed
from leastloss.experiment.dense import Dense
from leastloss.pruning import PruningPath, ShuffledPath, compact

SECONDS = 0.05  # for latency and for throughput each


def scoring_costs(table: pd.DataFrame) -> dict[str, float]:
    """Seconds of scoring and selecting, in total and per removed part.

    Args:
        table: One row per step, with the columns ``score_seconds`` and ``removed``.

    Example:
        >>> steps = pd.DataFrame({"score_seconds": [0.0, 0.25, 0.5], "removed": [0, 10, 30]})
        >>> scoring_costs(steps)
        {'score_seconds_total': 0.75, 'score_microseconds_per_part': 25000.0}
    """
    total = float(table["score_seconds"].sum())
    return {
        "score_seconds_total": total,
        "score_microseconds_per_part": 1e6 * total / int(table["removed"].iloc[-1]),
    }


def run_costs(
    path: PruningPath, table: pd.DataFrame, dense: Dense, *, full: bool
) -> dict[str, float]:
    """The costs that a run logs once; ``full`` adds the measured speed of its last network."""
    scored = not isinstance(path, ShuffledPath)
    costs = (scoring_costs(table) if scored else {}) | network_gains(table)
    if full:
        pruned = path.model_at(path.steps[-1].removed / len(path.parts))
        costs |= measured_speed(dense.model, pruned, dense.data.test.x)
    return costs


def network_gains(table: pd.DataFrame) -> dict[str, float]:
    """Compression ratio and theoretical speed-up of the last step against the first."""
    costs = table[list(COSTS)].iloc[[0, -1]].to_numpy(dtype=float).tolist()
    dense, pruned = (dict(zip(COSTS, row, strict=True)) for row in costs)
    try:
        return gains(dense, pruned)
    except InputError:  # no weight remains
        return {}


def measured_speed(dense: nn.Module, pruned: nn.Module, x: Tensor) -> dict[str, float]:
    """Latency and throughput of the compacted network and of the dense one, in turn."""
    try:
        small = compact(pruned, sample=x[:1])
    except InputError:  # no chain of layers: it cannot be compacted
        small = pruned
    return speed(dense, small, x, seconds=SECONDS)
