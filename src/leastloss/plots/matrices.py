"""Matrices as heat maps: confusions of classes, and networks against corruptions."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from leastloss.data import CORRUPTIONS
from leastloss.errors import InputError, choose
from leastloss.evaluation import metric_of
from leastloss.plots.noise import noises
from leastloss.plots.style import INK, QUIET, RULE, class_words, headline, looks, new_figure, tidy

WRITTEN = 20
"""Up to so many classes the cells have room for numbers."""


def confusion_figure(
    matrices: Mapping[str, NDArray[np.int64]],
    *,
    minority: Sequence[int] = (),
    names: Sequence[str] = (),
    title: str = "",
) -> Figure:
    """Draw confusion matrices side by side, each row as shares of its class.

    Args:
        matrices: What each network is called, such as ``dense`` and ``90 % removed`` -> its samples
            by true class (row) and predicted class (column), shape (classes, classes).
        minority: Labels of the rare classes, marked.
        names: Names of the classes; empty: they are called by their numbers.
        title: What is shown: method, network, data set.

    Raises:
        InputError: If there is no matrix, one is not square, or they differ in shape.
    """
    shapes = [matrix.shape for matrix in matrices.values()]
    if not shapes or len(shapes[0]) != 2 or {*shapes} != {(shapes[0][0],) * 2}:
        raise InputError(
            f"confusion matrices of shape {', '.join(map(str, shapes)) or 'none'}; "
            "all must be (classes, classes), at least one"
        )
    size = min(max(2.6, 0.36 * shapes[0][0]), 9.0)
    figure = new_figure(size * len(matrices) + 1.6, size + 1.4)
    panels = figure.subplots(1, len(matrices), squeeze=False, sharey=True)[0]
    for ax, (name, matrix) in zip(panels, matrices.items(), strict=True):
        _panel(ax, matrix, name, minority, names)
    panels[0].set_ylabel("true class", fontsize=9.5, color=QUIET)
    headline(figure, title, "per cent of each true class; empty cells are 0")
    return figure


def _panel(
    ax: Axes,
    matrix: NDArray[np.int64],
    title: str,
    minority: Sequence[int],
    names: Sequence[str],
) -> None:
    support = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, support, out=np.zeros(matrix.shape), where=support > 0)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    tidy(ax, xlabel="predicted class", title=title)
    ax.grid(visible=False)
    places = range(len(matrix))
    if len(matrix) > WRITTEN:
        return
    if len(names):  # numbers are short enough to stand side by side
        words = [class_words(k, names) for k in places]
        ax.set_xticks(places, words, rotation=38, ha="right", rotation_mode="anchor")
    else:
        ax.set_xticks(places)
    ax.set_yticks(places, [class_words(k, names, minority) for k in places])
    for edge in np.arange(len(matrix) + 1) - 0.5:
        ax.axhline(edge, color=RULE, linewidth=0.6)
        ax.axvline(edge, color=RULE, linewidth=0.6)
    for row, column in np.argwhere(matrix > 0):
        share = 100 * shares[row, column]
        ax.text(
            column,
            row,
            f"{share:.0f}" if share >= 0.5 else "<1",
            ha="center",
            va="center",
            fontsize=8.5,
            fontweight="bold" if row == column else "normal",
            color="white" if share > 55 else INK,
            in_layout=False,  # it lies inside its panel, and measuring it takes time
        )


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
