"""Matrices as heat maps."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.plots.noises import noise_table, texts

from leastloss.errors import InputError
from leastloss.evaluation import corruption_errors
from leastloss.plots import confusion_figure, robustness_matrix

DENSE = np.array([[4, 0, 0], [0, 3, 1], [0, 0, 0]])


PRUNED = np.array([[1, 3, 0], [0, 4, 0], [0, 0, 0]])


def test_confusions_are_shares_of_the_true_class() -> None:
    figure = confusion_figure({"dense": DENSE, "90 % removed": PRUNED}, minority=(2,))
    left, right = figure.axes
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["dense", "90 % removed"]
    assert np.asarray(left.images[0].get_array()).tolist() == [[1, 0, 0], [0, 0.75, 0.25], [0] * 3]
    written = {(text.get_position(), text.get_text()) for text in right.texts}
    assert written == {((0, 0), "25"), ((1, 0), "75"), ((1, 1), "100")}
    assert [label.get_text() for label in left.get_yticklabels()] == ["0", "1", "2 (rare)"]


def test_a_small_share_is_not_written_as_none() -> None:
    (ax,) = confusion_figure({"one": np.array([[999, 1], [0, 5]])}).axes
    assert {text.get_text() for text in ax.texts} == {"100", "<1"}


def test_many_classes_have_no_numbers() -> None:
    (ax,) = confusion_figure({"many": np.eye(30, dtype=np.int64)}).axes
    assert not ax.texts


@pytest.mark.parametrize(
    "matrices", [{}, {"a": DENSE[:2]}, {"a": DENSE, "b": DENSE[:2, :2]}, {"a": DENSE[0]}]
)
def test_bad_matrices(matrices: dict[str, NDArray[np.int64]]) -> None:
    with pytest.raises(InputError, match=r"all must be \(classes, classes\)"):
        confusion_figure(matrices)


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


def test_classes_are_called_by_their_names() -> None:
    names = ["a $\\frac{$ b", "<b>", "a very long name of a class"]
    figure = confusion_figure({"one": DENSE}, minority=(2,), names=names, title="5 $ {x")
    figure.draw_without_rendering()  # a dollar is no formula
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["a \\$\\frac{\\$ b", "<b>", "a very long name of… (rare)"]
    with pytest.raises(InputError, match="2 class names for class 2"):
        confusion_figure({"one": DENSE}, names=names[:2])
