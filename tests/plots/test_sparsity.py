import numpy as np
import pytest
from matplotlib.figure import Figure

from leastloss.plots.sparsity import DEEP, sparsity_axis


def axis(end):
    ax = Figure().subplots()
    ax.plot([0.0, end], [1.0, 0.0])
    sparsity_axis(ax, end)
    return ax


def test_moderate_sparsities_are_even_and_in_percent():
    ax = axis(0.9)
    assert ax.get_xscale() == "linear"
    assert ax.get_xlim() == pytest.approx((-0.018, 0.918))
    assert ax.xaxis.get_major_formatter()(0.5) == "50 %"


@pytest.mark.parametrize("end", [DEEP, 0.995, 0.9999])
def test_deep_sparsities_go_by_what_is_left(end):
    ax = axis(end)
    places = ax.transScale.transform([[share, 0.0] for share in (0.0, 0.9, 0.99)])[:, 0]
    assert np.diff(places) == pytest.approx([1.0, 1.0])  # as far for each tenth that is left
    low, high = ax.get_xlim()
    assert low < 0.0
    assert end < high < 1.0
    ticks = ax.get_xticks()
    assert (ticks <= end + 1e-9).all()
    assert ticks[-1] >= 0.95
    assert ax.xaxis.get_major_formatter()(0.995) == "99.5"


def test_nothing_left_has_a_place_too():
    assert np.isfinite(axis(1.0).get_xlim()).all()
