"""The figures of a page: at most eight methods each, with alternative texts."""

from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.figure import Figure

from leastloss.evaluation import check_table, metric_of
from leastloss.plots import (
    class_heat_map,
    collapse_columns,
    collapse_figure,
    compare_figure,
    curve_panel,
    lengths_figure,
    looks,
)
from leastloss.report import LENGTHS, Drawn, number, percent

MOST = 8
"""Most curves of one figure: more cannot be told apart."""

_COLLAPSE = (
    "Neural collapse of the last features, on training data (classes count evenly). 0 is full "
    "collapse, for all but the minority angle: there 1 means that the classifier no longer tells "
    "the rare classes apart. Under imbalance training tends to SELI, not to the simplex."
)


def by_eights(methods: Sequence[str], fixed: Sequence[str] = ()) -> list[list[str]]:
    """Distribute methods over figures of at most eight; the ``fixed`` ones appear in each.

    Example:
        >>> [len(group) for group in by_eights([str(i) for i in range(12)], ["0"])]
        [8, 5]
    """
    if len(methods) <= MOST:
        return [list(methods)]
    everywhere = [name for name in methods if name in fixed][: MOST // 2]
    others = [name for name in methods if name not in everywhere]
    size = MOST - len(everywhere)
    return [[*others[i : i + size], *everywhere] for i in range(0, len(others), size)]


def page_figures(
    table: pd.DataFrame,
    metrics: Sequence[str],
    *,
    title: str,
    fixed: Sequence[str] = (),
    class_names: Sequence[str] = (),
) -> dict[str, list[Drawn]]:
    """Draw all figures of the page: anchor of its section -> figures."""
    check_table(table, metrics)
    methods = list(dict.fromkeys(table["criterion"]))
    groups = by_eights(methods, fixed)
    # Each part of the table knows all methods of the page: a method looks alike in all figures.
    table = table.assign(criterion=pd.Categorical(table["criterion"], methods))
    figures: dict[str, list[Drawn]] = {"lead": lead_panels(table, metrics)}

    def draw(anchor: str, caption: str, what: str, make: Callable[[pd.DataFrame], Figure]) -> None:
        for number_, names in enumerate(groups, 1):
            part = table[table["criterion"].isin(names)]
            of = f" ({number_} of {len(groups)})" if groups[1:] else ""
            alt = f"{caption} {_ends(part, what)}"
            figures.setdefault(anchor, []).append(laid_out(make(part), caption + of, alt))

    shown = ", ".join(metric_of(metric).heading for metric in metrics)
    curves = f"{shown[0].upper()}{shown[1:]} against sparsity, on the test data."
    draw("curves", curves, metrics[0], lambda part: compare_figure(part, metrics, title=title))
    if any(str(column).startswith("recall_class_") for column in table.columns):
        heat = "Recall of each class (rows) against sparsity, method by method; dark is lost."
        draw(
            "classes",
            heat,
            "worst_class_recall",
            lambda part: class_heat_map(part, names=class_names, title=title),
        )
    if columns := collapse_columns(table):  # older runs have none
        draw("collapse", _COLLAPSE, columns[0], lambda part: collapse_figure(part, title=title))
    lengths = [n for n in LENGTHS if n in table.columns and table[n].notna().all()]
    if lengths and "accuracy" in table.columns:
        caption_of_lengths = (
            "Accuracy against description lengths, as shares of the dense network's."
        )
        draw(
            "length",
            caption_of_lengths,
            "accuracy",
            lambda part: lengths_figure(part, lengths, title=title),
        )
    return figures


def lead_panels(table: pd.DataFrame, metrics: Sequence[str]) -> list[Drawn]:
    """Draw the first figures of the page: a panel per metric, few enough methods to tell apart."""
    styles = looks(table["criterion"])
    controls = [name for name, look in styles.items() if look.control]
    asked = [name for name in dict.fromkeys(table["criterion"]) if name not in controls][:MOST]
    part = table[table["criterion"].isin([*asked, *controls])]
    words = table[table["criterion"].isin(asked or controls)]
    panels = []
    for metric in metrics[:3]:
        caption = f"{metric_of(metric).heading} against sparsity"
        alt = f"{caption}. {_ends(words, metric)}"
        panels.append(laid_out(curve_panel(part, metric), caption, alt))
    return panels


def laid_out(figure: Figure, caption: str, alt: str) -> Drawn:
    """Lay a figure out once, for all its files."""
    if engine := figure.get_layout_engine():
        engine.execute(figure)
    figure.set_layout_engine("none")
    return Drawn(figure=figure, caption=caption, alt=alt)


def _ends(part: pd.DataFrame, metric: str) -> str:
    """The right end of the curves in words, for the alternative text."""
    last = part.loc[part.groupby(["criterion", "seed"], observed=True)["sparsity"].idxmax()]
    at = percent(float(last["sparsity"].max()))
    mean = last.groupby("criterion", sort=False, observed=True)[metric].mean()
    values = ", ".join(f"{name} {number(float(value), metric)}" for name, value in mean.items())
    return f"{metric_of(metric).heading} at the last step (up to {at} removed): {values}."
