"""The critical-difference diagram."""

import pandas as pd

from leastloss.plots import ranks_figure, render


def test_a_bar_joins_what_is_not_told_apart() -> None:
    ranks = {"nc": 1.0, "magnitude": 2.0, "random": 3.0}
    p = pd.DataFrame(0.01, list(ranks), list(ranks))
    p.loc["nc", "magnitude"] = p.loc["magnitude", "nc"] = 0.5
    figure = ranks_figure(ranks, p.iloc[::-1], title="T")
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.texts] == [
        "nc (1.0)",
        "magnitude (2.0)",
        "(3.0) random",
    ]
    level = [line for line in ax.lines if len({*line.get_ydata()}) == 1]
    (bar,) = [sorted(line.get_xdata()) for line in level]
    assert bar == [1.0, 2.0]
    assert render(figure, "svg") == render(ranks_figure(ranks, p, title="T"), "svg")
