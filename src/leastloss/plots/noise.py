"""Networks under noise: each metric against severity, one line per network."""

from collections.abc import Sequence
from math import ceil

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leastloss.errors import InputError, choose
from leastloss.evaluation import metric_of
from leastloss.plots.style import (
    Look,
    headline,
    legend,
    line_options,
    looks,
    new_figure,
    percent,
    tidy,
)

ACROSS = 5  # panels side by side that are still read at a glance


def robustness_figure(
    table: pd.DataFrame,
    metrics: Sequence[str] = ("accuracy", "minority_recall"),
    *,
    by: str = "model",
    title: str = "",
) -> Figure:
    """Draw a robustness table: a panel per corruption, in rows of five at most; metric by metric.

    Where a network failed its line has a gap, and a cross on the lower edge.

    Args:
        table: What :func:`leastloss.evaluation.robustness_of` returns: ``by``, corruption,
            severity (0 is clean), the metrics. Without a column ``by`` it is one network.
        metrics: Columns to draw.
        by: Column that tells the networks apart.
        title: What is shown: data set, sparsity, seed.

    Raises:
        InputError: If the table holds no corruption or a column is missing.
    """
    rows = table if by in table.columns else table.assign(**{by: "model"})
    for column in ("corruption", "severity", *metrics):
        choose("column", column, rows.columns)
    corruptions = noises(rows)
    styles = looks(rows[by])
    deep = ceil(len(corruptions) / ACROSS)
    wide = ceil(len(corruptions) / deep)
    size = 2.9 if deep == 1 else 2.5
    figure = new_figure(size * wide + 0.6, (size - 0.2) * deep * len(metrics) + 0.8)
    panels = figure.subplots(deep * len(metrics), wide, squeeze=False, sharex=True, sharey="row")
    for panel in panels.flat:
        panel.set_visible(False)
    for m, metric in enumerate(metrics):
        for i, corruption in enumerate(corruptions):
            down, along = divmod(i, wide)
            ax: Axes = panels[m * deep + down, along]
            ax.set_visible(True)
            part = rows[rows["corruption"].isin(["clean", corruption])]
            _lines(ax, part, metric, styles, by)
            below = i + wide < len(corruptions)  # a panel of the same metric
            last = not below and (m == len(metrics) - 1 or deep > 1)
            tidy(
                ax,
                title=corruption if m == 0 or deep > 1 else "",
                xlabel="severity (0: clean)" if last else "",
                ylabel=metric_of(metric).heading if along == 0 else "",
            )
            percent(ax, "y", metric)
            ax.set_xticks(sorted(rows["severity"].unique()))
            ax.tick_params(labelbottom=last)
    legend(figure, styles)
    headline(figure, title)
    return figure


def noises(rows: pd.DataFrame) -> list[str]:
    """The corruptions of a table in their order.

    Raises:
        InputError: If there is none.
    """
    corruptions = [name for name in rows["corruption"].unique() if name != "clean"]
    if not corruptions:
        raise InputError("the table has no corruption; it needs at least one to draw")
    return corruptions


def _lines(ax: Axes, part: pd.DataFrame, metric: str, styles: dict[str, Look], by: str) -> None:
    sns.lineplot(data=part, x="severity", y=metric, **line_options(styles, by), ax=ax)
    if "failed" in part.columns:
        failed = part[part["failed"].fillna("") != ""]
        for name, severity in zip(failed[by], failed["severity"], strict=True):
            ax.plot(
                severity, 0, marker="x", color=styles[name].color, markersize=7, clip_on=False,
                transform=ax.get_xaxis_transform(), linestyle="none",
            )  # fmt: skip
