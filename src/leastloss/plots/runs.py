"""One run by itself: how it trained, and what each class lost on the way to sparse."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leastloss.errors import InputError, choose
from leastloss.evaluation import metric_of
from leastloss.plots.classes import class_labels, color_bar, draw_classes
from leastloss.plots.style import (
    INK,
    QUIET,
    Look,
    class_words,
    headline,
    legend,
    new_figure,
    percent,
    tidy,
)

WIDTH = 6.3
"""Inches of a figure that is shown in a run's description: the MLflow UI cuts what is wider."""

LINES = {
    "accuracy": Look(color="#0072B2", marker="o"),
    # Dashed: on a balanced split it lies on the accuracy.
    "balanced_accuracy": Look(color="#009E73", marker="D", dashes=(3, 2)),
    "minority_recall": Look(color="#D55E00", marker="s"),
    "worst_class_recall": Look(color="#CC79A7", marker="v"),
}


def child_curves(
    table: pd.DataFrame,
    *,
    title: str = "",
    minority: Sequence[int] = (),
    names: Sequence[str] = (),
) -> Figure:
    """Draw one pruning run: its summary metrics, and the recall of every class.

    Args:
        table: One row per step: sparsity in [0, 1], and of accuracy, balanced_accuracy,
            minority_recall, worst_class_recall and recall_class_<k> those that there are.
        title: What is shown: method, data set, network, seed.
        minority: Labels of the rare classes, marked in the heat map.
        names: Names of the classes; empty: they are called by their numbers.

    Raises:
        InputError: If the table is empty, has no sparsity or none of the metrics.
    """
    if table.empty:
        raise InputError("the table has no rows; there is nothing to draw")
    choose("column", "sparsity", table.columns)
    present = [metric for metric in LINES if metric in table.columns]
    if not present:
        raise InputError(f"the table has none of {', '.join(LINES)}; it needs one of them")
    labels = class_labels(table)
    heights = [3.4, *([0.24 * len(labels) + 1.0] if labels else [])]
    figure = new_figure(WIDTH, sum(heights) + 1.0)
    panels = figure.subplots(len(heights), squeeze=False, height_ratios=heights)[:, 0]
    _summary(panels[0], table, present)
    if labels:
        words = [class_words(label, names, minority) for label in labels]
        _heatmap(figure, panels[1], table, labels, words)
    legend(figure, {metric_of(metric).heading: LINES[metric] for metric in present})
    headline(figure, title)
    return figure


def _summary(ax: Axes, table: pd.DataFrame, metrics: Sequence[str]) -> None:
    for metric in metrics:
        ax.plot(
            table["sparsity"],
            table[metric],
            color=LINES[metric].color,
            dashes=LINES[metric].dashes or (None, None),
            label=metric_of(metric).heading,
            linewidth=1.8,
            marker=LINES[metric].marker,
            markersize=4,
            markeredgecolor="white",
        )
    tidy(ax, xlabel="sparsity (share removed)", title="over all classes")
    percent(ax, "x")
    percent(ax, "y")


def _heatmap(
    figure: Figure, ax: Axes, table: pd.DataFrame, labels: Sequence[int], words: Sequence[str]
) -> None:
    cells = table[[f"recall_class_{k}" for k in labels]].to_numpy(dtype=np.float64).T
    mesh = draw_classes(ax, table["sparsity"].to_numpy(dtype=np.float64), cells)
    tidy(ax, xlabel="sparsity (share removed)", title="recall of each class")
    percent(ax, "x")
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    ax.set_yticks(range(len(labels)), words)
    ax.invert_yaxis()
    color_bar(figure, mesh, [ax])


def training_curves(history: pd.DataFrame, *, title: str = "") -> Figure:
    """Draw the losses and the validation accuracy of one training, with the best epoch marked.

    Args:
        history: One row per epoch: epoch, train_loss, val_loss (nats), val_accuracy in [0, 1].
        title: What is shown: network, data set, seed.

    Raises:
        InputError: If the history is empty or a column is missing.
    """
    if history.empty:
        raise InputError("the history has no rows; there is nothing to draw")
    for column in ("epoch", "train_loss", "val_loss", "val_accuracy"):
        choose("column", column, history.columns)
    figure = new_figure(9.5, 3.8)
    losses, accuracy = figure.subplots(1, 2)
    best = history["epoch"].iloc[int(history["val_loss"].argmin())]
    for column, color, label in (
        ("train_loss", "#0072B2", "training"),
        ("val_loss", "#D55E00", "validation"),
    ):
        losses.plot(history["epoch"], history[column], color=color, linewidth=1.8, label=label)
    losses.legend(frameon=False, fontsize=9, labelcolor=INK)
    tidy(losses, xlabel="epoch", ylabel="cross-entropy (nats)", title="loss")
    losses.set_ylim(bottom=0)
    accuracy.plot(history["epoch"], history["val_accuracy"], color="#D55E00", linewidth=1.8)
    tidy(accuracy, xlabel="epoch", title="validation accuracy")
    percent(accuracy, "y")
    for ax in (losses, accuracy):
        ax.axvline(best, color=QUIET, linewidth=0.9, linestyle=":")
    accuracy.annotate(
        f"weights kept: epoch {best:g}",
        (best, 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(-4, 0),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=QUIET,
    )
    headline(figure, title)
    return figure
