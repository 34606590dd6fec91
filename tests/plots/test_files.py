"""Figures as files of a repository: small, sharp, the same bytes again."""

from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from leastloss.plots import compact_png, render, render_compact


def drawn(lines: int) -> Figure:
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    for i in range(lines):
        axes.plot(np.linspace(0, 1, 200), np.random.default_rng(i).normal(size=200))
    return figure


@pytest.mark.parametrize(("lines", "ending"), [(1, "svg"), (20, "png")])
def test_a_large_svg_becomes_a_png_of_few_colours(lines: int, ending: str) -> None:
    content, kind = render_compact(drawn(lines))
    assert kind == ending
    assert len(content) < 100_000
    assert render_compact(drawn(lines)) == (content, kind)


def test_a_compact_png_is_the_same_picture() -> None:
    png = render(drawn(3))
    small = compact_png(png)
    before, after = Image.open(BytesIO(png)).convert("RGB"), Image.open(BytesIO(small))
    assert (after.mode, after.size) == ("P", before.size)
    away = np.abs(np.asarray(after.convert("RGB"), dtype=int) - np.asarray(before, dtype=int))
    assert away.max() < 40
    assert away.mean() < 1
    assert len(small) < len(png) / 2
