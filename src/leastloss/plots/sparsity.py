"""The axis of sparsity: even, or finer towards the end where most of it is gone."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from leastloss.plots.style import percent

DEEP = 0.97
"""A path that goes further is drawn by the share that is left, on a logarithmic scale."""

_TICKS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
_LEFT = 1e-6  # a network of so small a share of its weights is as good as none


def sparsity_axis(ax: Axes, end: float) -> None:
    """Scale, ticks and limits of an x axis that ends at the sparsity ``end``."""
    end = max(end, 0.01)
    if end < DEEP:
        percent(ax, "x")
        ax.set_xlim(-0.02 * end, 1.02 * end)
        return
    ax.set_xscale("function", functions=(_depth, _sparsity))
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in _TICKS if tick <= end + 1e-9]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(*_sparsity(_depth(np.array([0.0, end])) + _depth(np.array([end])) * [-0.02, 0.02]))
    ax.set_xlabel("sparsity (% removed)")


def _depth(sparsity: NDArray[np.float64]) -> NDArray[np.float64]:
    return -np.log10(np.maximum(1.0 - sparsity, _LEFT))


def _sparsity(depth: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 - 10.0**-depth)
