"""Accuracy against the length of a description: who is shorter at equal accuracy."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from leastloss.errors import choose
from leastloss.evaluation import SAME, curve, metric_of
from leastloss.plots.curves import seeds_note
from leastloss.plots.style import headline, legend, looks, new_figure, percent, tidy


def lengths_figure(
    table: pd.DataFrame,
    lengths: Sequence[str] = ("bdm_bits", "compressed_bytes"),
    *,
    metric: str = "accuracy",
    by: str = "criterion",
    title: str = "",
) -> Figure:
    """Draw a metric against description lengths, each as a share of the dense network's.

    Args:
        table: One row per run and step: ``by``, seed, sparsity, the metric, the lengths.
        lengths: Columns to draw against, one panel each.
        metric: A share in [0, 1].
        by: Column that tells the methods apart.
        title: What is shown. The number of seeds is added.

    Raises:
        InputError: If the table is empty, a column is missing or a seed occurs twice.
    """
    for name in lengths:
        choose("column", name, table.columns)
    figure = new_figure(max(4.1 * len(lengths), 7.2), 4.3)
    panels = figure.subplots(1, len(lengths), squeeze=False, sharey=True)[0]
    heights = curve(table, metric, by)
    styles = looks(table[by])
    for ax, name in zip(panels, lengths, strict=True):
        at = table["sparsity"].round(SAME)
        where = table.groupby([by, at], observed=True)[name].mean().rename("length").reset_index()
        for method, look in styles.items():
            x, y = where[where[by] == method], heights[heights[by] == method]
            line = x.merge(y, on="sparsity").sort_values("sparsity")
            share = line["length"] / line["length"].iloc[0]
            ax.plot(
                share,
                line["mean"],
                color=look.color,
                marker=look.marker,
                dashes=look.dashes or (None, None),
                linewidth=1.8,
                markersize=4,
                markeredgecolor="white",
            )
            ax.fill_between(
                share, line["low"], line["high"], color=look.color, alpha=0.14, linewidth=0
            )
        tidy(ax, xlabel="share of the dense network's", title=metric_of(name).heading)
        percent(ax, "x")
        percent(ax, "y", metric)
    panels[0].set_ylabel(metric_of(metric).heading, fontsize=9.5)
    legend(figure, styles)
    headline(figure, title, seeds_note(heights["n"]))
    return figure
