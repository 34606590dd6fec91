"""What is taken for what: confusion matrices, side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from leastloss.errors import InputError
from leastloss.plots.style import INK, QUIET, RULE, headline, new_figure, tidy

WRITTEN = 20
"""Up to so many classes the cells have room for numbers."""


def confusion_figure(
    matrices: Mapping[str, NDArray[np.int64]], *, minority: Sequence[int] = (), title: str = ""
) -> Figure:
    """Draw confusion matrices side by side, each row as shares of its class.

    Args:
        matrices: What each network is called, such as ``dense`` and ``90 % removed`` -> its samples
            by true class (row) and predicted class (column), shape (classes, classes).
        minority: Labels of the rare classes, marked.
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
        _panel(ax, matrix, name, minority)
    panels[0].set_ylabel("true class", fontsize=9.5, color=QUIET)
    headline(figure, title, "per cent of each true class; empty cells are 0")
    return figure


def _panel(ax: Axes, matrix: NDArray[np.int64], title: str, minority: Sequence[int]) -> None:
    support = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, support, out=np.zeros(matrix.shape), where=support > 0)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    tidy(ax, xlabel="predicted class", title=title)
    ax.grid(visible=False)
    places = range(len(matrix))
    if len(matrix) > WRITTEN:
        return
    ax.set_xticks(places)
    ax.set_yticks(places, [f"{k} (rare)" if k in minority else str(k) for k in places])
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
