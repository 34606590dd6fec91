"""Methods against sparsity: one line per method, a band where there are several seeds."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from leastloss.evaluation import curve, metric_of
from leastloss.plots.sparsity import sparsity_axis
from leastloss.plots.style import INK, QUIET, headline, legend, looks, new_figure, percent, tidy

CHANCE = ("accuracy", "balanced_accuracy", "minority_recall")
"""Metrics for which guessing all classes evenly scores 1/C in the mean."""

COMPARED = ("accuracy", "minority_recall", "worst_class_recall")


def curves(
    table: pd.DataFrame,
    metric: str = "accuracy",
    *,
    by: str = "criterion",
    title: str = "",
    dense: float | None = None,
    classes: int | None = None,
) -> Figure:
    """Draw one metric against sparsity for every method.

    Args:
        table: One row per run and step: ``by``, seed, sparsity in [0, 1], the metric.
        metric: Column to draw; shares in [0, 1] get percent axes from 0 to 100.
        by: Column that tells the methods apart.
        title: What is shown: data set, network. The number of seeds is added.
        dense: Level of the dense network; by default the mean of the rows at sparsity 0.
        classes: Number of classes C, for the chance level 1/C; by default counted from the
            columns ``recall_class_<k>``; no line without them.

    Raises:
        InputError: If the table is empty, a column is missing or a seed occurs twice.
    """
    levels = {} if dense is None else {metric: dense}
    return compare_figure(table, (metric,), by=by, title=title, dense=levels, classes=classes)


def compare_figure(
    table: pd.DataFrame,
    metrics: Sequence[str] = COMPARED,
    *,
    by: str = "criterion",
    title: str = "",
    dense: Mapping[str, float] | None = None,
    classes: int | None = None,
) -> Figure:
    """Draw several metrics side by side, with one legend; arguments as for :func:`curves`.

    Raises:
        InputError: If the table is empty, a column is missing or a seed occurs twice.
    """
    lines = {metric: curve(table, metric, by) for metric in metrics}
    columns = 2 if len(metrics) == 4 else min(3, len(metrics))
    rows = -(-len(metrics) // columns)
    figure = new_figure(7.2 if columns == 1 else 4.1 * columns, 3.4 * rows + 0.9)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for spare in panels[len(metrics) :]:
        spare.set_visible(False)
    for ax, (metric, line) in zip(panels, lines.items(), strict=False):
        draw_line(ax, line, metric, by)
        _draw_levels(ax, table, metric, (dense or {}).get(metric), classes)
    legend(figure, looks(table[by]))
    headline(figure, title, seeds_note(pd.concat(lines.values())["n"]))
    return figure


def curve_panel(table: pd.DataFrame, metric: str, *, by: str = "criterion") -> Figure:
    """Draw one metric against sparsity without a legend: one of several figures side by side.

    Controls are thin and dashed, without markers and bands. Arguments as for :func:`curves`.

    Raises:
        InputError: If the table is empty, a column is missing or a seed occurs twice.
    """
    figure = new_figure(4.1, 3.2)
    ax = figure.subplots()
    draw_line(ax, curve(table, metric, by), metric, by, marked_controls=False)
    _draw_levels(ax, table, metric, None, None)
    return figure


def _draw_levels(
    ax: Axes, table: pd.DataFrame, metric: str, dense: float | None, classes: int | None
) -> None:
    """Draw the dense network's level and that of chance."""
    level = dense_level(table, metric) if dense is None else dense
    if level is not None:
        draw_level(ax, level, "dense", "-", INK)
    count = classes or sum(str(column).startswith("recall_class_") for column in table.columns)
    if count and metric in CHANCE:
        draw_level(ax, 1 / count, "chance", ":", QUIET)


def seeds_note(n: pd.Series) -> str:
    """Say how many seeds stand behind the lines, and what the band is."""
    low, high = int(n.min()), int(n.max())
    if high == 1:
        return "one seed: no interval"
    span = f"{high}" if low == high else f"{low} to {high}"
    return f"mean and 95 % bootstrap interval over {span} seeds"


def draw_line(
    ax: Axes, line: pd.DataFrame, metric: str, by: str, *, marked_controls: bool = True
) -> None:
    """Draw what :func:`leastloss.evaluation.curve` found for one metric, bands included."""
    for name, look in looks(line[by]).items():
        part = line[line[by] == name].sort_values("sparsity")
        plain = look.control and not marked_controls
        # Drawn plainly: seaborn takes ten times as long for a page of many panels.
        ax.plot(
            part["sparsity"],
            part["mean"],
            color=look.color,
            marker="" if plain else look.marker,
            dashes=look.dashes or (None, None),
            linewidth=1 if look.control else 1.8,
            markersize=4 if look.control else 5,
            markeredgecolor="white",
            markeredgewidth=0.75,
            zorder=1.5 if look.control else 2,
        )
        band = part.dropna(subset=["low", "high"])
        if len(band) and not plain:
            ax.fill_between(
                band["sparsity"],
                band["low"],
                band["high"],
                color=look.color,
                alpha=0.14,
                linewidth=0,
            )
    tidy(ax, xlabel="sparsity (share removed)", title=metric_of(metric).heading)
    percent(ax, "y", metric)
    sparsity_axis(ax, float(line["sparsity"].max()))


def dense_level(table: pd.DataFrame, metric: str) -> float | None:
    """Mean of a metric before anything was removed, if that was measured."""
    at_start = table.loc[table["sparsity"] == 0, metric]
    return None if at_start.empty else float(at_start.mean())


def draw_level(ax: Axes, level: float, label: str, linestyle: str, color: str) -> None:
    """Draw a level that curves are compared with, its name at the end where there is room."""
    # Curves start near the dense level on the left and end near chance on the right: the names
    # stand where the curves are not.
    right = label == "dense"
    ax.axhline(level, color=color, linewidth=0.9, linestyle=linestyle, label=label, zorder=1)
    ax.annotate(
        label,
        (1 if right else 0, level),
        xycoords=("axes fraction", "data"),
        xytext=(-2 if right else 2, 3),
        textcoords="offset points",
        ha="right" if right else "left",
        va="bottom",
        fontsize=8.5,
        color=color,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],  # readable over a curve
    )
