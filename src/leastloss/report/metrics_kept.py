"""How far each metric stays near the dense network's, as a table: who counts, and who cannot."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from leastloss.evaluation import metric_of
from leastloss.report.formats import number, percent, span
from leastloss.report.missing_controls import Role
from leastloss.report.parts import Cell, Grid
from leastloss.report.tables import seeds_of
from leastloss.report.values import nothing_to_keep


def kept_grid(
    free: pd.DataFrame,
    dense: pd.DataFrame,
    roles: Mapping[str, Role],
    seeds: Mapping[str, int],
    within: float,
) -> Grid:
    """Arrange the sparsities up to which metrics are kept: a row per method, a column per metric.

    Args:
        free: What :func:`leastloss.report.numbers.means` says of ``free:<metric>``.
        dense: Mean over seeds before the first removal: a row per method, a column per metric.
        roles: Method -> its role, in the order of the rows.
        seeds: Method -> its seeds; a mean of fewer says so.
        within: The loss that is accepted.
    """
    known = {(row["quantity"], row["method"]): row for row in free.to_dict("records")}
    start: dict[Any, Any] = dense.to_dict("index")
    return Grid(
        caption=f"Share removed before a metric falls by more than {100 * within:g} points, "
        f"{seeds_of(pd.Series([seeds[name] for name in roles]))}",
        unit="%",
        head=[*[metric_of(metric).heading for metric in dense.columns], "n", "controls"],
        rows={
            name: [
                *[
                    _cell(
                        known.get((f"free:{metric}", name)),
                        seeds[name],
                        start.get(name, {}).get(metric, float("nan")),
                        within,
                    )
                    for metric in dense.columns
                ],
                Cell(value=str(seeds[name])),
                Cell(value=role.words[0], small=role.words[1], left=True),
            ]
            for name, role in roles.items()
        },
    )


def left_out(metrics: Mapping[str, float], within: float) -> list[str]:
    """Say which means are over fewer networks, since the others had nothing to keep.

    Args:
        metrics: Metric -> the lowest value of any run before its first removal.
        within: The loss that is accepted.

    Example:
        >>> left_out({"accuracy": 0.9, "minority_recall": 0.01}, 0.02)[0][:52]
        'A network whose dense minority recall is at most 2 %'
        >>> left_out({"accuracy": 0.9}, 0.02)
        []
    """
    lost = [name for name, value in metrics.items() if nothing_to_keep(value, within)]
    low = [metric_of(name).heading for name in lost]
    if not low:
        return []
    return [
        f"A network whose dense {' or '.join(low)} is at most {percent(within)} cannot lose more: "
        "it counts in no mean of how far that is kept. Where fewer count than the row's n, their "
        "number is given; where none does, a dash and the dense mean."
    ]


def _cell(row: Mapping[Any, Any] | None, seeds: int, dense: float, within: float) -> Cell:
    if row is None or not np.isfinite(row["mean"]):
        # NaN compares false: what was not measured has no reason of this kind.
        return Cell(small=f"dense {number(dense, 'recall')}" * nothing_to_keep(dense, within))
    told = [span(row["low"], row["high"], "sparsity"), f"n = {row['n']}" * (row["n"] < seeds)]
    return Cell(value=number(row["mean"], "sparsity"), small="\n".join(filter(None, told)))
