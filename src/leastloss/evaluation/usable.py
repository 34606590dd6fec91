"""Which network of a path a user would take: the sparsest that is still nearly as good as dense."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from leastloss.errors import InputError
from leastloss.evaluation.significance.curves import SLACK

NEAR = 0.02
"""The loss of a metric that a user puts up with: two points."""

WATCHED = ("val_balanced_accuracy", "val_minority_recall")
"""What must not fall by more, on the validation images: they choose, and the test images report."""


def usable_step(table: pd.DataFrame, within: float = NEAR, metrics: Sequence[str] = WATCHED) -> int:
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
    near = ((values >= values[0] - within - SLACK) | np.isnan(values[0])).all(axis=1)
    rows = np.flatnonzero(near)
    sparsity = table["sparsity"].to_numpy(dtype=np.float64)[rows]
    return int(rows[np.flatnonzero(sparsity == sparsity.max())[-1]])
