"""Figures of neural collapse: what is drawn, and what is left out."""

import numpy as np
import pandas as pd
import pytest

from leastloss.errors import InputError
from leastloss.geometry import COLLAPSE
from leastloss.plots import METHODS, collapse_columns, collapse_curves, collapse_figure
from leastloss.plots.collapse import COLLAPSE_METRICS, RATIOS


def runs(metrics: tuple[str, ...] = COLLAPSE, seeds: int = 3) -> pd.DataFrame:
    rows = [
        {"criterion": method, "seed": seed, "step": step, "sparsity": sparsity}
        | dict.fromkeys(metrics, 0.1 * (1 + m) + sparsity + seed / 100)
        for m, method in enumerate(("nc", "random"))
        for seed in range(seeds)
        for step, sparsity in enumerate((0.0, 0.5, 0.9))
    ]
    return pd.DataFrame(rows)


def history() -> pd.DataFrame:
    epochs = np.arange(1, 6)
    columns = dict.fromkeys(COLLAPSE, 1.0 / epochs)
    return pd.DataFrame({"epoch": epochs, "val_loss": [5, 3, 1, 2, 4]} | columns)


def test_every_metric_has_a_panel_and_every_method_a_line() -> None:
    assert set(COLLAPSE_METRICS) == set(COLLAPSE)
    figure = collapse_figure(runs(), title="digits")
    assert len(figure.axes) == len(COLLAPSE)
    for metric, ax in zip(COLLAPSE_METRICS, figure.axes, strict=True):
        lines = {line.get_color(): line for line in ax.lines if len(line.get_xdata()) == 3}
        assert set(lines) == {METHODS[name].color for name in ("nc", "random")}
        means = lines[METHODS["random"].color].get_ydata()
        np.testing.assert_allclose(means, [0.21, 0.71, 1.11])
        assert len(ax.collections) == 2  # a band for each method
        assert ax.get_yscale() == ("log" if metric in RATIOS else "linear")
    assert figure.get_suptitle().startswith("digits\nmean and 95 %")


def test_values_that_are_not_finite_and_runs_without_a_metric_are_left_out() -> None:
    table = runs(("nc1", "nc3", "minority_angle"))
    table.loc[(table["criterion"] == "nc") & (table["sparsity"] == 0.9), "nc1"] = np.inf
    table.loc[table["criterion"] == "random", "nc3"] = np.nan
    table["minority_angle"] = np.nan
    assert collapse_columns(table) == ["nc1", "nc3"]
    figure = collapse_figure(table)
    spread, aligned = (ax for ax in figure.axes if ax.get_visible())
    ends = {line.get_color(): line.get_xdata()[-1] for line in spread.lines[:2]}
    assert ends == {METHODS["nc"].color: 0.5, METHODS["random"].color: 0.9}
    assert {line.get_color() for line in aligned.lines[:-1]} == {METHODS["nc"].color}


def test_collapse_in_training_marks_the_epoch_that_was_kept() -> None:
    figure = collapse_curves(history(), title="mlp on digits")
    assert sum(len(ax.lines) - 1 for ax in figure.axes) == len(COLLAPSE)
    for ax in figure.axes:
        assert list(ax.lines[-1].get_xdata()) == [3, 3]
    assert "epoch 3" in figure.get_suptitle()
    few = history()[["epoch", "val_loss", "nc1", "cdnv"]]
    assert [len(ax.lines) for ax in collapse_curves(few).axes] == [3]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [[1e-3, 1e4], [0.3, 0.9], [0.0, 0.5], [0.0, 0.0], [2.0, 2.0]])
def test_axes_of_ratios_have_plain_numbers(values: list[float]) -> None:
    table = runs(("nc1",), seeds=1)
    table["nc1"] = np.resize([values[0], *values], len(table))
    figure = collapse_figure(table)
    figure.draw_without_rendering()
    ax = figure.axes[0]
    low, high = ax.get_ylim()
    shown = [t.get_text() for t in ax.get_yticklabels() if low <= t.get_position()[1] <= high]
    assert len(shown) <= 12
    assert all("$" not in text for text in shown)


def test_bad_tables_are_named() -> None:
    with pytest.raises(InputError, match="no collapse metrics"):
        collapse_figure(runs(()))
    with pytest.raises(InputError, match="'seed'"):
        collapse_figure(runs().drop(columns="seed"))
    with pytest.raises(InputError, match="no rows"):
        collapse_curves(history().iloc[:0])
    with pytest.raises(InputError, match="no collapse metrics"):
        collapse_curves(history()[["epoch", "val_loss"]])
