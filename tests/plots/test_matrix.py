"""Networks and corruptions as a matrix."""

import numpy as np
from tests.plots.noises import noise_table, texts

from leastloss.evaluation import corruption_errors
from leastloss.plots import robustness_matrix


def test_the_matrix_has_a_cell_per_network_and_noise_and_a_mean_over_images():
    table = noise_table()
    table.loc[table["corruption"] == "shot", "corruption"] = "weight-noise"
    (ax,) = robustness_matrix(table).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["nc", "dense"]
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        *("clean", "gaussian", "weight-noise", "mean")
    ]
    assert texts(ax) == ["90", "70", "70", "70"] * 2


def test_the_matrix_crosses_out_what_failed_and_means_over_it():
    table = noise_table()
    broken = (table["model"] == "nc") & (table["corruption"] == "shot") & (table["severity"] == 3)
    table.loc[broken, "accuracy"] = np.nan
    (ax,) = robustness_matrix(table).axes
    assert texts(ax) == ["90", "70", "90", "70", "70", "70"]
    assert [(patch.get_x(), patch.get_y()) for patch in ax.patches] == [(2, 0), (3, 0)]
    assert "crossed out" in ax.figure.get_suptitle()


def test_the_matrix_of_corruption_errors_turns_at_one():
    (ax,) = robustness_matrix(corruption_errors(noise_table()), "corruption_error").axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["gaussian", "shot", "mCE"]
    assert texts(ax) == ["1.00"] * 6
    assert ax.collections[0].norm.vcenter == 1
