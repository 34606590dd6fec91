"""Tables of a report from finished numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from leastloss.evaluation import is_at, metric_of
from leastloss.plots import looks
from leastloss.report.formats import heading, number, percent
from leastloss.report.roles import Role
from leastloss.report.sections import Cell, Grid
from leastloss.report.values import nothing_to_keep


def cell_of(
    row: Mapping[Any, Any] | None, quantity: str, *, signed: bool = False, notes: Sequence[str] = ()
) -> Cell:
    """A mean with its interval."""
    if row is None or not np.isfinite(row["mean"]):
        return Cell()
    ends = None
    if isfinite(row["low"]):
        ends = (number(row["low"], quantity), number(row["high"], quantity))
    value = number(row["mean"], quantity, signed)
    return Cell(value=value, ends=ends, notes=tuple(filter(None, notes)))


def capital(words: str) -> str:
    """The text with a capital first letter.

    Example:
        >>> capital("minority recall"), capital("BDM (bits)")
        ('Minority recall', 'BDM (bits)')
    """
    return words[:1].upper() + words[1:]


def points_grid(
    rows: pd.DataFrame,
    quantity: str,
    caption: str,
    notes: Sequence[Sequence[str]] = (),
    *,
    unit: str = "",
    first: str = "removed",
    bold: Sequence[bool] = (),
    signed: bool = False,
) -> Grid:
    """Arrange one quantity: a row per method, a column per point.

    Args:
        rows: method, at, mean, low, high.
        quantity: The quantity.
        caption: What the table shows.
        notes: What else each row's cell says.
        unit: Of all values, if the caption does not tell it.
        first: Heading of the first column.
        bold: Whether each row's cell is set in bold.
        signed: Whether they are differences.
    """
    points = sorted(set(rows["at"]))
    cells: dict[str, dict[float, Cell]] = {}
    for i, row in enumerate(rows.to_dict("records")):
        cell = cell_of(row, quantity, signed=signed, notes=notes[i] if notes else ())
        cell = replace(cell, bold=bool(bold) and bold[i])
        cells.setdefault(row["method"], {})[row["at"]] = cell
    return Grid(
        caption=caption,
        unit=unit,
        first=first,
        head=[f"{100 * point:g} %" for point in points],
        rows={name: [row.get(p, Cell(value="")) for p in points] for name, row in cells.items()},
    )


def metric_tables(points: pd.DataFrame, dense: pd.DataFrame, by: str) -> list[Grid]:
    """Arrange what :func:`leastloss.evaluation.operating_points` returns, a table per metric."""
    tables = []
    for metric in points["metric"].unique():
        part = points[points["metric"] == metric]
        start = dense[dense["metric"] == metric].to_dict("records")
        at = sorted(part["at"].unique())
        rows_at = {point: part[part["at"] == point].to_dict("records") for point in at}
        tables.append(
            Grid(
                caption=f"{capital(metric_of(metric).heading)}, {seeds_of(part['n'])}",
                unit="%" if metric_of(metric).is_share else "",
                head=[percent(point) for point in at],
                dense=_point_cell(start, metric) if len(start) else Cell(),
                rows={
                    name: [_point_cell(rows_at[point], metric, by, name) for point in at]
                    for name in looks(part[by])
                },
            )
        )
    return tables


def _point_cell(
    rows: Sequence[Mapping[Any, Any]], metric: str, by: str = "", name: str = ""
) -> Cell:
    """The cell of one method, marked if it is better than all others at this point."""
    row = next((row for row in rows if not by or row[by] == name), None)
    if row is None:
        return Cell()
    others = [other["high"] for other in rows if by and other[by] != name]
    # Only accuracies are marked: of a loss or a size, less is better.
    best = metric_of(metric).is_accuracy and isfinite(row["low"]) and len(others) > 0
    best = best and all(row["low"] > high for high in others)
    cell = cell_of(row, metric, notes=[elsewhere([row["sparsity"]], row["at"])])
    return replace(cell, best=best)


def seeds_of(n: pd.Series) -> str:
    """The number of seeds behind some rows.

    Example:
        >>> seeds_of(pd.Series([10, 10])), seeds_of(pd.Series([3, 10]))
        ('n = 10', 'n = 3 to 10')
    """
    low, high = int(n.min()), int(n.max())
    return f"n = {high}" if low == high else f"n = {low} to {high}"


def elsewhere(sparsities: Sequence[float], point: float) -> str:
    """Where a cell was measured, if not at the sparsity of its column.

    Example:
        >>> elsewhere([0.9001], 0.9), elsewhere([0.893], 0.9), elsewhere([0.893, 0.9], 0.9)
        ('', 'at 89.3 %', 'at 89.3 % and 90 %')
    """
    if all(is_at(sparsity, point) for sparsity in sparsities):
        return ""
    return "at " + " and ".join(dict.fromkeys(percent(sparsity) for sparsity in sparsities))


def means_grid(
    rows: pd.DataFrame, quantities: Sequence[str], methods: Sequence[str], caption: str
) -> Grid:
    """Arrange means of several quantities: a row per method, a column per quantity."""
    shown = [quantity for quantity in quantities if (rows["quantity"] == quantity).any()]
    cells = {
        (row["method"], row["quantity"]): cell_of(row, row["quantity"])
        for row in rows.to_dict("records")
    }
    present = [name for name in methods if any((name, q) in cells for q in shown)]
    return Grid(
        caption=f"{caption}, {seeds_of(rows['n'])}" if len(rows) else caption,
        head=[heading(quantity) for quantity in shown],
        rows={name: [cells.get((name, q), Cell()) for q in shown] for name in present},
    )


def free_grid(
    free: pd.DataFrame,
    dense: pd.DataFrame,
    roles: Mapping[str, Role],
    seeds: Mapping[str, int],
    within: float,
) -> Grid:
    """Arrange the free sparsities: a row per method, a column per metric."""
    means = {(row["method"], row["quantity"]): row for row in free.to_dict("records")}
    start: dict[Any, Any] = dense.to_dict("index")

    def cell(name: str, metric: str) -> Cell:
        row = means.get((name, f"free:{metric}"))
        if row is None or not np.isfinite(row["mean"]):
            # NaN compares false: a metric that was not measured gets no note.
            level = start.get(name, {}).get(metric, float("nan"))
            lost = nothing_to_keep(level, within)
            return Cell(notes=[f"dense {number(level, 'recall')}"] if lost else ())
        return cell_of(row, "sparsity", notes=[f"n = {row['n']}" * (row["n"] < seeds[name])])

    return Grid(
        caption=f"Share removed before a metric falls by more than {100 * within:g} points, "
        f"{seeds_of(pd.Series([seeds[name] for name in roles]))}",
        unit="%",
        head=[*[metric_of(metric).heading for metric in dense.columns], "n", "controls"],
        rows={
            name: [
                *[cell(name, metric) for metric in dense.columns],
                Cell(value=str(seeds[name])),
                Cell(value=role.words[0], notes=[*filter(None, role.words[1:])], left=True),
            ]
            for name, role in roles.items()
        },
    )


def left_out(metrics: Mapping[str, float], within: float) -> list[str]:
    """Say which means leave out networks that had nothing to keep.

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
