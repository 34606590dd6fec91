"""The section on paired differences between methods."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import pandas as pd

from leastloss.evaluation import LEVEL, MIN_SEEDS, enough_seeds, metric_of
from leastloss.report.sections import Cell, Grid, Section
from leastloss.report.tables import capital, cell_of, elsewhere, seeds_of

_NEEDED = ["method", "against", "reference", "quantity", "at", "n"]
_TABLE = ["against", "metric", "reference"]


def too_few(n: int, few_seeds: bool) -> str:
    """Why n seeds are too few for a claim; empty if they are enough.

    Example:
        >>> too_few(2, few_seeds=False)
        'n = 2: a claim needs 3 seeds or more (few_seeds=yes shows the tests all the same).'
        >>> too_few(2, few_seeds=True), too_few(3, few_seeds=False)
        ('', '')
    """
    if few_seeds or enough_seeds(n):
        return ""
    return (
        f"n = {n}: a claim needs {MIN_SEEDS} seeds or more (few_seeds=yes shows the tests all the "
        "same)."
    )


def of_enough(differences: pd.DataFrame, few_seeds: bool) -> pd.DataFrame:
    """Keep the differences over enough common seeds for a claim."""
    return differences if few_seeds else differences[differences["n"] >= MIN_SEEDS]


def significance(
    frames: Sequence[pd.DataFrame], methods: Sequence[str], refused: str = ""
) -> Section:
    """The section on paired differences."""
    titled: dict[str, Any] = {
        "anchor": "significance",
        "title": "Differences, paired by dense network",
    }
    if refused:
        return Section(**titled, blocks=[refused])
    rows = pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame(columns=_NEEDED)])
    if rows.empty:
        return Section(**titled, blocks=["There is no other method to compare with."])
    rows = rows.assign(metric=rows["quantity"].astype(str).str.rpartition(":")[2])
    first = rows["against"].iloc[0]
    grids = [
        _grid(part, str(metric), str(reference), methods, folded=against != first)
        for (against, metric, reference), part in rows.groupby(_TABLE, sort=False)
    ]
    most = int(rows["n"].max())
    lead = [
        "Method minus reference from the same dense network, averaged over seeds, with the 95 % "
        "bootstrap interval of the difference. p is Wilcoxon's signed-rank test, corrected by Holm "
        f"over the methods of a column; bold where it is at most {LEVEL:g}, coloured where the "
        "method is the better one. Of a reference with several settings a method is held against "
        "the one of its own recovery and schedule, if there is one, then the one most like it in "
        "the other settings: a table for each, corrected together. "
        f"With n = {most} it cannot fall below {2 / 2**most:.2g} before "
        "the correction.",
    ]
    return Section(**titled, blocks=[*lead, *grids])


def _grid(
    rows: pd.DataFrame, metric: str, reference: str, methods: Sequence[str], *, folded: bool
) -> Grid:
    """All differences in one metric from one arm, a column each."""
    row_of = {(r["method"], r["quantity"], r["at"]): r for r in rows.to_dict("records")}
    columns = list(dict.fromkeys((q, at) for _, q, at in row_of))
    kinds = {(quantity, at): str(quantity).rpartition(":")[0] for quantity, at in columns}
    heads = {
        "free": "kept within {:g} points up to",
        "area": "mean up to {:.4g} %",
        "": "at {:.4g} %",
    }
    cells = {
        name: [
            _cell(row_of.get((name, *column)), "sparsity" if kinds[column] == "free" else metric)
            for column in columns
        ]
        for name in methods
        if any((name, *column) in row_of for column in columns)
    }
    what = metric_of(metric).heading
    return Grid(
        caption=f"{capital(what)}, minus `{reference}`, {seeds_of(rows['n'])}",
        unit="percentage points" if metric_of(metric).is_share else "",
        head=[heads[kinds[column]].format(100 * column[1]) for column in columns],
        rows=cells,
        folded=folded,
    )


def _cell(row: Mapping[Any, Any] | None, quantity: str) -> Cell:
    if row is None:
        return Cell()
    steps = [row["sparsity"], row["reference_sparsity"]]
    where = elsewhere(steps, row["at"]) if isfinite(steps[0]) else ""
    cell = cell_of(row, quantity, signed=True, notes=[f"p = {row['holm']:.2g}", where])
    shown = bool(row["holm"] <= LEVEL)
    good = quantity == "sparsity" or metric_of(quantity).is_accuracy  # more of it is better
    return replace(cell, best=shown and row["mean"] > 0 and good, bold=shown)
