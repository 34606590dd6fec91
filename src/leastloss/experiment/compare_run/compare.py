"""The recipe of the entry point ``compare``: finished prune runs side by side."""

from collections.abc import Sequence
from shlex import quote

import click
import pandas as pd

from leastloss import tracking
from leastloss.controls import BASELINES
from leastloss.criteria import current_label
from leastloss.errors import InputError, choose
from leastloss.evaluation import by_name, check_table, failure_sentences, without_failed
from leastloss.experiment.commands import command_of
from leastloss.experiment.compare_run.figures import page_figures
from leastloss.experiment.compare_run.provenance import (
    class_names_of,
    controls_of_runs,
    facts_of_runs,
    judged_in,
    remarks_of_runs,
    tables_of_runs,
    title_of,
)
from leastloss.experiment.compare_run.robustness_runs import exposed
from leastloss.experiment.compare_run.runs_table import Compared, compared
from leastloss.experiment.config import CompareConfig
from leastloss.experiment.environments import made_unlike
from leastloss.experiment.option_checks import check_measured
from leastloss.experiment.run_names import OF_RUN, TABLE, data_words, joined, note_of
from leastloss.experiment.run_query import children, criterion_runs, newest, runs_of
from leastloss.experiment.run_table import csv_text
from leastloss.options import names, numbers, parameters
from leastloss.plots import render
from leastloss.report import Comparison, compare_page
from leastloss.tracking import Run

PAGE = "compare.html"
_LEFT_OUT = "; from there on its numbers under this noise are left out, of all seeds."
_LOGGED_FIGURES = ("curves", "collapse")  # figures that are also logged as files


def compare(config: CompareConfig) -> pd.DataFrame:
    """Draw and tabulate the criteria of finished prune runs; returns the table of all steps.

    Raises:
        InputError: If the runs cannot be compared, or a metric is unknown.
        ResourceError: If a run or its table is missing, or there is nothing to compare.
    """
    metrics = names(config.metrics)
    if not metrics:
        raise InputError("metrics is empty; name one or more, like accuracy,minority_recall")
    runs, chosen = _runs(config)
    compared_runs = compared(runs)
    check_measured(metrics, compared_runs.table)
    check_table(without_failed(compared_runs.table), metrics)
    against = _against(config, compared_runs)  # bad input has failed by now
    params = runs[0].data.params
    tags = {OF_RUN: ",".join(run.info.run_id for run in runs)}
    tags |= {"leastloss.dataset": data_words(params)}
    seeds = compared_runs.table["seed"].nunique()
    name = joined(
        f"compare {len(compared_runs.runs)} methods", data_words(params), f"{seeds} seeds"
    )
    with tracking.run("compare", name, parameters(config), tags=tags) as run_id:
        comparison = comparison_of(
            compared_runs,
            metrics,
            at=numbers(config.sparsities, float, "sparsities"),
            against=against,
            few_seeds=config.few_seeds == "yes",
            command=_command(config, chosen),
        )
        log_page(run_id, comparison, PAGE)
        tracking.log_text(run_id, csv_text(compared_runs.table), TABLE)
        for anchor in _LOGGED_FIGURES:
            for drawn in comparison.figures.get(anchor, ())[:1]:
                for ending in ("png", "svg"):
                    file = f"{anchor.replace('curves', 'compare')}.{ending}"
                    tracking.log_bytes(run_id, render(drawn.figure, ending), file)
        text = f"Compares {len(compared_runs.runs)} methods; open `{PAGE}` among the *Artifacts*."
        tracking.describe(
            run_id, note_of(params, text, comparison.command), figures=["compare.png"]
        )
    click.echo(f"compare run: {run_id}")
    click.echo(f"page: {tracking.artifact_path(run_id, PAGE)}")
    return compared_runs.table


def comparison_of(
    compared_runs: Compared,
    metrics: Sequence[str],
    *,
    command: str,
    at: Sequence[float] = (),
    against: Sequence[str] = (),
    few_seeds: bool = False,
    title: str = "",
) -> Comparison:
    """All that the page says about some runs."""
    runs = compared_runs.all_runs
    title = title or title_of(runs)
    class_names = class_names_of(runs)
    steps, noisy = without_failed(compared_runs.table), exposed(compared_runs)
    return Comparison(
        table=steps,
        title=title,
        command=command,
        metrics=metrics,
        at=at,
        against=against,
        few_seeds=few_seeds,
        settings={
            name: (label.criterion, label.settings) for name, label in compared_runs.labels.items()
        },
        judged=judged_in(compared_runs),
        controls_of=controls_of_runs(compared_runs),
        commands={name: command_of(arm_runs) for name, arm_runs in compared_runs.runs.items()},
        facts=facts_of_runs(compared_runs),
        tables=tables_of_runs(compared_runs),
        figures=page_figures(
            steps, metrics, title=title, fixed=against or BASELINES, class_names=class_names
        ),
        class_names=class_names,
        remarks=remarks_of_runs(compared_runs),
        notes=[
            *(f"{line}{_LEFT_OUT}" for line in failure_sentences(compared_runs.table)),
            *made_unlike(compared_runs.runs),
        ],
        measured={
            name: [by_name(run.data.metrics) for run in arm_runs]
            for name, arm_runs in compared_runs.runs.items()
        },
        robustness=noisy.table,
        errors=noisy.errors,
        unexposed=noisy.lacking,
        robustness_command=noisy.command,
    )


def log_page(run_id: str, comparison: Comparison, name: str) -> None:
    """Write the page and log it to a run, where the MLflow UI shows it."""
    tracking.log_text(run_id, compare_page(comparison), name)


def _runs(config: CompareConfig) -> tuple[list[Run], str]:
    """The runs, and the parameter that selects them, for the command."""
    if config.runs and config.experiment:
        raise InputError("runs and experiment are both given; choose one of them")
    if config.runs:
        return criterion_runs(names(config.runs), config.unfinished), f"runs={config.runs}"
    if config.experiment:
        return runs_of(config.experiment), f"experiment={config.experiment}"
    parent = newest("prune")
    return children(parent), f"runs={parent}"


def _against(config: CompareConfig, compared_runs: Compared) -> tuple[str, ...]:
    """The methods that others are compared with."""
    labels = compared_runs.labels
    there = dict.fromkeys([*labels, *(label.criterion for label in labels.values())])
    methods = (part.strip() for part in current_label(config.against).split(";"))
    return tuple(choose("method", name, there) for name in methods if name)


def _command(config: CompareConfig, chosen: str) -> str:
    usual, ours = parameters(CompareConfig()), parameters(config)
    changed = [
        f"{k}={v}" for k, v in ours.items() if v != usual[k] and k not in ("runs", "experiment")
    ]
    words = [chosen, *changed]
    return " ".join(["mlflow run . -e compare", *(f"-P {quote(word)}" for word in words)])
