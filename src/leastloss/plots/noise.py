"""Networks under noise: each metric against severity, one line per network."""

from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from leastloss.errors import InputError
from leastloss.names import choose
from leastloss.plots.style import (
    headline,
    legend,
    line_options,
    looks,
    new_figure,
    percent,
    tidy,
    words,
)


def robustness_figure(
    table: pd.DataFrame,
    metrics: Sequence[str] = ("accuracy", "minority_recall"),
    *,
    by: str = "model",
    title: str = "",
) -> Figure:
    """Draw a robustness table: a column of panels per corruption, a row per metric.

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
    corruptions = [name for name in rows["corruption"].unique() if name != "clean"]
    if not corruptions:
        raise InputError("the table has no corruption; it needs at least one to draw")
    found = looks(rows[by])
    figure = new_figure(2.9 * len(corruptions) + 0.6, 2.7 * len(metrics) + 0.8)
    panels = figure.subplots(
        len(metrics), len(corruptions), squeeze=False, sharex=True, sharey="row"
    )
    for metric, line in zip(metrics, panels, strict=True):
        for corruption, ax in zip(corruptions, line, strict=True):
            part = rows[rows["corruption"].isin(["clean", corruption])]
            sns.lineplot(
                data=part,
                x="severity",
                y=metric,
                **line_options(found, by),
                ax=ax,
            )
            first, last = metric == metrics[0], metric == metrics[-1]
            tidy(
                ax,
                title=corruption if first else "",
                xlabel="severity (0: clean)" if last else "",
                ylabel=words(metric) if corruption == corruptions[0] else "",
            )
            percent(ax, "y", metric)
            ax.set_xticks(sorted(part["severity"].unique()))
    legend(figure, found)
    headline(figure, title)
    return figure
