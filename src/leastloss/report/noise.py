"""Robustness of the compared networks: a matrix of networks and corruptions."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from leastloss.plots.words import words
from leastloss.report.parts import Cell, Grid, Section, in_percent, number, percent

SHOWN = ("balanced_accuracy", "minority_recall", "flip_rate")
"""Quantities of which there is a matrix, the first of them open."""

_ERRORS = {"mce": "mCE", "relative_mce": "relative mCE"}
_READ = (
    "mCE is the error under corruptions over the dense network's: below 1, fewer errors. Relative "
    "mCE is what corruptions add to the error, over what they add to the dense network's: a "
    "network that is near chance without them cannot get much worse, and is near 0 for that alone."
)


def robustness_section(
    table: pd.DataFrame | None, summary: pd.DataFrame | None = None, *, command: str = ""
) -> Section:
    """The section of robustness.

    Args:
        table: One row per robustness run (``run_id``), model, corruption and severity; None if no
            run of these networks is there.
        summary: One row per model: mce, relative_mce; None if there is none.
        command: What makes such a run.
    """
    own: dict[str, Any] = {"anchor": "robustness", "title": "Under corruptions"}
    if table is None or table.empty:
        lead = "No robustness run of these networks is in the store. This makes one:"
        return Section(**own, lead=[lead], code={"robustness": command})
    if "failed" not in table:
        table = table.assign(failed="")
    broken = table["failed"].fillna("").astype(str) != ""
    fine, failed = table.loc[(table["severity"] > 0) & ~broken], table.loc[broken]
    models = list(dict.fromkeys(table["model"]))
    corruptions = list(dict.fromkeys(table.loc[table["severity"] > 0, "corruption"]))
    runs = int(table["run_id"].nunique())
    grids = [
        _matrix(fine, failed, name, models, corruptions, runs)
        for name in SHOWN
        if name in table.columns
    ]
    if summary is not None and len(summary):
        grids.insert(1, _errors(summary, models, runs))
    told = [
        "Mean over the severities, and over the robustness runs (one for each dense network). All "
        "networks of a run met the same corrupted images. Darker is more." + _how_sparse(table)
    ]
    notes = [
        f"Failed, and in no mean: `{model}` under {corruption} ({reason})."
        for model, corruption, reason in failed[["model", "corruption", "failed"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    if summary is not None and len(summary):
        notes.insert(0, _READ)
    return Section(**own, lead=told, grids=grids, notes=notes)


def _how_sparse(table: pd.DataFrame) -> str:
    """How much of the pruned networks is gone, as a sentence; empty where that is not told."""
    if "sparsity" not in table:
        return ""
    pruned = table.loc[table["model"] != "dense", "sparsity"].dropna()
    if pruned.empty:
        return ""
    ends = [percent(round(float(end), 3)) for end in (pruned.min(), pruned.max())]
    return f" Of the pruned networks {' to '.join(dict.fromkeys(ends))} are removed."


def _matrix(
    fine: pd.DataFrame,
    failed: pd.DataFrame,
    quantity: str,
    models: Sequence[str],
    corruptions: Sequence[str],
    runs: int,
) -> Grid:
    mean = fine.groupby(["model", "corruption"])[quantity].mean().to_dict()
    broken = set(zip(failed["model"], failed["corruption"], strict=True))
    finite = [value for value in mean.values() if isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    rows = {}
    for model in models:
        cells = []
        for corruption in corruptions:
            value = float(mean.get((model, corruption), np.nan))
            shade = (value - low) / (high - low) if isfinite(value) and high > low else None
            small = "failed in part" if (model, corruption) in broken else ""
            cells.append(Cell(value=number(value, quantity), small=small, shade=shade))
        rows[model] = cells
    what = words(quantity)
    return Grid(
        caption=f"{what[0].upper()}{what[1:]}, n = {runs}",
        unit="%" if in_percent(quantity) else "",
        first="network",
        head=corruptions,
        rows=rows,
        folded=quantity != SHOWN[0],
    )


def _errors(summary: pd.DataFrame, models: Sequence[str], runs: int) -> Grid:
    shown = [name for name in _ERRORS if name in summary.columns]
    # A run in which a model has no number is not averaged away.
    mean = {
        model: {name: own[name].mean(skipna=False) for name in shown}
        for model, own in summary.groupby("model")
    }
    return Grid(
        caption=f"Errors as a share of the dense network's, n = {runs}",
        first="network",
        head=[_ERRORS[name] for name in shown],
        rows={
            model: [_factor(float(mean[model][name])) for name in shown]
            for model in models
            if model in mean
        },
    )


def _factor(value: float) -> Cell:
    return Cell(value=f"{value:.3f}".replace("-", "−") if isfinite(value) else "–")
