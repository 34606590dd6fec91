"""The look of each method."""

import pytest
from tests.plots.paths import runs

from leastloss.plots import (
    METHODS,
    curves,
    looks,
)


def test_a_method_looks_the_same_in_every_figure():
    few, many = looks(["mine", "nc"]), looks(["yours", "theirs", "mine", "nc", "magnitude"])
    assert few["mine"] == many["mine"]
    assert few["nc"] == many["nc"] == METHODS["nc"]
    assert len(set(many.values())) == 5
    colors = [look.color for look in looks([f"method {i}" for i in range(25)]).values()]
    assert len(set(colors)) == 25
    assert len(looks([f"method {i}" for i in range(60)])) == 60


def test_controls_are_grey_dashed_and_last():
    controls = [f"{kind}@{of}" for of in ("nc", "mils-bdm") for kind in ("random", "shuffled")]
    found = looks([*controls, "small-dense", "random", "mine", "nc, steps=4"])
    assert set(list(found)[:3]) == {"random", "mine", "nc, steps=4"}
    assert found["nc, steps=4"] == METHODS["nc"]
    grey = [look for look in found.values() if look.control]
    assert len(set(grey)) == len(grey) == 5
    assert all(look.dashes for look in grey)
    parts = [[int(look.color[i : i + 2], 16) for i in (1, 3, 5)] for look in grey]
    assert all(max(part) - min(part) < 25 for part in parts)


@pytest.mark.parametrize("length", [4, 14, 35])
def test_the_legend_stays_inside_the_figure(length):
    figure = curves(runs([f"{i}".rjust(length, "m") for i in range(7)], seeds=[0]))
    figure.draw_without_rendering()
    assert figure.legends[0].get_window_extent().x1 <= figure.bbox.x1
    assert figure.axes[0].get_window_extent().height > 100
