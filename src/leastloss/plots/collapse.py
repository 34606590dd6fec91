"""Neural collapse along the way: against sparsity, and from epoch to epoch."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from leastloss.errors import InputError, choose
from leastloss.evaluation import curve, metric_of
from leastloss.plots.curves import dense_level, draw_level, draw_line, seeds_note
from leastloss.plots.style import INK, QUIET, headline, legend, looks, new_figure, tidy

COLLAPSE_METRICS = (
    *("nc1", "nc1_quotient", "cdnv", "nc4"),
    *("nc2_equinorm", "nc2_equiangular", "simplex_distance", "seli_distance"),
    *("nc3", "minority_angle", "classifier_simplex_distance", "classifier_seli_distance"),
)
"""In the order of the panels: spread, symmetry of the means, the classifier."""

RATIOS = ("nc1", "nc1_quotient", "cdnv")
"""Metrics that grow without bound as the means fall together; drawn on a logarithmic axis."""

_PANELS: dict[str, tuple[str, ...]] = {
    "spread within classes": RATIOS,
    "means and classifier": ("nc2_equinorm", "nc2_equiangular", "nc3", "nc4"),
    "distance to simplex and SELI": (
        *("simplex_distance", "seli_distance"),
        *("classifier_simplex_distance", "classifier_seli_distance"),
    ),
    "rare classes of the classifier": ("minority_angle",),
}
_LINES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"))


def collapse_figure(table: pd.DataFrame, *, by: str = "criterion", title: str = "") -> Figure:
    """Draw the collapse metrics against sparsity: a panel for each, a line for each method.

    Values that are not finite (means that coincide) are left out, and runs that have none of a
    metric as well.

    Args:
        table: One row per run and step: ``by``, seed, sparsity in [0, 1], and of
            :data:`COLLAPSE_METRICS` those that there are.
        by: Column that tells the methods apart.
        title: What is shown: data set, network. The number of seeds is added.

    Raises:
        InputError: If no run has any of the metrics, a column is missing or a seed occurs twice.
    """
    for column in (by, "seed", "sparsity"):
        choose("column", column, table.columns)
    lines = {}
    for metric in collapse_columns(table):
        finite = table[np.isfinite(table[metric])]
        lines[metric] = (curve(finite, metric, by), dense_level(finite, metric))
    if not lines:
        raise InputError("the table has no collapse metrics; prune again to have them measured")
    rows = -(-len(lines) // 4)
    figure = new_figure(13.2, 2.9 * rows + 0.9)
    panels = figure.subplots(rows, 4, squeeze=False).ravel()
    for spare in panels[len(lines) :]:
        spare.set_visible(False)
    for ax, (metric, (line, level)) in zip(panels, lines.items(), strict=False):
        draw_line(ax, line, metric, by)
        if metric in RATIOS:
            _log_axis(ax)
        if level is not None:
            draw_level(ax, level, "dense", "-", INK)
    legend(figure, looks(table[by]))
    headline(figure, title, seeds_note(pd.concat([line for line, _ in lines.values()])["n"]))
    return figure


def collapse_columns(table: pd.DataFrame) -> list[str]:
    """The collapse metrics of which a table has any finite value, in the order of the panels.

    Example:
        >>> collapse_columns(pd.DataFrame({"cdnv": [1.0], "nc1": [0.5], "nc3": [float("nan")]}))
        ['nc1', 'cdnv']
    """
    present = [metric for metric in COLLAPSE_METRICS if metric in table.columns]
    return [metric for metric in present if np.isfinite(table[metric]).any()]


def collapse_curves(history: pd.DataFrame, *, title: str = "") -> Figure:
    """Draw how collapse goes on during one training, with the best epoch marked.

    Args:
        history: One row per epoch: epoch, val_loss, and of :data:`COLLAPSE_METRICS` those that
            there are.
        title: What is shown: network, data set, seed.

    Raises:
        InputError: If the history is empty, a column is missing or it has none of the metrics.
    """
    if history.empty:
        raise InputError("the history has no rows; there is nothing to draw")
    for column in ("epoch", "val_loss"):
        choose("column", column, history.columns)
    measured = collapse_columns(history)
    if not measured:
        raise InputError("the history has no collapse metrics; there is nothing to draw")
    shown = {name: [m for m in metrics if m in measured] for name, metrics in _PANELS.items()}
    shown = {name: metrics for name, metrics in shown.items() if metrics}
    figure = new_figure(3.6 * len(shown), 3.9)
    best = history["epoch"].iloc[int(history["val_loss"].argmin())]
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for ax, (name, metrics) in zip(panels, shown.items(), strict=True):
        for metric, (color, style) in zip(metrics, _LINES, strict=False):
            ax.plot(
                history["epoch"],
                history[metric].where(np.isfinite(history[metric])),
                color=color,
                linestyle=style,
                linewidth=1.8,
                label=metric_of(metric).heading,
            )
        tidy(ax, xlabel="epoch", title=name)
        if metrics[0] in RATIOS:
            _log_axis(ax)
        ax.axvline(best, color=QUIET, linewidth=0.9, linestyle=":")
        ax.legend(frameon=False, fontsize=8, labelcolor=INK)
    headline(figure, title, f"dotted line: weights kept, epoch {best:g}")
    return figure


def _log_axis(ax: Axes) -> None:
    """Make the y axis logarithmic, with ticks in plain numbers, if nothing has collapsed to 0."""
    if min(np.nanmin(np.asarray(line.get_ydata())) for line in ax.lines) <= 0:
        return
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    within = (1.0, 2.0, 5.0) if high < 50 * low else (1.0,)
    ax.yaxis.set_major_locator(LogLocator(subs=within))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
