"""The critical-difference diagram: mean ranks over data sets, and which are not told apart."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from leastloss.plots.style import INK, QUIET, headline, looks, new_figure


def ranks_figure(
    ranks: Mapping[str, float], p: pd.DataFrame, *, alpha: float = 0.05, title: str = ""
) -> Figure:
    """Draw methods on a line at their mean ranks; a bar joins those that do not differ.

    Args:
        ranks: Method -> its mean rank; 1 is the best.
        p: p of each pair, methods by methods.
        alpha: Level below which a pair differs.
        title: What is shown.
    """
    import scikit_posthocs  # takes seconds

    figure = new_figure(10, 1.8 + 0.17 * len(ranks))
    ax = figure.subplots()
    styles = looks(list(ranks))
    scikit_posthocs.critical_difference_diagram(
        pd.Series(ranks),
        p.loc[list(ranks), list(ranks)],
        ax=ax,
        alpha=alpha,
        color_palette={name: look.color for name, look in styles.items()},
        label_fmt_left="{label} ({rank:.1f})",
        label_fmt_right="({rank:.1f}) {label}",
        label_props={"fontsize": 9.5},
        crossbar_props={"color": INK},
        elbow_props={"linewidth": 1.2},
        text_h_margin=0.02 * len(ranks),
    )
    ax.tick_params(labelsize=9, colors=QUIET)
    ax.spines["top"].set_color(QUIET)
    ax.patch.set_visible(False)
    headline(figure, title, "mean rank, 1 is the best; a bar joins what is not told apart")
    return figure
