"""A study's entry in RESULTS.md: its best number, a short table, and links to the rest."""

from collections.abc import Sequence

import pandas as pd

from leastloss.evaluation import metric_of
from leastloss.report.formats import heading
from leastloss.report.markdown import table_lines
from leastloss.report.numbers import GROUP
from leastloss.report.study_page import name_of
from leastloss.report.tables import capital, cell_of, points_grid

_BEST = 2  # arms at the top of the table
_REFERENCES = 3
_COLUMNS = 3


def index_entry(
    name: str, *, title: str, numbers: pd.DataFrame, against: Sequence[str], page: str, csv: str
) -> str:
    """Write the entry between the markers that :func:`leastloss.report.markdown.place` expects.

    The first metric decides; the best arm is the one with the best mean at the largest sparsity.
    The table holds it, the runner-up, the study's first arm and the references of the same group.

    Args:
        name: The study's section.
        title: Its heading.
        numbers: What :func:`leastloss.report.numbers.means` says of its metrics; the dense network
            may be a method of its own, at 0.
        against: Criteria or arms that the others are compared with.
        page: Path of its page, relative to RESULTS.md.
        csv: Path of its table of numbers, relative to RESULTS.md.
    """
    metric = numbers["quantity"].iloc[0]
    rows = numbers[numbers["quantity"] == metric]
    dense, arms = rows[rows["method"] == "dense"], rows[rows["method"] != "dense"]
    last = arms[arms["at"] == arms["at"].max()]
    ranked = last.sort_values(
        "mean", ascending=metric_of(metric).higher_is_better is False, kind="stable"
    )
    best = ranked.iloc[0]
    alike = (arms[GROUP] == list(best[GROUP])).all(axis=1)
    order = list(ranked.loc[alike[ranked.index], "method"])
    shown = _shown(list(dict.fromkeys(arms.loc[alike, "method"])), order, against)
    chosen = arms[alike & arms["method"].isin(shown)]
    chosen = chosen.sort_values("method", key=lambda names: names.map(order.index), kind="stable")
    chosen = chosen[chosen["at"].isin(sorted(set(chosen["at"]))[-_COLUMNS:])]
    group = name_of(list(best[GROUP]))
    note = f"{capital(heading(metric))}, {group[0].lower()}{group[1:]}"
    lines = [f'<a id="{name}"></a>', "", f"## {title}", "", _sentence(best, arms, dense, metric)]
    lines += ["", f"{note}, n = {best['n']}:", ""]
    lines += table_lines(points_grid(chosen, metric, note))
    lines += ["", f"[All arms, figures and the command]({page}) · [all numbers]({csv})"]
    return f"<!-- begin {name} -->\n" + "\n".join(lines) + f"\n<!-- end {name} -->\n"


def _sentence(best: pd.Series, arms: pd.DataFrame, dense: pd.DataFrame, metric: str) -> str:
    """The best number of the study, and what it is."""
    mean, *ends = cell_of(best.to_dict(), metric).line.partition(" [")
    unit = " %" if metric_of(metric).is_share else ""
    count = len(arms.drop_duplicates([*GROUP, "method"]))
    group_dense = dense[(dense[GROUP] == list(best[GROUP])).all(axis=1)]
    dense_words = (
        f"; dense: {cell_of(group_dense.iloc[0].to_dict(), metric).line}"
        if len(group_dense)
        else ""
    )
    what = f"{metric_of(metric).heading} with {100 * best['at']:g} % of the {best['granularity']}s"
    arm = f"`{best['method']}`, the best of {count} arms{dense_words}"
    return f"**{mean}{unit}**{''.join(ends)} {what} removed: {arm}."


def _shown(names: list[str], ranked: list[str], against: Sequence[str]) -> set[str]:
    """The arms of the table: the best ones, the study's first, and the references."""
    references: list[str] = []
    for wanted in against:
        kin = [name for name in names if name == wanted or name.startswith(f"{wanted}, ")]
        references += kin[:1]
    return {*ranked[:_BEST], names[0], *references[:_REFERENCES]}
