"""What each class keeps on the way to sparse: class by sparsity, a panel for each method."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from leastloss.errors import InputError, choose
from leastloss.evaluation import SAME
from leastloss.plots.sparsity import sparsity_axis
from leastloss.plots.style import QUIET, class_words, headline, looks, new_figure, tidy, wrapped

WIDEST = 4
"""Panels in a row."""

_LETTERS = 30  # of a title, as many as are as wide as a panel


def class_heat_map(
    table: pd.DataFrame,
    *,
    by: str = "criterion",
    counts: Sequence[int] = (),
    minority: Sequence[int] = (),
    names: Sequence[str] = (),
    title: str = "",
) -> Figure:
    """Draw the recall of every class against sparsity, in the mean over seeds.

    Args:
        table: One row per run and step: ``by``, seed, sparsity in [0, 1], recall_class_<k>.
        by: Column that tells the methods apart.
        counts: Training samples of each class 0, 1, ..., shown beside its label; may be left out.
        minority: Labels of the rare classes, marked.
        names: Names of the classes; empty: they are called by their numbers.
        title: What is shown: data set, network. The number of seeds is added.

    Raises:
        InputError: If the table is empty, a column is missing, or it has no recall of any class.
    """
    if table.empty:
        raise InputError("the table has no rows; there is nothing to draw")
    for column in (by, "seed", "sparsity"):
        choose("column", column, table.columns)
    labels = class_labels(table)
    if not labels:
        raise InputError("the table has no column recall_class_<k>; it needs one to draw")
    methods = list(looks(table[by]))
    columns = min(WIDEST, len(methods))
    rows = -(-len(methods) // columns)
    titles = {method: wrapped(method, _LETTERS) for method in methods}
    lines = max(title.count("\n") for title in titles.values())
    high = 0.24 * len(labels) + 1.1 + 0.19 * lines
    figure = new_figure(3.4 * columns + 1.6, high * rows + 0.7)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for spare in panels[len(methods) :]:
        spare.set_visible(False)
    rounded = table.assign(sparsity=table["sparsity"].round(SAME))
    recalls = [f"recall_class_{k}" for k in labels]
    words = _row_names(labels, counts, minority, names)
    for place, (ax, method) in enumerate(zip(panels, methods, strict=False)):
        steps = rounded[rounded[by] == method].groupby("sparsity")[recalls].mean()
        mesh = draw_classes(ax, steps.index.to_numpy(np.float64), steps.to_numpy(np.float64).T)
        below = place + columns >= len(methods)
        tidy(ax, title=titles[method], xlabel="sparsity (share removed)" if below else "")
        ax.grid(visible=False)
        ax.spines["bottom"].set_visible(False)
        ax.set_yticks(range(len(labels)), words)
        sparsity_axis(ax, float(steps.index.max()))
        if not below:
            ax.set_xlabel("")
        ax.margins(0)
    panels[0].invert_yaxis()  # the panels share the axis
    color_bar(figure, mesh, list(panels[: len(methods)]))
    headline(figure, title, f"recall of each class, {_seeds(table, by)}")
    return figure


def class_labels(table: pd.DataFrame) -> list[int]:
    """Return the classes whose recall a table holds, ascending.

    Example:
        >>> class_labels(pd.DataFrame(columns=["recall_class_10", "recall_class_2", "loss"]))
        [2, 10]
    """
    matches = (re.fullmatch(r"recall_class_(\d+)", str(column)) for column in table.columns)
    return sorted(int(match[1]) for match in matches if match)


def draw_classes(ax: Axes, sparsity: NDArray[np.float64], recall: NDArray[np.float64]) -> QuadMesh:
    """Draw recalls (classes, steps) at their sparsities (steps,); cividis is safe for all eyes."""
    rows = np.arange(len(recall) + 1) - 0.5
    return ax.pcolormesh(
        _edges(sparsity), rows, recall, cmap="cividis", vmin=0, vmax=1, rasterized=True
    )


def color_bar(figure: Figure, mesh: QuadMesh, panels: Sequence[Axes]) -> None:
    """Put the scale of the recalls beside the panels."""
    bar = figure.colorbar(
        mesh, ax=panels, pad=0.02, fraction=0.05, format=PercentFormatter(1, symbol=" %")
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8.5, length=0, colors=QUIET)


def _seeds(table: pd.DataFrame, by: str) -> str:
    """Say over how many seeds the methods of a table are averaged."""
    low, high = (
        int(n) for n in table.groupby(by, observed=True)["seed"].nunique().agg(["min", "max"])
    )
    if high == 1:
        return "one seed"
    return f"mean over {high if low == high else f'{low} to {high}'} seeds"


def _row_names(
    labels: Sequence[int], counts: Sequence[int], minority: Sequence[int], names: Sequence[str]
) -> list[str]:
    words = [class_words(label, names, minority) for label in labels]
    if not len(counts):
        return words
    if max(labels) >= len(counts):
        raise InputError(f"{len(counts)} class counts for class {max(labels)}; give one for each")
    return [f"{name}  n = {counts[k]:,}" for k, name in zip(labels, words, strict=True)]


def _edges(centers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Halfway between neighbours, and as far beyond the first and the last; (n,) to (n + 1,)."""
    if len(centers) == 1:
        return np.array([centers[0] - 0.05, centers[0] + 0.05])
    first, last = 2 * centers[0] - centers[1], 2 * centers[-1] - centers[-2]
    around = np.concatenate([[first], centers, [last]])
    return np.asarray((around[1:] + around[:-1]) / 2)
