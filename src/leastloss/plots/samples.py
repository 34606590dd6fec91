"""Damaged samples to look at: a row per corruption, a column per severity."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from leastloss.errors import InputError
from leastloss.plots.style import INK, QUIET, headline, new_figure

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
