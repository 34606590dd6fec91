"""Sheets of images."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from tests.plots.noises import texts

from leastloss.errors import InputError
from leastloss.plots import contact_sheet, corruption_samples, render


def broken(n: int) -> pd.DataFrame:
    """Samples that break one after the other, of class 1 every third."""
    label = [int(i % 3 == 0) for i in range(n)]
    columns = {"sample": range(n), "label": label, "predicted": 2, "step": range(n)}
    return pd.DataFrame(columns).assign(sparsity=lambda t: 0.1 + t["step"] / 100)


def captions(figure: Figure) -> list[list[str]]:
    return [[text.get_text() for text in ax.texts] for ax in figure.axes]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_first_to_break_and_the_first_of_the_rare(channels: int) -> None:
    images = np.random.default_rng(0).random((40, channels, 4, 4)).astype(np.float32)
    figure = contact_sheet(broken(40), images, minority=(1,), rows=1)
    first, rare = captions(figure)
    assert first[:4] == ["1 read as 2", "from 10 %", "0 read as 2", "from 11 %"]
    assert rare[:4] == ["1 read as 2", "from 10 %", "1 read as 2", "from 13 %"]
    assert len(first) == len(rare) == 2 * 10
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["first to break, of 40 that do", "first of the rare classes (1), of 14"]
    drawn = np.asarray(figure.axes[1].images[1].get_array())
    assert np.array_equal(drawn.reshape(4, 4, -1), images[3].transpose(1, 2, 0))


def test_nothing_breaks() -> None:
    figure = contact_sheet(broken(0), np.zeros((5, 1, 4, 4), dtype=np.float32), minority=(1,))
    assert captions(figure) == [["none"], ["none"]]
    assert render(figure)


def test_bad_sheets() -> None:
    images = np.zeros((40, 1, 4, 4), dtype=np.float32)
    with pytest.raises(InputError, match="unknown column 'label'"):
        contact_sheet(broken(3).drop(columns="label"), images)
    with pytest.raises(InputError, match="images of shape"):
        contact_sheet(broken(3), images[:, 0])
    with pytest.raises(InputError, match="0 rows of images"):
        contact_sheet(broken(3), images, rows=0)


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


def test_images_are_called_by_the_names_of_their_classes() -> None:
    images = np.zeros((40, 1, 4, 4), dtype=np.float32)
    names = ["aeroplane", "cat", "dog"]
    figure = contact_sheet(broken(4), images, minority=(1,), names=names, rows=1)
    assert captions(figure)[0][:3:2] == ["cat read as dog", "aeropl… read as dog"]
    assert figure.axes[1].get_title(loc="left") == "first of the rare classes (cat), of 2"
