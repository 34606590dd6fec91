"""What pruning does to classes, drawn: recalls, confusions, broken samples."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from leastloss.errors import InputError
from leastloss.plots import class_heat_map, confusion_figure, contact_sheet, render

DENSE = np.array([[4, 0, 0], [0, 3, 1], [0, 0, 0]])
PRUNED = np.array([[1, 3, 0], [0, 4, 0], [0, 0, 0]])


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


def broken(n: int) -> pd.DataFrame:
    """Samples that break one after the other, of class 1 every third."""
    label = [int(i % 3 == 0) for i in range(n)]
    columns = {"sample": range(n), "label": label, "predicted": 2, "step": range(n)}
    return pd.DataFrame(columns).assign(sparsity=lambda t: 0.1 + t["step"] / 100)


def captions(figure: Figure) -> list[list[str]]:
    return [[text.get_text() for text in ax.texts] for ax in figure.axes]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_first_to_break_and_the_first_of_the_rare(channels: int) -> None:
    images = np.random.default_rng(0).random((40, channels, 4, 4)).astype(np.float32)
    figure = contact_sheet(broken(40), images, minority=(1,), rows=1)
    first, rare = captions(figure)
    assert first[:4] == ["1 read as 2", "from 10 %", "0 read as 2", "from 11 %"]
    assert rare[:4] == ["1 read as 2", "from 10 %", "1 read as 2", "from 13 %"]
    assert len(first) == len(rare) == 2 * 10
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["first to break, of 40 that do", "first of the rare classes (1), of 14"]
    drawn = np.asarray(figure.axes[1].images[1].get_array())
    assert np.array_equal(drawn.reshape(4, 4, -1), images[3].transpose(1, 2, 0))


def test_nothing_breaks() -> None:
    figure = contact_sheet(broken(0), np.zeros((5, 1, 4, 4), dtype=np.float32), minority=(1,))
    assert captions(figure) == [["none"], ["none"]]
    assert render(figure)


def test_bad_sheets() -> None:
    images = np.zeros((40, 1, 4, 4), dtype=np.float32)
    with pytest.raises(InputError, match="unknown column 'label'"):
        contact_sheet(broken(3).drop(columns="label"), images)
    with pytest.raises(InputError, match="images of shape"):
        contact_sheet(broken(3), images[:, 0])
    with pytest.raises(InputError, match="0 rows of images"):
        contact_sheet(broken(3), images, rows=0)
