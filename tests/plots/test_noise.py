"""Metrics against severity."""

import numpy as np
import pandas as pd
import pytest
from tests.plots.noises import noise_table

from leastloss.errors import InputError
from leastloss.plots import corruption_samples, looks, robustness_figure, robustness_matrix


def test_robustness_has_a_panel_per_metric_and_noise_that_starts_clean():
    figure = robustness_figure(noise_table())
    assert len(figure.axes) == 4
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == ["gaussian", "shot"]
    for ax in figure.axes:
        assert len(ax.lines) == 2
        assert list(ax.lines[0].get_xdata()) == [0, 1, 3]
    assert np.allclose(figure.axes[0].lines[0].get_ydata(), [0.9, 0.8, 0.6])
    alone = noise_table().query("model == 'nc'").drop(columns="model")
    assert [len(ax.lines) for ax in robustness_figure(alone).axes] == [1] * 4


def many_noises(count=13):
    rows = [
        {"model": model, "corruption": f"noise {i}", "severity": severity, "accuracy": 0.5}
        | {"minority_recall": 0.4, "failed": ""}
        for model in ("dense", "nc")
        for i in range(count)
        for severity in range(1, 6)
    ]
    clean = [row | {"corruption": "clean", "severity": 0} for row in rows[:: 5 * count]]
    return pd.DataFrame(clean + rows)


@pytest.mark.parametrize(
    ("count", "shape"), [(1, (1, 1)), (5, (1, 5)), (6, (2, 3)), (12, (3, 4)), (13, (3, 5))]
)
def test_many_noises_stay_readable_in_rows_of_five(count, shape):
    figure = robustness_figure(many_noises(count), ["accuracy"])
    seen = [ax for ax in figure.axes if ax.get_visible()]
    assert len(seen) == count
    assert figure.axes[0].get_gridspec().get_geometry() == shape
    assert [ax.get_title(loc="left") for ax in seen] == [f"noise {i}" for i in range(count)]
    assert min(figure.get_size_inches() / shape[::-1]) > 2
    # Severities stand under the last panel of each column, the metric beside the first of a row.
    assert sum(bool(ax.get_xlabel()) for ax in seen) == shape[1]
    assert sum(bool(ax.get_ylabel()) for ax in seen) == shape[0]


def test_several_metrics_of_many_noises_follow_one_another():
    figure = robustness_figure(many_noises(6))
    assert [ax.get_ylabel() for ax in figure.axes[::3]] == [
        *("accuracy", "accuracy", "minority recall", "minority recall")
    ]


def test_a_failed_network_leaves_a_gap_and_a_cross():
    table = noise_table().assign(failed="")
    broken = (table["model"] == "nc") & (table["corruption"] == "shot") & (table["severity"] == 3)
    table.loc[broken, ["accuracy", "minority_recall"]] = np.nan
    table.loc[broken, "failed"] = "3 of 9 logits are NaN or infinite"
    gaussian, shot = robustness_figure(table, ["accuracy"]).axes
    assert len(gaussian.lines) == 2
    cross = shot.lines[-1]
    assert (cross.get_marker(), list(cross.get_xdata())) == ("x", [3])
    assert cross.get_color() == looks(["nc"])["nc"].color


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: robustness_figure(noise_table().query("severity == 0")), "no corruption"),
        (lambda: robustness_matrix(noise_table().query("severity == 0")), "no corruption"),
        (lambda: robustness_matrix(noise_table(), "acuracy"), "did you mean 'accuracy'"),
        (lambda: corruption_samples({}), "no damaged image"),
    ],
)
def test_bad_tables(draw, message):
    with pytest.raises(InputError, match=message):
        draw()
