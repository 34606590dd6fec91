from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from leastloss.errors import InputError
from leastloss.plots import (
    METHODS,
    child_curves,
    compare_figure,
    curve_panel,
    curves,
    looks,
    training_curves,
)

SPARSITIES = (0.0, 0.3, 0.6, 0.9)


def runs(methods=("nc", "random"), seeds=(0, 1, 2)):
    rows = []
    for m, method in enumerate(methods):
        for seed in seeds:
            for step, sparsity in enumerate(SPARSITIES):
                level = 0.9 + 0.02 * seed - sparsity * (0.2 + 0.1 * m)
                row = {"criterion": method, "seed": seed, "step": step, "sparsity": sparsity}
                row |= {"accuracy": level, "minority_recall": level - 0.2}
                row |= {"worst_class_recall": level - 0.3, "loss": 3 - level}
                rows.append(row | {f"recall_class_{k}": level - k / 10 for k in range(4)})
    return pd.DataFrame(rows)


def lines(ax):
    """The lines of an axes by their colour, without reference levels."""
    found = [line for line in ax.lines if len(line.get_xdata()) == len(SPARSITIES)]
    return {to_hex(line.get_color()).lower(): line for line in found}


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


@pytest.mark.parametrize("length", [4, 14, 35])
def test_the_legend_stays_inside_the_figure(length):
    figure = curves(runs([f"{i}".rjust(length, "m") for i in range(7)], seeds=[0]))
    figure.draw_without_rendering()
    assert figure.legends[0].get_window_extent().x1 <= figure.bbox.x1
    assert figure.axes[0].get_window_extent().height > 100


@pytest.mark.parametrize(("metrics", "frames"), [(2, 2), (4, 4), (5, 6)])
def test_no_empty_frame_is_seen(metrics, frames):
    names = ["accuracy", "minority_recall", "worst_class_recall", "recall_class_1", "loss"]
    figure = compare_figure(runs(), names[:metrics])
    seen = [ax.get_visible() for ax in figure.axes]
    assert seen == [True] * metrics + [False] * (frames - metrics)


def test_a_method_looks_the_same_in_every_figure():
    few, many = looks(["mine", "nc"]), looks(["yours", "theirs", "mine", "nc", "magnitude"])
    assert few["mine"] == many["mine"]
    assert few["nc"] == many["nc"] == METHODS["nc"]
    assert len(set(many.values())) == 5
    colors = [look.color for look in looks([f"method {i}" for i in range(25)]).values()]
    assert len(set(colors)) == 25
    assert len(looks([f"method {i}" for i in range(60)])) == 60


def test_one_run_shows_summary_lines_and_a_heat_map():
    run = runs(["nc"], [0])
    figure = child_curves(run, title="nc · seed 0", minority=(3,))
    summary, heat, bar = figure.axes
    drawn = {line.get_label(): line.get_ydata() for line in summary.lines}
    assert set(drawn) == {"accuracy", "minority recall", "worst-class recall"}
    assert np.allclose(drawn["accuracy"], run["accuracy"])
    cells = heat.collections[0].get_array()
    assert np.allclose(cells, run[[f"recall_class_{k}" for k in range(4)]].T)
    assert [label.get_text() for label in heat.get_yticklabels()] == ["0", "1", "2", "3 (rare)"]
    assert heat.yaxis_inverted()  # class 0 on top
    assert bar.get_ylim() == (0, 1)
    # The description of a run in the MLflow UI cuts what is wider, in a window of 1280 pixels.
    assert figure.bbox.width <= 700
    assert summary.get_position().y0 > heat.get_position().y1


@pytest.mark.parametrize("steps", [1, 2])
def test_one_run_of_few_steps(steps):
    figure = child_curves(runs(["nc"], [0]).iloc[:steps])
    assert figure.axes[1].collections[0].get_array().shape == (4, steps)


def test_training_marks_the_epoch_whose_weights_were_kept():
    history = pd.DataFrame(
        {
            "epoch": [1, 2, 3, 4],
            "train_loss": [2.0, 1.0, 0.5, 0.3],
            "val_loss": [2.1, 1.2, 0.9, 1.1],
            "val_accuracy": [0.2, 0.6, 0.8, 0.7],
        }
    )
    losses, accuracy = training_curves(history).axes
    assert np.allclose(losses.lines[1].get_ydata(), history["val_loss"])
    assert list(losses.lines[-1].get_xdata()) == [3, 3]
    assert accuracy.get_ylim() == (-0.02, 1.02)
    assert "epoch 3" in accuracy.texts[0].get_text()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: curves(runs().iloc[:0]), "no rows"),
        (lambda: curves(runs(), "acuracy"), "did you mean 'accuracy'"),
        (lambda: child_curves(runs().iloc[:0]), "no rows"),
        (lambda: child_curves(runs()[["sparsity", "loss"]]), "none of accuracy"),
        (lambda: training_curves(pd.DataFrame()), "no rows"),
    ],
)
def test_bad_tables(draw, message):
    with pytest.raises(InputError, match=message):
        draw()


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


def test_a_panel_draws_controls_without_markers():
    (ax,) = curve_panel(runs(methods=("nc", "random@nc")), "accuracy").axes
    markers = {to_hex(line.get_color()).lower(): line.get_marker() for line in lines(ax).values()}
    assert markers.pop(METHODS["nc"].color.lower()) == "o"
    assert list(markers.values()) == [""]
    assert len(ax.collections) == 1
