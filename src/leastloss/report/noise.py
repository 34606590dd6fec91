"""The section on robustness: matrices of networks and corruptions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from leastloss.evaluation import metric_of
from leastloss.report.formats import heading, number, percent
from leastloss.report.sections import Cell, Commands, Grid, Section
from leastloss.report.tables import capital

SHOWN = ("balanced_accuracy", "minority_recall", "flip_rate")
"""Quantities with a matrix; the first one is unfolded."""

_ERRORS = ("mce", "relative_mce")
_READ = (
    "mCE is the error under corruptions over the dense network's: below 1, fewer errors. Relative "
    "mCE is what corruptions add to the error, over what they add to the dense network's: a "
    "network that is near chance without them cannot get much worse, and is near 0 for that alone."
)


def robustness_section(
    table: pd.DataFrame | None,
    summary: pd.DataFrame | None = None,
    *,
    lacking: Mapping[str, Sequence[str]] | None = None,
    command: str = "",
) -> Section:
    """The section on robustness.

    Args:
        table: One row per dense network (``network``), model, corruption and severity; None without
            robustness runs.
        summary: One row per network and model: mce, relative_mce; may be None.
        lacking: Seed of the dense network -> its models without a robustness run.
        command: The command that makes the missing runs.
    """
    titled: dict[str, Any] = {"anchor": "robustness", "title": "Under corruptions"}
    code = [Commands({"robustness": command})] if command else []
    if table is None or table.empty:
        lead = "No robustness run of these networks is in the store. This makes them:"
        return Section(**titled, blocks=[lead, *code])
    if "failed" not in table:
        table = table.assign(failed="")
    broken = table["failed"].notna() & (table["failed"].astype(str) != "")
    failed, exposed = table.loc[broken], table["severity"] > 0
    shown = [name for name in SHOWN if name in table.columns]
    cells = table.assign(**{name: table[name].mask(broken) for name in shown}).loc[exposed]
    models = list(dict.fromkeys(table["model"]))
    grids = [_matrix(cells, failed, name, models) for name in shown]
    lead_texts = [
        "Mean over the severities, and over the dense networks. All networks of a run met the same "
        "corrupted images. Darker is more." + _how_sparse(table)
    ]
    notes = [
        f"Failed, so that no mean is given: `{model}` under {corruption} ({reason})."
        for model, corruption, reason in failed[["model", "corruption", "failed"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    if summary is not None and len(summary):
        grids.insert(1, _errors(summary, models))
        notes.insert(0, _READ)
    if lacking:
        lead_texts.append(
            f"Not exposed yet: {_without(lacking, models)}. The command below does it."
        )
    return Section(**titled, blocks=[*lead_texts, *grids, *(code if lacking else []), *notes])


def _without(lacking: Mapping[str, Sequence[str]], models: Sequence[str]) -> str:
    """Which methods of which seeds; seeds that lack the same ones together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for network, labels in lacking.items():
        alike.setdefault(tuple(labels), []).append(network)
    # With several sparsities, the label of a model ends in its own.
    every = {model.rpartition(" at ")[0] or model for model in models} - {"dense"}
    return "; ".join(
        f"{'all methods' if every <= {*labels} else ', '.join(f'`{label}`' for label in labels)} "
        f"of seed{'s' if len(networks) > 1 else ''} {', '.join(networks)}"
        for labels, networks in alike.items()
    )


def _how_sparse(table: pd.DataFrame) -> str:
    """The sparsity of the pruned networks, as a sentence; empty if unknown."""
    if "sparsity" not in table:
        return ""
    pruned = table.loc[table["model"] != "dense", "sparsity"].dropna()
    if pruned.empty:
        return ""
    ends = [percent(round(float(end), 3)) for end in (pruned.min(), pruned.max())]
    return f" Of the pruned networks {' to '.join(dict.fromkeys(ends))} are removed."


def _matrix(
    cells: pd.DataFrame, failed: pd.DataFrame, quantity: str, models: Sequence[str]
) -> Grid:
    corruptions = list(dict.fromkeys(cells["corruption"]))
    # NaN is not skipped: a failure at one severity leaves the network and its model without a mean.
    each = cells.groupby(["model", "corruption", "network"])[quantity].agg(_mean)
    mean = each.groupby(["model", "corruption"]).agg(_mean).to_dict()
    broken = set(zip(failed["model"], failed["corruption"], strict=True))
    finite = [value for value in mean.values() if isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    rows = {}
    for model in models:
        row = []
        for corruption in corruptions:
            value = float(mean.get((model, corruption), np.nan))
            shade = (value - low) / (high - low) if isfinite(value) and high > low else None
            notes = ["failed"] if (model, corruption) in broken else []
            row.append(Cell(value=number(value, quantity), notes=notes, shade=shade))
        rows[model] = row
    what = metric_of(quantity).heading
    return _with_n(
        cells,
        Grid(
            caption=capital(what),
            unit="%" if metric_of(quantity).is_share else "",
            first="network",
            head=corruptions,
            rows=rows,
            folded=quantity != SHOWN[0],
        ),
    )


def _errors(summary: pd.DataFrame, models: Sequence[str]) -> Grid:
    shown = [name for name in _ERRORS if name in summary.columns]
    # NaN is not skipped: it must not be averaged away.
    each = summary.groupby(["model", "network"])[shown].agg(_mean)
    mean = each.groupby("model").agg(_mean).to_dict("index")
    return _with_n(
        summary,
        Grid(
            caption="Errors as a share of the dense network's",
            first="network",
            head=[heading(name) for name in shown],
            rows={
                model: [_factor(float(mean[model][name])) for name in shown]
                for model in models
                if model in mean
            },
        ),
    )


def _mean(values: "pd.Series[float]") -> float:
    return float(values.mean(skipna=False))


def _with_n(rows: pd.DataFrame, grid: Grid) -> Grid:
    """Add the number of networks: to the caption if it is the same for all, else as a column."""
    n = rows.groupby("model")["network"].nunique()
    if n.nunique() == 1:
        return replace(grid, caption=f"{grid.caption}, n = {n.iloc[0]}")
    column = {name: [*cells, Cell(value=f"{n.get(name, 0)}")] for name, cells in grid.rows.items()}
    return replace(grid, head=[*grid.head, "n"], rows=column)


def _factor(value: float) -> Cell:
    return Cell(value=f"{value:.3f}".replace("-", "−") if isfinite(value) else "–")
