"""One run by itself."""

import numpy as np
import pandas as pd
import pytest
from tests.plots.paths import runs

from leastloss.errors import InputError
from leastloss.plots import (
    child_curves,
    curves,
    training_curves,
)


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


def test_classes_are_called_by_their_names() -> None:
    table = pd.DataFrame({"sparsity": [0, 0.5], "accuracy": [1.0, 0.5], "recall_class_1": [1, 0]})
    figure = child_curves(table, minority=[1], names=["no", "yes"])
    texts = [label.get_text() for ax in figure.axes for label in ax.get_yticklabels()]
    assert "yes (rare)" in texts
