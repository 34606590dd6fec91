"""The recall of each class against sparsity."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from leastloss.errors import InputError
from leastloss.plots import class_heat_map, render


def runs(end: float = 0.9) -> pd.DataFrame:
    """Two methods, two seeds, three steps, classes 0, 1 and 10."""
    rows = []
    for method, lost in (("random", 0.8), ("nc", 0.4)):
        for seed in (0, 1):
            for sparsity in (0.0, 0.5, end):
                recall = 0.9 + 0.1 * seed - lost * sparsity
                row = {"criterion": method, "seed": seed, "sparsity": sparsity}
                rows.append(row | {f"recall_class_{k}": recall - k / 50 for k in (0, 1, 10)})
    return pd.DataFrame(rows)


def panels(figure: Figure) -> dict[str, NDArray[np.float64]]:
    """Title of a panel -> its cells."""
    found = {}
    for ax in figure.axes:
        if ax.get_title(loc="left") and ax.collections:
            found[ax.get_title(loc="left")] = np.asarray(ax.collections[0].get_array())
    return found


def test_a_panel_for_each_method_with_the_mean_of_its_seeds() -> None:
    cells = panels(class_heat_map(runs()))
    assert list(cells) == ["nc", "random"]
    levels = 0.95 - 0.8 * np.array([0.0, 0.5, 0.9])
    assert np.allclose(cells["random"], levels - np.array([[0.0], [1 / 50], [10 / 50]]))


def test_long_titles_stay_over_their_panels() -> None:
    settings = ("recovery=compensate, schedule=one-shot", "recovery=compensate+refit:sweeps=3")
    tables = [
        runs().replace({"nc": f"nc, {told}", "random": f"random, {told}"}) for told in settings
    ]
    figure = class_heat_map(pd.concat([*tables, runs()]))
    figure.draw_without_rendering()
    titled = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert len(titled) == 6
    for ax in titled:
        shown = [one for one in ax.findobj(Text) if one.get_text() == ax.get_title(loc="left")]
        (title,) = shown
        assert title.get_window_extent().x1 <= ax.get_window_extent().x1 + 5
        assert title.get_window_extent().y1 <= figure.bbox.y1


@pytest.mark.parametrize("end", [0.9, 0.99])
def test_labels_of_classes_and_seeds(end: float) -> None:
    counts = [100, 2000, *[5] * 9]
    figure = class_heat_map(runs(end), counts=counts, minority=(10,), title="digits")
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["0  n = 100", "1  n = 2,000", "10 (rare)  n = 5"]
    assert figure.get_suptitle() == "digits\nrecall of each class, mean over 2 seeds"
    low, high = figure.axes[0].get_ylim()
    assert low > high  # class 0 on top, in every panel
    assert render(figure, "svg")


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (runs().iloc[:0], {}, "no rows"),
        (runs().drop(columns="seed"), {}, "unknown column 'seed'"),
        (runs()[["criterion", "seed", "sparsity"]], {}, "no column recall_class_<k>"),
        (runs(), {"counts": [1, 2]}, "2 class counts for class 10"),
    ],
)
def test_bad_tables(table: pd.DataFrame, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        class_heat_map(table, **options)  # type: ignore[arg-type]


def test_rows_are_called_by_the_names_of_the_classes() -> None:
    names = [f"kind {k}" for k in range(11)]
    figure = class_heat_map(runs(), counts=range(11), minority=[1], names=names)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["kind 0  n = 0", "kind 1 (rare)  n = 1", "kind 10  n = 10"]
