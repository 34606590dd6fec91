"""The sections on single classes, and on fairness."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from leastloss.evaluation import names_of
from leastloss.plots import looks
from leastloss.report.formats import number, percent
from leastloss.report.numbers import at_points, means
from leastloss.report.sections import Cell, Drawn, Grid, Section
from leastloss.report.tables import means_grid, seeds_of


def class_losses(steps: pd.DataFrame, at: float, names: Sequence[str] = ()) -> pd.DataFrame:
    """The class whose recall falls most at a sparsity, method by method.

    Args:
        steps: One row per run and step: ``ARM``, seed, sparsity, ``recall_class_<k>``.
        at: The sparsity; read off at the nearest step.
        names: Names of the classes; empty: they are called by their numbers.

    Returns:
        Columns method, at, label (of the class), loss (mean over seeds of its recall at ``at``
        minus that before pruning), n.
    """
    recalls = recall_columns(steps)
    if not recalls:
        return pd.DataFrame(columns=["method", "at", "label", "loss", "n"])
    values = at_points(steps, [at, 0.0], recalls)
    wide = values.pivot_table(index=["method", "seed", "quantity"], columns="at", values="value")
    if at not in wide.columns or 0.0 not in wide.columns:
        return pd.DataFrame(columns=["method", "at", "label", "loss", "n"])
    change = (wide[at] - wide[0.0]).dropna().rename("loss").reset_index()
    mean = change.groupby(["method", "quantity"])["loss"].agg(["mean", "size"]).reset_index()
    worst = mean.loc[mean.groupby("method")["mean"].idxmin()]
    return pd.DataFrame(
        {
            "method": worst["method"],
            "at": at,
            "label": [
                class_name(int(quantity.removeprefix("recall_class_")), names)
                for quantity in worst["quantity"]
            ],
            "loss": worst["mean"],
            "n": worst["size"],
        }
    ).reset_index(drop=True)


def class_name(label: int, names: Sequence[str] = ()) -> str:
    """What a class is called, by its number where it has no name.

    Example:
        >>> class_name(1, ["no", "yes"]), class_name(1)
        ('yes', '1')
    """
    return names[label] if label < len(names) else str(label)


def recall_columns(steps: pd.DataFrame) -> list[str]:
    """The columns of the classes' recalls.

    Example:
        >>> recall_columns(pd.DataFrame(columns=["recall_class_1", "val_recall_class_1"]))
        ['recall_class_1']
    """
    return [str(name) for name in steps.columns if str(name).startswith("recall_class_")]


def classes_section(
    figures: Sequence[Drawn], losses: pd.DataFrame, methods: Sequence[str]
) -> Section:
    """The section on classes: the heat map, and the class that loses most."""
    titled: dict[str, Any] = {"anchor": "classes", "title": "Class by class"}
    if losses.empty:
        return Section(**titled, blocks=["These runs hold no recalls of single classes."])
    at = float(losses["at"].iloc[0])
    rows = {row["method"]: row for row in losses.to_dict("records")}
    grid = Grid(
        caption=f"Class that pays most at {percent(at)} removed, {seeds_of(losses['n'])}",
        head=["class", "change of recall (points)"],
        rows={
            name: [
                Cell(value=rows[name]["label"]),
                Cell(value=number(rows[name]["loss"], "recall", signed=True)),
            ]
            for name in looks(methods)
            if name in rows
        },
    )
    return Section(**titled, blocks=[*figures, grid])


def fairness_section(
    steps: pd.DataFrame, points: Sequence[float], methods: Sequence[str]
) -> Section:
    """The section on fairness, at a few sparsities."""
    titled: dict[str, Any] = {"anchor": "fairness", "title": "Who pays"}
    measured = [
        n for n in names_of("fairness") if n in steps.columns and np.isfinite(steps[n]).any()
    ]
    if not measured:
        none = "These runs hold none of the measures of fairness; newer ones do."
        return Section(**titled, blocks=[none])
    averages = means(at_points(steps, points, measured))
    grids = []
    for at in points:
        rows = averages[averages["at"] == at]
        if len(rows):
            grids.append(means_grid(rows, measured, methods, f"At {percent(at)} removed"))
    lead = [
        "Changed predictions: share of the test predictions that are not the dense "
        "network's, right or wrong. Excess gap: how much more the class that loses most loses than "
        "the mean class, in recall. CEV: variance of the relative changes of the classes' error "
        "rates; SDE: mean shift between their false negatives and false positives. Less is fairer "
        "in all four.",
    ]
    return Section(**titled, blocks=[*lead, *grids])
