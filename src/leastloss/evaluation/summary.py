"""From a table of many runs to means and intervals: what figures draw and pages quote."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from leastloss.errors import InputError, choose
from leastloss.evaluation.failures import reason_of
from leastloss.evaluation.significance import mean_intervals

POINTS = (0.5, 0.8, 0.9, 0.95)
"""Sparsities that tables quote unless asked for others."""

REACH = 0.025
"""How far the nearest step may lie from the sparsity that was asked for, at most."""

SAME = 4
"""Sparsities that agree to so many decimals are one point of the curve."""


def reach_of(point: float) -> float:
    """How far the nearest step may lie from a sparsity: near the end it is another network.

    A fifth of what is kept, so that 98.5 % does not stand for 99 %, and at most ``REACH``.

    Example:
        >>> [round(reach_of(point), 6) for point in (0.5, 0.95, 0.99)]
        [0.025, 0.01, 0.002]
    """
    return min(REACH, (1 - point) / 5)


def is_at(sparsity: float, point: float) -> bool:
    """Whether a step is that of a sparsity, but for parts that cannot be halved.

    Example:
        >>> is_at(0.9003, 0.9), is_at(0.893, 0.9), is_at(0.9896, 0.99)
        (True, False, False)
    """
    return abs(sparsity - point) <= off_by(point)


def off_by(point: float) -> float:
    """How far a step may lie from a sparsity and still be called so.

    Example:
        >>> [round(off_by(point), 6) for point in (0.5, 0.99)]
        [0.0005, 0.0002]
    """
    return min(0.0005, (1 - point) / 50) + 1e-9


def check_table(table: pd.DataFrame, metrics: Sequence[str], by: str = "criterion") -> None:
    """Refuse a table that cannot be summarised.

    Raises:
        InputError: If it is empty, a column is missing, a run lacks a metric altogether, or two
            runs of one method share seed and step, so that one seed would count twice.
    """
    if table.empty:
        raise InputError("the table has no rows; there is nothing to compare")
    for column in (by, "seed", "sparsity", *metrics):
        choose("column", column, table.columns)
    for metric in metrics:
        silent = table.groupby([by, "seed"], observed=True)[metric].count()
        if (silent == 0).any():
            method, seed = silent.index[silent == 0][0]
            why = reason_of(table[table[by] == method], metric)
            detail = f" (failed: {why})" if why else ""
            raise InputError(f"the run of {method!r} with seed {seed} has no {metric}{detail}")
    at = "step" if "step" in table.columns else "sparsity"
    # Of a whole table pandas would look at each of the sixty columns for these three.
    twice = table[[by, "seed", at]].duplicated()
    if twice.any():
        first = table[twice].iloc[0]
        raise InputError(
            f"{first[by]!r} with seed {first['seed']} has two rows at {at} {first[at]:g}; "
            "each seed may stand for one run of a method"
        )


def curve(
    table: pd.DataFrame, metric: str, by: str = "criterion", confidence: float = 0.95
) -> pd.DataFrame:
    """Average a metric over the seeds at every sparsity.

    Args:
        table: One row per run and step: ``by``, seed, sparsity, the metric, and perhaps step.
        metric: Column to average.
        by: Column that tells the methods apart.
        confidence: Of the bootstrap interval over seeds, in (0, 1).

    Returns:
        One row per method and sparsity, both ascending: ``by``, sparsity, n (seeds), mean, low,
        high. Where n is 1, low and high are NaN.

    Raises:
        InputError: See :func:`check_table`.

    Example:
        >>> runs = pd.DataFrame({"criterion": "nc", "seed": [0, 1], "sparsity": 0.5, "acc": [1, 0]})
        >>> curve(runs, "acc").round(3).to_dict("list")["mean"]
        [0.5]
    """
    check_table(table, [metric], by)
    few = table[list(dict.fromkeys([by, "seed", "sparsity", metric]))]
    rows = few.assign(sparsity=few["sparsity"].round(SAME)).dropna(subset=[metric])
    # Two steps of one run may round to the same number of parts: the later one stands.
    rows = rows.drop_duplicates([by, "seed", "sparsity"], keep="last")
    groups = rows.groupby([by, "sparsity"], sort=True, observed=True)[metric].agg(list)
    averages = groups.index.to_frame(index=False)
    averages["n"] = groups.map(len).to_numpy()
    for n in averages["n"].unique():
        alike = averages["n"] == n
        values = np.array(groups[alike.to_numpy()].tolist(), dtype=np.float64)
        averages.loc[alike, "mean"], low, high = mean_intervals(values, confidence)
        averages.loc[alike, "low"], averages.loc[alike, "high"] = low, high
    return averages


def operating_points(
    table: pd.DataFrame,
    at: Sequence[float] = POINTS,
    metrics: Sequence[str] = ("accuracy", "minority_recall", "worst_class_recall"),
    by: str = "criterion",
) -> pd.DataFrame:
    """Read every method's metrics off at a few sparsities.

    A point that no step of a method comes near (see :func:`reach_of`) is left out for that method
    rather than filled in from elsewhere on the curve.

    Args:
        table: As for :func:`curve`.
        at: Sparsities in [0, 1].
        metrics: Columns to read.
        by: Column that tells the methods apart.

    Returns:
        One row per point, method and metric: at, ``by``, metric, sparsity (the nearest step), n,
        mean, low, high.

    Raises:
        InputError: See :func:`check_table`; or if a point lies outside [0, 1].

    Example:
        >>> runs = pd.DataFrame({"criterion": "nc", "seed": 0, "sparsity": [0, 0.5], "a": [1, 0.8]})
        >>> operating_points(runs, metrics=["a"])[["at", "mean", "n"]].values.tolist()
        [[0.5, 0.8, 1.0]]
    """
    for point in at:
        if not 0 <= point <= 1:
            raise InputError(f"the operating point {point} is no sparsity; it must lie in [0, 1]")
    rows = []
    for metric in metrics:
        for method, line in curve(table, metric, by).groupby(by):
            for point in at:
                nearest = line.iloc[int((line["sparsity"] - point).abs().argmin())]
                if abs(nearest["sparsity"] - point) <= reach_of(point) + 1e-9:
                    rows.append({"at": point, by: method, "metric": metric} | nearest.to_dict())
    columns = ["at", by, "metric", "sparsity", "n", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=columns)
