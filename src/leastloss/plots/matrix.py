"""Networks against corruptions as a heat map: where which network breaks."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from leastloss.data import CORRUPTIONS
from leastloss.evaluation import metric_of
from leastloss.names import choose
from leastloss.plots.noise import noises
from leastloss.plots.style import INK, QUIET, headline, looks, new_figure

ERRORS = {"corruption_error": "mCE", "relative_corruption_error": "relative mCE"}


def robustness_matrix(
    table: pd.DataFrame, metric: str = "accuracy", *, by: str = "model", title: str = ""
) -> Figure:
    """Draw a cell for each network and corruption: the mean over severities (and seeds).

    The last column is the mean over the corruptions of images; noise on the weights and attacks
    are not in it. A cell that holds a failure is crossed out, and so is every mean over it.

    Args:
        table: What :func:`leastloss.evaluation.robustness_of` returns, or for ``corruption_error``
            and its relative form what :func:`leastloss.evaluation.corruption_errors` returns.
        metric: The column to draw.
        by: Column that tells the networks apart.
        title: What is shown: data set, sparsity, seed.

    Raises:
        InputError: If the table holds no corruption or a column is missing.
    """
    for column in (by, "corruption", metric):
        choose("column", column, table.columns)
    order = [name for name in ("clean", *noises(table)) if name in set(table["corruption"])]
    rows = list(looks(table[by]))
    means = table.groupby([by, "corruption"])[metric].agg(_mean)
    cells = means.unstack("corruption").loc[rows, order]
    images = [name for name in order if name in CORRUPTIONS]
    if images:
        cells[ERRORS.get(metric, "mean")] = cells[images].mean(axis=1, skipna=False)
    figure = new_figure(0.72 * len(cells.columns) + 2.4, 0.42 * len(rows) + 1.9)
    ax = figure.subplots()
    values = cells.to_numpy(dtype=float)
    share = metric_of(metric).is_share
    sns.heatmap(
        cells,
        ax=ax,
        annot=100 * values if share else values,
        fmt=".0f" if share else ".2f",
        annot_kws={"fontsize": 8.5},
        cmap="cividis" if share else "vlag",
        cbar=False,
        linewidths=1.5,
        **({"vmin": 0, "vmax": 1} if share else {"norm": _centred_at_1(values)}),
    )
    for (y, x), value in np.ndenumerate(values):
        if np.isnan(value):
            cell = Rectangle((x, y), 1, 1, hatch="xxx", fill=False, edgecolor=QUIET, linewidth=0)
            ax.add_patch(cell)
    if images:
        ax.axvline(len(cells.columns) - 1, color="white", linewidth=6)
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.tick_params(labelsize=9.5, length=0, labelcolor=INK)
    ax.set_xticks(ax.get_xticks(), cells.columns, rotation=38, ha="right", rotation_mode="anchor")
    ax.set_yticks(ax.get_yticks(), rows, rotation=0)
    headline(figure, title, _note(metric, share, bool(np.isnan(values).any())))
    return figure


def _mean(values: pd.Series) -> float:
    return float(values.mean(skipna=False))


def _centred_at_1(values: np.ndarray) -> TwoSlopeNorm:
    """Colours that turn at 1, where a network errs as much as the dense one."""
    finite = values[np.isfinite(values)]
    far = max(float(np.abs(finite - 1).max()) if finite.size else 0.0, 0.05)
    return TwoSlopeNorm(1.0, 1.0 - far, 1.0 + far)


def _note(metric: str, share: bool, failed: bool) -> str:
    what = metric_of(metric).heading
    unit = " in per cent, mean over severities" if share else ""
    return what + unit + ("; crossed out: failed, or not defined" if failed else "")
