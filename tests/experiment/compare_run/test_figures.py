"""The figures of a page: which methods they hold, and their alternative texts."""

import pytest
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from tests.report.pages import steps

from leastloss.experiment.compare_run.figures import (
    MOST,
    by_eights,
    laid_out,
    lead_panels,
    page_figures,
)
from leastloss.plots import curve_panel, looks

MANY = tuple(f"m{i}" for i in range(11))


def test_eight_methods_are_one_figure() -> None:
    assert by_eights(MANY[:8]) == [list(MANY[:8])]


@pytest.mark.parametrize("fixed", [(), ("m0",), ("m0", "m5"), MANY])
def test_more_are_shared_out_and_the_fixed_are_in_each(fixed: tuple[str, ...]) -> None:
    groups = by_eights(MANY, fixed)
    everywhere = set(fixed[: MOST // 2])
    assert all(len(group) <= MOST and everywhere <= set(group) for group in groups)
    others = [name for group in groups for name in group if name not in everywhere]
    assert sorted([*others, *everywhere]) == sorted(MANY)


def test_a_figure_for_each_section_that_has_its_columns() -> None:
    table = steps(2, ("nc", "random", "magnitude"))
    figures = page_figures(table, ["accuracy", "minority_recall"], title="t")
    assert list(figures) == ["lead", "curves", "classes", "collapse", "length"]
    (curves,) = figures["curves"]
    assert curves.caption == "Accuracy, minority recall against sparsity, on the test data."
    assert "accuracy at the last step (up to 95 % removed): " in curves.alt
    assert "nc 81.3" in curves.alt
    bare = table[["criterion", "seed", "step", "sparsity", "accuracy"]]
    assert list(page_figures(bare, ["accuracy"], title="t")) == ["lead", "curves"]


def test_figures_of_many_methods_are_numbered() -> None:
    table = steps(1, MANY)[["criterion", "seed", "step", "sparsity", "accuracy"]]
    captions = [drawn.caption for drawn in page_figures(table, ["accuracy"], title="t")["curves"]]
    assert [caption.rpartition(" (")[2] for caption in captions] == ["1 of 2)", "2 of 2)"]


def test_a_method_has_one_colour_on_the_whole_page() -> None:
    names = [f"method {i}" for i in range(20)]  # more than the palette has colours of its own
    table = steps(1, names)[["criterion", "seed", "step", "sparsity", "accuracy"]]
    styles = looks(names)
    figures = page_figures(table, ["accuracy"], title="t", fixed=names[3:5])
    assert len(figures["curves"]) == 3
    for drawn in figures["curves"]:
        (legend,) = drawn.figure.legends
        shown = zip(legend.texts, legend.legend_handles, strict=True)
        assert all(styles[text.get_text()].color == line.get_color() for text, line in shown)
    first = {line.get_color() for line in figures["lead"][0].figure.axes[0].lines}
    assert {styles[name].color for name in names[:MOST]} <= first


def test_the_first_panels_speak_of_methods_that_were_asked_for() -> None:
    (panel,) = lead_panels(steps(1, ("nc", "random@nc", "small-dense")), ["accuracy"])
    assert "nc " in panel.alt
    assert "random@nc" not in panel.alt


def test_a_layout_without_drawing_is_that_of_a_drawn_figure() -> None:
    table = steps(2, ("nc", "random", "magnitude"))
    drawn, placed = curve_panel(table, "accuracy"), curve_panel(table, "accuracy")
    drawn.draw_without_rendering()
    before = placed.axes[0].get_position().bounds
    laid_out(placed, "", "")
    assert placed.axes[0].get_position().bounds == drawn.axes[0].get_position().bounds != before
    assert isinstance(placed.get_layout_engine(), PlaceHolderLayoutEngine)
