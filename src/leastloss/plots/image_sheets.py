"""Sheets of images: those that pruning breaks first, and samples under corruptions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from leastloss.errors import InputError, choose
from leastloss.plots.style import INK, QUIET, class_words, headline, new_figure

ACROSS = 10
"""Images in a row."""

_LETTERS = 7  # of a name, so that two stand below an image
_HIGH = 1.5  # a cell with its caption, in widths of an image


def contact_sheet(
    table: pd.DataFrame,
    images: NDArray[np.float32],
    *,
    minority: Sequence[int] = (),
    names: Sequence[str] = (),
    rows: int = 2,
    title: str = "",
) -> Figure:
    """Draw the images that break first, and below them the first of the rare classes.

    Under each image: its class, which the dense network saw, what the pruned network took it for,
    and the sparsity from which on it is wrong.

    Args:
        table: What :func:`leastloss.evaluation.broken_samples` returns.
        images: All samples that its column ``sample`` numbers, shape (n, 1 or 3, H, W) in [0, 1].
        minority: Labels of the rare classes.
        names: Names of the classes; empty: they are called by their numbers.
        rows: Rows of images in either part.
        title: What is shown: method, network, data set.

    Raises:
        InputError: If a column is missing, the images have another shape, or rows is below 1.
    """
    for column in ("sample", "label", "predicted", "sparsity"):
        choose("column", column, table.columns)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or rows < 1:
        raise InputError(
            f"{rows} rows of images of shape {images.shape}; it must be 1 row or more, of shape "
            "(n, 1, H, W) or (n, 3, H, W)"
        )
    rare = table[table["label"].isin(list(minority))]
    parts = {f"first to break, of {len(table):,} that do": table.head(rows * ACROSS)}
    if len(minority):
        named = ", ".join(class_words(label, names) for label in minority)
        parts[f"first of the rare classes ({named}), of {len(rare):,}"] = rare.head(rows * ACROSS)
    heights = [max(1, -(-len(part) // ACROSS)) for part in parts.values()]
    figure = new_figure(ACROSS * 0.98 + 0.3, 1.5 * sum(heights) + 0.36 * len(parts) + 0.8)
    panels = figure.subplots(len(parts), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, (name, part), height in zip(panels, parts.items(), heights, strict=True):
        ax.set_title(name, loc="left", fontsize=11, color=INK, fontweight="bold", pad=6)
        _sheet(ax, part, images, height, names)
    headline(
        figure,
        title,
        "all were right in the dense network; wrong for good from the sparsity below each",
    )
    return figure


def _sheet(
    ax: Axes,
    part: pd.DataFrame,
    images: NDArray[np.float32],
    height: int,
    names: Sequence[str],
) -> None:
    ax.set_axis_off()
    if part.empty:
        ax.text(0, 0.3, "none", fontsize=10, color=QUIET)
    columns = ("sample", "label", "predicted", "sparsity")
    rows = zip(*(part[column].to_numpy() for column in columns), strict=True)
    for place, (sample, label, predicted, sparsity) in enumerate(rows):
        x, y = place % ACROSS, place // ACROSS * _HIGH
        shown = images[sample].transpose(1, 2, 0)
        ax.imshow(
            shown[:, :, 0] if shown.shape[2] == 1 else shown,
            extent=(x + 0.05, x + 0.95, y + 0.9, y),
            cmap="gray",
            vmin=0,
            vmax=1,
        )
        true, taken = (class_words(int(k), names, letters=_LETTERS) for k in (label, predicted))
        words = f"{true} read as {taken}", f"from {100 * sparsity:.3g} %"
        for line, (text, color) in enumerate(zip(words, (INK, QUIET), strict=True)):
            where = (x + 0.5, y + 0.93 + 0.22 * line)
            # They lie inside the panel, and measuring them takes time.
            ax.text(*where, text, ha="center", va="top", fontsize=8.5, color=color, in_layout=False)
    ax.set_xlim(0, ACROSS)
    ax.set_ylim(height * _HIGH - 0.1, 0)


Images = NDArray[np.floating[Any]]


def corruption_samples(images_of: Mapping[str, Mapping[int, Images]], *, title: str = "") -> Figure:
    """Draw a few images under every corruption and severity.

    Args:
        images_of: Corruption -> severity (0 is clean) -> images (k, C, H, W) in [0, 1], the same k
            samples everywhere; one channel is grey, three are colours.
        title: What is shown.

    Raises:
        InputError: If there is nothing to draw.

    Example:
        >>> figure = corruption_samples({"shot": {0: np.zeros((2, 1, 8, 8))}})
        >>> [image.get_array().shape for image in figure.axes[0].images]
        [(8, 17, 3)]
    """
    severities = sorted({severity for images in images_of.values() for severity in images})
    if not severities:
        raise InputError("there is no damaged image to draw; at least 1 is needed")
    first = next(iter(next(iter(images_of.values())).values()))
    width = 0.62 * len(first) * first.shape[3] / first.shape[2]
    figure = new_figure(max(width * len(severities) + 1.4, 5), 0.72 * len(images_of) + 0.9)
    panels = figure.subplots(len(images_of), len(severities), squeeze=False)
    for severity, ax in zip(severities, panels[0], strict=True):
        ax.set_title(f"severity {severity}" if severity else "clean", fontsize=9.5, color=QUIET)
    for (name, images), line in zip(images_of.items(), panels, strict=True):
        for severity, ax in zip(severities, line, strict=True):
            ax.set_axis_off()
            if severity in images:
                ax.imshow(_strip(images[severity]), interpolation="nearest")
        line[0].text(
            -0.06, 0.5, name, transform=line[0].transAxes, ha="right", va="center", fontsize=9.5,
            color=INK,
        )  # fmt: skip
    headline(figure, title)
    return figure


def _strip(images: Images) -> Images:
    """Images side by side with a white line between, shape (H, k W + k - 1, 3)."""
    shown = np.moveaxis(images, 1, -1)
    if shown.shape[-1] != 3:  # any other number of channels is shown as grey
        shown = np.repeat(shown.mean(axis=-1, keepdims=True), 3, axis=-1)
    line = np.ones_like(shown[0][:, :1])
    pieces = [piece for image in shown for piece in (line, image)][1:]
    return np.concatenate(pieces, axis=1)
