"""All that a page says, from finished tables: its sections in order."""

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
from leastloss.report.observations import of_chance, of_classes, of_controls, of_paths
from leastloss.report.paired_tests import of_enough, significance, too_few
from leastloss.report.roles import Role, roles
from leastloss.report.sections import Block, Commands, Drawn, Facts, Grid, Section, Sentences
from leastloss.report.sentences import in_words
from leastloss.report.tables import free_grid, left_out, metric_tables
from leastloss.report.values import areas, as_arms, end_of, free_values, points_for


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared, and all that a reader needs to trust it.

    Attributes:
        table: One row per run and step: ``by``, seed, sparsity, the metrics.
        title: What was compared, in a few words.
        command: The exact command that makes this page again.
        by: Column that tells the methods apart.
        metrics: What the page is about; the first counts most.
        at: Sparsities of the tables; empty: some that half of the methods measured.
        within: Loss of a share that counts as none.
        against: Criteria or methods that others are compared with; empty: the baselines.
        few_seeds: Whether differences are told of fewer than three seeds, too.
        settings: Method -> its criterion and settings.
        judged: Criteria that need controls; empty: all but the baselines.
        controls_of: Method -> the criteria whose control its runs say to be.
        commands: Method -> the command that makes its runs again.
        facts: What made the numbers: words -> value.
        tables: More of the same: digests of the data, ids of the runs.
        figures: Anchor of a section -> its figures.
        measured: Method -> the metrics of its runs.
        notes: Sentences that the page must not keep back, such as what is left out.
        remarks: Sentences on single methods: emptied layers, classes that are lost.
        robustness: One row per network, model, corruption and severity.
        errors: Summaries of it, one row per network and model.
        unexposed: Network -> labels of which no robustness run is there.
        robustness_command: What makes the robustness runs that lack.
        links: Words -> address of runs and files; relative, or http(s).
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
    notes: Sequence[str] = ()
    remarks: Sequence[str] = ()
    robustness: pd.DataFrame | None = None
    errors: pd.DataFrame | None = None
    unexposed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    robustness_command: str = "mlflow run . -e robustness"
    links: Mapping[str, str] = field(default_factory=dict)


def sections_of(given: Comparison) -> list[Section]:
    """Work out every section of the page.

    Raises:
        InputError: If the table cannot be summarised (see
            :func:`leastloss.evaluation.summary.check_table`).
    """
    table, by = given.table, given.by
    check_table(table, given.metrics, by)
    methods = list(looks(table[by]))
    steps = as_arms(table, by, given.settings)
    known = {
        name: (criterion, told)
        for name, criterion, told in steps[["method", "criterion", "settings"]]
        .drop_duplicates()
        .itertuples(index=False)
    }
    found = roles({name: known[name] for name in methods}, given.controls_of, given.judged)
    at = tuple(given.at) or points_for(table, by)
    shares = [metric for metric in given.metrics if metric_of(metric).is_accuracy]
    end = end_of(table, by)
    free = free_values(steps, shares, given.within)
    area = areas(steps, list(given.metrics), end)
    criteria = {criterion for criterion, _ in known.values()}
    against = list(given.against) or [name for name in BASELINES if name in criteria]
    against = against or methods[:1]
    fewest = int(table.groupby(by)["seed"].nunique().max())
    refused = too_few(fewest, given.few_seeds)
    points = at_points(steps, at, list(given.metrics))
    gaps, area_gaps = differences(free, against), differences(area, against)
    losses = class_losses(steps, at[len(at) // 2])
    mean_free = means(free)
    first = steps[steps["sparsity"] == 0]
    start = first.groupby("method")[shares].mean()
    dense = {metric: float(start[metric].max()) for metric in shares}
    between = differences(points, against)
    if not refused:
        gaps, area_gaps, between = (
            of_enough(frame, given.few_seeds) for frame in (gaps, area_gaps, between)
        )
    summary: list[str] = []
    for where, values in (
        (f"Averaged over the path up to {percent(end)} removed", area),
        (f"At {percent(at[-1])} removed", points[points["at"] == at[-1]]),
    ):
        summary += of_leaders(
            values, found, where=where, refused=refused, few_seeds=given.few_seeds
        )
    summary += in_words(
        mean_free, gaps, found, end=end, within=given.within, refused=refused, dense=dense
    )
    if not refused:
        summary += [*of_paths(area_gaps, found), *of_chance(area_gaps, found)]
    summary += [*of_classes(losses, found), *of_controls(found), *given.notes]
    shown = tuple(dict.fromkeys([at[0], at[len(at) // 2]]))
    ranked = shares or list(given.metrics)
    return [
        Section(
            anchor="answer",
            title=given.title,
            blocks=[
                answer(area, found, shares, end=end, refused=refused, few_seeds=given.few_seeds),
                *given.figures.get("lead", ()),
                answer_grid(
                    steps, mean_free, means(points), found, ranked, at=shown, within=given.within
                ),
            ],
            folded=False,
        ),
        Section(
            anchor="summary", title="In plain words", blocks=[Sentences(summary)], folded=False
        ),
        _headline(given, at, mean_free, first, found),
        Section(anchor="curves", title="Against sparsity", blocks=given.figures.get("curves", ())),
        classes_section(given.figures.get("classes", ()), losses, methods),
        robustness_section(
            given.robustness,
            given.errors,
            lacking=given.unexposed,
            command=given.robustness_command,
        ),
        *_section_of(
            "collapse", "Neural collapse along the path", given.figures.get("collapse", ())
        ),
        *_section_of(
            "length", "Accuracy against description length", given.figures.get("length", ())
        ),
        cost_section(steps, methods, given.measured),
        fairness_section(steps, at[-2:], methods),
        controls_section(means(area), found),
        significance([gaps, area_gaps, between], methods, refused),
        *_section_of("remarks", "Remarks", given.remarks),
        Section(anchor="made", title="What made it", blocks=[Facts(given.facts), *given.tables]),
    ]


def _section_of(anchor: str, title: str, blocks: Sequence[Block]) -> list[Section]:
    """A section of these blocks; none where there is none."""
    return [Section(anchor=anchor, title=title, blocks=blocks)] if blocks else []


def _headline(
    given: Comparison,
    at: Sequence[float],
    free: pd.DataFrame,
    first: pd.DataFrame,
    found: Mapping[str, Role],
) -> Section:
    points = operating_points(given.table, at, given.metrics, given.by)
    dense = operating_points(given.table, [0.0], given.metrics, given.by)
    seeds = {str(name): int(part["seed"].nunique()) for name, part in given.table.groupby(given.by)}
    shares = [metric for metric in given.metrics if metric_of(metric).is_accuracy]
    own: dict[str, Any] = {"anchor": "headline", "title": "At a few sparsities"}
    if points.empty:
        near = ", ".join(percent(point) for point in at)
        return Section(**own, blocks=[f"No method has a step near {near}."])
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
        *left_out({metric: float(first[metric].min()) for metric in shares}, given.within),
    ]
    code = {name: given.commands[name] for name in found if name in given.commands}
    start = first.groupby("method")[shares].mean()
    kept = [free_grid(free, start, found, seeds, given.within)] if shares else []
    grids = [*kept, *metric_tables(points, dense, given.by)]
    return Section(**own, blocks=[*grids, *([Commands(code)] if code else []), *notes])
