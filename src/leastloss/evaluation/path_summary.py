"""One path in few numbers, and the network on it that a user would take."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from leastloss.errors import InputError
from leastloss.evaluation.significance import SLACK, area_under_curve, free_sparsity
from leastloss.evaluation.summary import SAME, reach_of

NEAR = 0.02
"""The loss of a metric that a user puts up with: two points."""

WATCHED = ("val_balanced_accuracy", "val_minority_recall")
"""What must not fall by more, on the validation images: they choose, and the test images report."""


def usable_step(
    table: pd.DataFrame,
    within: float = NEAR,
    metrics: Sequence[str] = WATCHED,
    before: Mapping[str, float] | None = None,
) -> int:
    """The row of the sparsest network whose metrics are all near those of the first row.

    Unlike :func:`leastloss.evaluation.significance.free_sparsity`, which stops where a metric first
    falls, this takes any later step that is good again: what is asked is whether this one network
    may be used, not how far all of the path before it may.

    Args:
        table: One row per step in the order of the path, the first before any removal: ``sparsity``
            and the metrics.
        within: The loss that is accepted, at least 0.
        metrics: Shares; more is better. One that is missing, or NaN in the first row, says nothing;
            one that is NaN later alone has fallen.
        before: What rows are held against instead of the first one: metrics of the dense network,
            where the path goes on from a pruned one.

    Returns:
        The position of the row; 0, the dense network's, where no other is near. Of equal sparsities
        the later one.

    Raises:
        InputError: If the table has no row or ``within`` is negative.

    Example:
        >>> path = pd.DataFrame(
        ...     {"sparsity": [0, 0.5, 0.8], "val_balanced_accuracy": [0.9, 0.89, 0.6]}
        ... )
        >>> usable_step(path)
        1
    """
    if table.empty:
        raise InputError("the table has no rows; there is no network to choose")
    if not within >= 0:
        raise InputError(f"within is {within}; a loss that is accepted must be at least 0")
    present = [name for name in metrics if name in table.columns]
    values = table[present].to_numpy(dtype=np.float64)
    first = values[0] if before is None else np.array([before[name] for name in present])
    near = ((values >= first - within - SLACK) | np.isnan(first)).all(axis=1)
    near[0] |= not near.any()
    rows = np.flatnonzero(near)
    sparsity = table["sparsity"].to_numpy(dtype=np.float64)[rows]
    return int(rows[np.flatnonzero(sparsity == sparsity.max())[-1]])


POINT = 0.8
"""The sparsity at which runs are compared in one number."""


def path_summary(table: pd.DataFrame) -> dict[str, float]:
    """Sum a path up: how far it is free, how much it keeps on the way, what it has at 80 %.

    Args:
        table: One row per step, the first before any removal: ``sparsity``, shares such as
            ``balanced_accuracy`` and ``minority_recall``.

    Returns:
        ``free_sparsity``, the largest sparsity before balanced accuracy first falls by more than
        two points; ``area_balanced_accuracy`` and ``area_minority_recall``, the mean heights of
        these curves up to the last step; ``balanced_accuracy_at_80``, at the nearest step. What
        cannot be said is left out: a step lacks the metric, no step is near 80 %, the dense network
        has too little to lose any; the first three also where the path does not begin at 0, as
        that of a network which came with zeros.

    Example:
        >>> steps = pd.DataFrame({"sparsity": [0, 0.5, 0.8], "balanced_accuracy": [0.9, 0.9, 0.5]})
        >>> {name: round(value, 3) for name, value in path_summary(steps).items()}
        {'free_sparsity': 0.5, 'area_balanced_accuracy': 0.825, 'balanced_accuracy_at_80': 0.5}
    """
    # Two steps may round to the same number of parts: the later one stands.
    rounded = table["sparsity"].round(SAME)
    steps = table.assign(sparsity=rounded).drop_duplicates("sparsity", keep="last")
    at = steps["sparsity"].to_numpy(np.float64)
    summary = {}
    whole = len(at) > 1 and at[0] == 0
    balanced = _curve(steps, "balanced_accuracy")
    if whole and balanced is not None and balanced[0] > NEAR + SLACK:
        summary["free_sparsity"] = float(free_sparsity(at, balanced, balanced[0], NEAR))
    for metric in ("balanced_accuracy", "minority_recall"):
        values = _curve(steps, metric)
        if whole and values is not None:
            summary[f"area_{metric}"] = float(area_under_curve(at, values, at[-1]))
    nearest = int(np.abs(at - POINT).argmin())
    if balanced is not None and abs(at[nearest] - POINT) <= reach_of(POINT) + SLACK:
        summary["balanced_accuracy_at_80"] = float(balanced[nearest])
    return summary


def _curve(steps: pd.DataFrame, metric: str) -> np.ndarray | None:
    """The metric at every step, or None where one lacks it."""
    if metric not in steps:
        return None
    values: np.ndarray = steps[metric].to_numpy(np.float64)
    return values if np.isfinite(values).all() else None
