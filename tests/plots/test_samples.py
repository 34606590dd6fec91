"""Corrupted images side by side."""

import numpy as np
from tests.plots.noises import texts

from leastloss.plots import corruption_samples


def test_damaged_samples_are_drawn_side_by_side():
    images = {0: np.zeros((3, 1, 8, 8)), 2: np.ones((3, 1, 8, 8)), 5: np.ones((3, 1, 8, 8))}
    figure = corruption_samples({"shot": images, "rotation": {0: images[0], 2: images[2]}})
    assert len(figure.axes) == 6
    assert [ax.get_title() for ax in figure.axes[:3]] == ["clean", "severity 2", "severity 5"]
    assert [texts(ax) for ax in figure.axes[::3]] == [["shot"], ["rotation"]]
    assert [len(ax.images) for ax in figure.axes] == [1, 1, 1, 1, 1, 0]
    shown = figure.axes[0].images[0].get_array()
    assert shown.shape == (8, 3 * 8 + 2, 3)
    assert (shown[:, [8, 17]] == 1).all()
    colours = corruption_samples({"shot": {0: np.full((1, 3, 4, 5), 0.25)}})
    assert colours.axes[0].images[0].get_array().shape == (4, 5, 3)
