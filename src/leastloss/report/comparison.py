"""The sections of a page, in order, from finished tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from leastloss.controls import BASELINES
from leastloss.evaluation import check_table, metric_of, operating_points
from leastloss.plots import COMPARED, looks
from leastloss.report.answer import answer, answer_grid
from leastloss.report.classes import class_losses, classes_section, fairness_section
from leastloss.report.cost import cost_section
from leastloss.report.formats import percent
from leastloss.report.leaders import of_leaders
from leastloss.report.method_and_controls import controls_section
from leastloss.report.noise import robustness_section
from leastloss.report.numbers import at_points, differences, means
from leastloss.report.observations import RANKS, of_chance, of_classes, of_controls, of_paths
from leastloss.report.paired_tests import of_enough, significance, too_few
from leastloss.report.roles import Role, roles
from leastloss.report.sections import Block, Commands, Drawn, Facts, Grid, Section, Sentences
from leastloss.report.sentences import in_words
from leastloss.report.tables import free_grid, left_out, metric_tables
from leastloss.report.values import areas, as_arms, end_of, free_values, points_for


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared, with the facts that a reader needs to trust it.

    Attributes:
        table: One row per run and step: ``by``, seed, sparsity, the metrics.
        title: A short title.
        command: The exact command that reproduces the page.
        by: Column that tells the methods apart.
        metrics: The metrics to compare; the first counts most.
        at: Sparsities of the tables; empty: some that half of the methods measured.
        within: Loss of a share that counts as none.
        against: Criteria or methods that others are compared with; empty: the baselines.
        few_seeds: Whether to report differences of fewer than three seeds.
        settings: Method -> its criterion and settings.
        judged: Criteria that need controls; empty: all but the baselines.
        controls_of: Method -> the criteria that its runs are tagged as a control of.
        commands: Method -> the command that reproduces its runs.
        facts: Settings, versions and so on: name -> value.
        tables: Facts as tables: digests of the data, ids of the runs.
        figures: Anchor of a section -> its figures.
        measured: Method -> the metrics of its runs.
        ranks: How methods rank over data sets, of which this page shows one.
        notes: Caveats for the summary, such as what is left out.
        remarks: Sentences on single methods: emptied layers, classes that are lost.
        robustness: One row per network, model, corruption and severity.
        errors: Summaries of it, one row per network and model.
        unexposed: Network -> labels without a robustness run.
        robustness_command: The command that makes the missing robustness runs.
        links: Text -> address; relative, or http(s).
        class_names: Names of the classes; empty: they are called by their numbers.
    """

    table: pd.DataFrame
    title: str
    command: str
    by: str = "criterion"
    metrics: Sequence[str] = COMPARED
    at: Sequence[float] = ()
    within: float = 0.02
    against: Sequence[str] = ()
    few_seeds: bool = False
    settings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    judged: Sequence[str] = ()
    controls_of: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    tables: Sequence[Grid] = ()
    figures: Mapping[str, Sequence[Drawn]] = field(default_factory=dict)
    measured: Mapping[str, Sequence[Mapping[str, float]]] = field(default_factory=dict)
    ranks: Sequence[Block] = ()
    notes: Sequence[str] = ()
    remarks: Sequence[str] = ()
    robustness: pd.DataFrame | None = None
    errors: pd.DataFrame | None = None
    unexposed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    robustness_command: str = "mlflow run . -e robustness"
    links: Mapping[str, str] = field(default_factory=dict)
    class_names: Sequence[str] = ()


def sections_of(comparison: Comparison) -> list[Section]:
    """Make every section of the page.

    Raises:
        InputError: If the table cannot be summarised (see
            :func:`leastloss.evaluation.summary.check_table`).
    """
    table, by = comparison.table, comparison.by
    check_table(table, comparison.metrics, by)
    methods = list(looks(table[by]))
    steps = as_arms(table, by, comparison.settings)
    settings_of = {name: comparison.settings.get(name, (name, "")) for name in methods}
    role_of = roles(settings_of, comparison.controls_of, comparison.judged)
    at = tuple(comparison.at) or points_for(table, by)
    shares = [metric for metric in comparison.metrics if metric_of(metric).is_accuracy]
    end = end_of(table, by)
    free = free_values(steps, shares, comparison.within)
    area = areas(steps, list(comparison.metrics), end)
    criteria = {criterion for criterion, _ in settings_of.values()}
    against = list(comparison.against) or [name for name in BASELINES if name in criteria]
    against = against or methods[:1]
    fewest = int(table.groupby(by)["seed"].nunique().max())
    refused = too_few(fewest, comparison.few_seeds)
    points = at_points(steps, at, list(comparison.metrics))
    gaps, area_gaps = differences(free, against), differences(area, against)
    losses = class_losses(steps, at[len(at) // 2], comparison.class_names)
    mean_free = means(free)
    first = steps[steps["sparsity"] == 0]
    start = first.groupby("method")[shares].mean()
    dense = {metric: float(start[metric].max()) for metric in shares}
    between = differences(points, against)
    if not refused:
        gaps, area_gaps, between = (
            of_enough(frame, comparison.few_seeds) for frame in (gaps, area_gaps, between)
        )
    summary: list[str] = []
    for where, values in (
        (f"Averaged over the path up to {percent(end)} removed", area),
        (f"At {percent(at[-1])} removed", points[points["at"] == at[-1]]),
    ):
        summary += of_leaders(
            values, role_of, where=where, refused=refused, few_seeds=comparison.few_seeds
        )
    summary += in_words(
        mean_free, gaps, role_of, end=end, within=comparison.within, refused=refused, dense=dense
    )
    if not refused:
        summary += [*of_paths(area_gaps, role_of), *of_chance(area_gaps, role_of)]
    summary += [*of_classes(losses, role_of), *of_controls(role_of), *comparison.notes]
    shown = tuple(dict.fromkeys([at[0], at[len(at) // 2]]))
    ranked = shares or list(comparison.metrics)
    return [
        Section(
            anchor="answer",
            title=comparison.title,
            blocks=[
                answer(
                    area, role_of, shares, end=end, refused=refused, few_seeds=comparison.few_seeds
                ),
                *comparison.figures.get("lead", ()),
                answer_grid(
                    steps,
                    mean_free,
                    means(points),
                    role_of,
                    ranked,
                    at=shown,
                    within=comparison.within,
                ),
            ],
            folded=False,
        ),
        Section(
            anchor="summary", title="In plain words", blocks=[Sentences(summary)], folded=False
        ),
        _headline(comparison, at, mean_free, first, role_of),
        Section(
            anchor="curves", title="Against sparsity", blocks=comparison.figures.get("curves", ())
        ),
        classes_section(comparison.figures.get("classes", ()), losses, methods),
        robustness_section(
            comparison.robustness,
            comparison.errors,
            lacking=comparison.unexposed,
            command=comparison.robustness_command,
        ),
        *_section_of(
            "collapse", "Neural collapse along the path", comparison.figures.get("collapse", ())
        ),
        *_section_of(
            "length", "Accuracy against description length", comparison.figures.get("length", ())
        ),
        cost_section(steps, methods, comparison.measured),
        fairness_section(steps, at[-2:], methods),
        controls_section(means(area), role_of),
        significance([gaps, area_gaps, between], methods, refused),
        *_section_of("ranks", RANKS, comparison.ranks),
        *_section_of("remarks", "Remarks", comparison.remarks),
        Section(
            anchor="made",
            title="What made it",
            blocks=[Facts(comparison.facts), *comparison.tables],
        ),
    ]


def _section_of(anchor: str, title: str, blocks: Sequence[Block]) -> list[Section]:
    """A section of these blocks; no section without blocks."""
    return [Section(anchor=anchor, title=title, blocks=blocks)] if blocks else []


def _headline(
    comparison: Comparison,
    at: Sequence[float],
    free: pd.DataFrame,
    first: pd.DataFrame,
    role_of: Mapping[str, Role],
) -> Section:
    points = operating_points(comparison.table, at, comparison.metrics, comparison.by)
    dense = operating_points(comparison.table, [0.0], comparison.metrics, comparison.by)
    seeds = {
        str(name): int(part["seed"].nunique())
        for name, part in comparison.table.groupby(comparison.by)
    }
    shares = [metric for metric in comparison.metrics if metric_of(metric).is_accuracy]
    titled: dict[str, Any] = {"anchor": "headline", "title": "At a few sparsities"}
    if points.empty:
        near = ", ".join(percent(point) for point in at)
        return Section(**titled, blocks=[f"No method has a step near {near}."])
    several = max(seeds.values()) > 1
    notes = [
        "A column is the step nearest to its sparsity; a cell of another sparsity names it, and a "
        "dash stands where no step is within 2.5 points and a fifth of what is kept. "
        + (
            "Under each mean stands its 95 % bootstrap interval over seeds. Marked is a value "
            "whose interval lies above the intervals of all other methods; where none is marked, "
            "these seeds do not tell the methods apart."
            if several
            else "One run of each method cannot say which is better in general; run more seeds "
            "before you quote a difference."
        ),
        *left_out({metric: float(first[metric].min()) for metric in shares}, comparison.within),
    ]
    code = {name: comparison.commands[name] for name in role_of if name in comparison.commands}
    start = first.groupby("method")[shares].mean()
    free_grids = [free_grid(free, start, role_of, seeds, comparison.within)] if shares else []
    grids = [*free_grids, *metric_tables(points, dense, comparison.by)]
    return Section(**titled, blocks=[*grids, *([Commands(code)] if code else []), *notes])
