"""Metrics against sparsity."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from tests.plots.paths import SPARSITIES, lines, runs

from leastloss.plots import (
    METHODS,
    compare_figure,
    curve_panel,
    curves,
)


def texts(figure):
    return figure.get_suptitle()


def test_a_line_per_method_with_the_mean_of_its_seeds():
    (ax,) = curves(runs(), "accuracy").axes
    drawn = lines(ax)
    assert set(drawn) == {METHODS[name].color.lower() for name in ("nc", "random")}
    nc = drawn[METHODS["nc"].color.lower()]
    assert np.allclose(nc.get_xdata(), SPARSITIES)
    assert np.allclose(nc.get_ydata(), [0.92 - 0.2 * p for p in SPARSITIES])


def test_bands_only_where_there_are_several_seeds():
    (several,) = curves(runs()).axes
    (one,) = curves(runs(seeds=[7])).axes
    assert (len(several.collections), len(one.collections)) == (2, 0)
    band = several.collections[0].get_paths()[0].vertices[:, 1]
    assert 0.9 - 0.2 * 0.9 - 1e-9 < band.min() < 0.92 - 0.2 * 0.9
    assert "3 seeds" in texts(curves(runs()))
    assert "one seed: no interval" in texts(curves(runs(seeds=[7])))


def test_dense_and_chance_levels():
    (ax,) = curves(runs()).axes
    levels = {line.get_label(): line.get_ydata()[0] for line in ax.lines}
    assert levels["dense"] == pytest.approx(0.92)
    assert levels["chance"] == 1 / 4
    (ax,) = curves(runs(), dense=0.5, classes=10).axes
    levels = {line.get_label(): line.get_ydata()[0] for line in ax.lines}
    assert (levels["dense"], levels["chance"]) == (0.5, 0.1)


def test_shares_have_percent_axes_and_other_metrics_their_own():
    figure = compare_figure(runs(), ("accuracy", "loss"))
    share, loss = figure.axes
    assert share.get_ylim() == (-0.02, 1.02)
    assert share.yaxis.get_major_formatter()(0.4) == "40 %"
    assert share.xaxis.get_major_formatter()(0.4) == "40 %"
    assert loss.get_ylim()[1] > 2
    assert "%" not in loss.yaxis.get_major_formatter()(0.4)


def test_comparison_has_a_panel_per_metric_and_one_legend():
    figure = compare_figure(runs(), title="digits · binary MLP")
    names = [ax.get_title(loc="left") for ax in figure.axes]
    assert names == ["accuracy", "minority recall", "worst-class recall"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["nc", "random"]
    assert texts(figure).startswith("digits · binary MLP\n")


@pytest.mark.parametrize(("metrics", "frames"), [(2, 2), (4, 4), (5, 6)])
def test_no_empty_frame_is_seen(metrics, frames):
    names = ["accuracy", "minority_recall", "worst_class_recall", "recall_class_1", "loss"]
    figure = compare_figure(runs(), names[:metrics])
    seen = [ax.get_visible() for ax in figure.axes]
    assert seen == [True] * metrics + [False] * (frames - metrics)


def render(name):
    buffer = BytesIO()
    curves(runs(methods=[name, "random"])).savefig(buffer, format="png")
    return buffer.getvalue()


def test_drawing_leaves_global_state_alone_and_works_in_threads():
    before = {name: value for name, value in mpl.rcParams.items() if name != "backend"}
    with ThreadPoolExecutor(4) as pool:
        threads = list(pool.map(render, ["nc", "magnitude"] * 3))
    assert threads == [render("nc"), render("magnitude")] * 3
    assert {name: mpl.rcParams[name] for name in before} == before
    assert plt.get_fignums() == []


def test_a_panel_draws_controls_without_markers():
    (ax,) = curve_panel(runs(methods=("nc", "random@nc")), "accuracy").axes
    markers = {to_hex(line.get_color()).lower(): line.get_marker() for line in lines(ax).values()}
    assert markers.pop(METHODS["nc"].color.lower()) == "o"
    assert list(markers.values()) == [""]
    assert len(ax.collections) == 1
