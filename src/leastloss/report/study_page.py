"""The page of a study in Markdown, from finished numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import pandas as pd

from leastloss.evaluation import LEVEL, metric_of
from leastloss.report.formats import WHOLE, heading
from leastloss.report.markdown import markdown
from leastloss.report.numbers import GROUP
from leastloss.report.observations import RANKS
from leastloss.report.sections import Block, Cell, Facts, Grid, Image, Section, Sentences
from leastloss.report.tables import capital, cell_of, points_grid


def study_page(
    *,
    title: str,
    question: str,
    facts: Mapping[str, str],
    means: pd.DataFrame,
    differences: pd.DataFrame,
    free: pd.DataFrame,
    shorter: pd.DataFrame,
    spread: pd.DataFrame,
    images: Mapping[tuple[str, str], Sequence[str]],
    csv: str,
    ranks: Sequence[Block] = (),
) -> str:
    """Write the page in Markdown.

    Args:
        title: Its heading.
        question: The question of the study.
        facts: Name -> value in Markdown.
        means: Means of the metrics (:func:`leastloss.report.numbers.means`); the dense network may
            be a method of its own, at 0.
        differences: Their differences (:func:`leastloss.report.numbers.differences`).
        free: Means of :func:`leastloss.report.numbers.free_of_loss`.
        shorter: Differences of these.
        spread: Means of :func:`leastloss.report.numbers.spreads`.
        images: Recovery and granularity -> paths of the figures, relative to the page.
        csv: Path of the table of numbers, relative to the page.
        ranks: How methods rank over data sets, of which this study has one.
    """
    numbers = {"all numbers": f"[{PurePosixPath(csv).name}]({csv})"}
    first: list[Block] = [question, Facts({**facts, **numbers}), _legend(differences)]
    sections = [Section(anchor="study", title=title, blocks=first)]
    for group, paths in images.items():
        name = name_of(group)
        frames = [
            rows[(rows[GROUP] == list(group)).all(axis=1)]
            for rows in (means, differences, free, shorter, spread)
        ]
        figures = [Image(path, f"{title}: {name}") for path in paths]
        blocks = [*figures, *_group_blocks(*frames)]
        sections.append(Section(anchor="-".join(filter(None, group)), title=name, blocks=blocks))
    sections += [Section(anchor="ranks", title=RANKS, blocks=ranks)] if ranks else []
    return markdown(sections)


def _group_blocks(
    means: pd.DataFrame,
    differences: pd.DataFrame,
    free: pd.DataFrame,
    shorter: pd.DataFrame,
    spread: pd.DataFrame,
) -> list[Block]:
    """The tables of one recovery and granularity; arguments as for :func:`study_page`."""
    blocks: list[Block] = []
    for metric in means["quantity"].unique():
        rows = means[means["quantity"] == metric]
        n = max(rows["n"])
        notes = [[f"n = {m}"] if m != n else [] for m in rows["n"]]
        blocks.append(points_grid(rows, metric, f"{capital(heading(metric))}, n = {n}", notes))
    first = differences[differences["against"].isin(differences["against"].head(1))]
    blocks += [Sentences(_verdicts(first), title="In words")] if len(first) else []
    blocks += _differences_grids(differences, "removed")
    blocks += [_free_grid(free[free["at"] == x], x) for x in sorted(set(free["at"]))]
    blocks += _differences_grids(shorter, "within")
    for metric in spread["quantity"].unique():
        rows = spread[spread["quantity"] == metric]
        what = f"{capital(metric_of(metric).heading)}, standard deviation within a network"
        blocks.append(points_grid(rows, metric, what, unit=_points(metric)))
    return blocks


def name_of(group: Sequence[str]) -> str:
    """Spell a recovery and a granularity.

    Example:
        >>> name_of(("none", "weight"))
        'Weights, recovery none'
    """
    return f"{group[1].capitalize()}s" + (f", recovery {group[0]}" if group[0] else "")


def _points(metric: str) -> str:
    """The unit of differences of a share; empty for other quantities (the heading has it)."""
    return "percentage points" if metric_of(metric).is_share else ""


def _differences_grids(differences: pd.DataFrame, first: str) -> list[Grid]:
    """A folded table per metric and reference; columns are sparsities, or losses of accuracy."""
    grids = []
    for key, rows in differences.groupby(["quantity", "against"], sort=False):
        metric, against = map(str, key)
        if (rows["mean"] == 0).all():
            continue
        caption = f"{capital(heading(metric).removesuffix(' (%)'))} minus that of `{against}`"
        if first == "within":
            caption = f"Most removed, shortest: {caption}"
        notes = [[f"p = {p:.2g}"] for p in rows["holm"]]
        bold = [p <= LEVEL for p in rows["holm"]]
        grid = points_grid(
            rows, metric, caption, notes, unit=_points(metric), first=first, bold=bold, signed=True
        )
        grids.append(replace(grid, folded=True))
    return grids


def _free_grid(rows: pd.DataFrame, within: float) -> Grid:
    """How sparse, and how short to describe, each arm gets while nearly as good as dense."""
    quantities = list(rows["quantity"].unique())
    lengths = [q for q in quantities if metric_of(q).unit in WHOLE]
    measured = [metric_of(q).words for q in quantities if q not in ("sparsity", *lengths)]
    cells: dict[str, dict[str, Cell]] = {}
    for row in rows.to_dict("records"):
        star = f"*{row['only_dense']}" if row["only_dense"] else ""
        cell = cell_of(row, row["quantity"], notes=[star])
        cells.setdefault(row["method"], {})[row["quantity"]] = cell
    return Grid(
        caption=f"Before {' or '.join(measured)} on the validation samples falls by more than "
        f"{100 * within:g} {'point' if within == 0.01 else 'points'} (*: so many seeds' is the "
        "dense network's)",
        first="",
        head=[heading(quantity) for quantity in quantities],
        rows={name: [row.get(q, Cell()) for q in quantities] for name, row in cells.items()},
    )


def _legend(differences: pd.DataFrame) -> str:
    """How to read the tables, and what so few seeds cannot show."""
    text = (
        "Mean over seeds with 95 % bootstrap interval, on the test samples unless said; shares in "
        "per cent. "
        "Differences are paired by dense network; p is Wilcoxon's signed-rank test after Holm's "
        f"correction over the arms of a column; **bold** where p is at most {LEVEL:g}."
    )
    if len(differences):
        families = differences.groupby([*GROUP, "quantity", "at", "against"])["n"]
        family, least = int(families.size().max()), 2.0 ** (1 - int(differences["n"].max()))
        if least == 1.0:
            text += " With one seed no difference can be shown."
        elif family * least > LEVEL:
            most = int(LEVEL / least)  # arms of a column in which a difference can be shown
            text += (
                f" With {int(differences['n'].max())} seeds the smallest p in a column of m arms "
                f"is {least:.2g} m: none can be shown{f' where m is above {most}' if most else ''}."
            )
    return text


def _verdicts(rows: pd.DataFrame) -> list[str]:
    """One sentence per arm and reference, on the first metric."""
    metric = rows["quantity"].iloc[0]
    unit = " points" if metric_of(metric).is_share else ""
    lines = []
    for (method, reference), part in rows[rows["quantity"] == metric].groupby(
        ["method", "reference"], sort=False
    ):
        shown: list[str] = []
        not_shown: list[str] = []
        for row in part.to_dict("records"):
            mean, bracket, ends = cell_of(row, metric, signed=True).line.partition(" [")
            at = (
                f"at {100 * row['at']:g} % removed {mean}{unit}{bracket}{ends}, n = {row['n']}, "
                f"p = {row['holm']:.2g}"
            )
            if row["holm"] <= LEVEL:
                shown.append(f"{at}: {'higher' if row['mean'] > 0 else 'lower'}")
            else:
                not_shown.append(at)
        if not_shown:
            shown.append("; ".join(not_shown) + ": no difference shown")
        what = metric_of(metric).heading
        lines.append(f"`{method}` − `{reference}`, {what}: {'; '.join(shown)}.")
    return lines
