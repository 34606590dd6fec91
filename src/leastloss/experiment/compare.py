"""The recipe of the entry point ``compare``: finished prune runs side by side."""

from collections.abc import Sequence

import click
import pandas as pd

from leastloss import tracking
from leastloss.errors import InputError
from leastloss.experiment.config import CompareConfig, PruneConfig, names, parameters
from leastloss.experiment.prune import TABLE
from leastloss.experiment.select import children, criterion_runs, newest
from leastloss.plots import collapse_columns, collapse_figure, compare_figure, render
from leastloss.report import compare_page
from leastloss.tracking import Run

PAGE = "compare.html"
_COLLAPSE = (
    "Neural collapse of the last features, on training images (classes count evenly). 0 is full "
    "collapse, for all but the minority angle: there 1 means that the classifier no longer tells "
    "the rare classes apart. Under imbalance training tends to SELI, not to the simplex."
)
_DATA = ("dataset", "size", "imbalance", "ratio", "rare", "share", "subset", "model", "hidden")
_TRAINING = ("epochs", "patience", "lr", "batch_size", "loss")
# Options of criteria are in their labels.
_METHOD = (
    *("steps", "to_sparsity", "sparsities", "spacing", "substeps", "granularity", "schedule"),
    *("recovery", "balance", "allocation", "layers"),
)
_DEFAULT = parameters(PruneConfig())


@tracking.explained()
def compare(config: CompareConfig) -> pd.DataFrame:
    """Draw and tabulate the criteria of finished prune runs; returns the table of all steps.

    Raises:
        InputError: If the runs do not belong in one figure or a metric is unknown.
        ResourceError: If a run is missing or there is none to compare.
    """
    metrics = names(config.metrics)
    if not metrics:
        raise InputError("metrics is empty; name one or more, like accuracy,minority_recall")
    runs = _runs(config)
    table = table_of(runs)
    ids = ",".join(run.info.run_id for run in runs)
    tags = {"leastloss.of_run": ids}
    with tracking.run("compare", f"compare {len(runs)} runs", parameters(config), tags=tags) as own:
        title = _title(runs)
        figure = compare_figure(table, metrics, title=title)
        figures = {"Metrics against sparsity, on the test images": figure}
        if collapse_columns(table):  # runs from before they were measured have none
            figures[_COLLAPSE] = collapse_figure(table, title=title)
        page = compare_page(
            table,
            figures,
            title=title,
            facts=_facts(runs, table),
            command=f"mlflow run . -e compare -P runs={_shortest(runs)}",
            metrics=metrics,
        )
        tracking.log_text(own, table.to_csv(index=False), TABLE)
        tracking.log_text(own, page, PAGE)
        for name, drawn in zip(("compare", "collapse"), figures.values(), strict=False):
            for ending in ("png", "svg"):
                tracking.log_bytes(own, render(drawn, ending), f"{name}.{ending}")
    click.echo(f"compare run: {own}")
    click.echo(f"page: {tracking.artifact_path(own, PAGE)}")
    return table


def _runs(config: CompareConfig) -> list[Run]:
    if config.runs and config.experiment:
        raise InputError("runs and experiment are both given; choose one of them")
    if config.runs:
        return criterion_runs(names(config.runs))
    if config.experiment:
        where = f"tags.`{tracking.KIND}` = 'prune' AND attributes.status = 'FINISHED'"
        parents = tracking.search(where, config.experiment)
        if not parents:
            raise InputError(f"experiment {config.experiment!r} has no finished prune run")
        return [child for parent in parents for child in children(parent.info.run_id)]
    return children(newest("prune"))


def table_of(runs: Sequence[Run]) -> pd.DataFrame:
    """The steps of all runs with the columns criterion and seed, fit to be averaged over seeds.

    Methods that differ in more than the criterion are labelled with the difference. A seed stands
    for one dense network: where it was pruned with several seeds, their mean counts once, since
    they are no independent repetitions. Where a run was made twice, the newest one counts.

    Raises:
        InputError: If the runs differ in data or network, so that no mean would mean anything.
    """
    for key in _DATA + _TRAINING:
        values = sorted({_given(run, key) for run in runs})
        if len(values) > 1:
            shown = ", ".join(repr(value) for value in values)
            raise InputError(f"the runs differ in {key} ({shown}); compare those that agree")
    varied = [key for key in _METHOD if len({_given(run, key) for run in runs}) > 1]
    replicates = len({run.data.params.get("replicate") for run in runs}) > 1
    found: dict[tuple[str, str], dict[str, pd.DataFrame]] = {}
    for run in sorted(runs, key=lambda run: run.info.start_time, reverse=True):
        given = run.data.params
        label = ", ".join([given["criterion"], *[f"{key}={_given(run, key)}" for key in varied]])
        network = given["dense_seed"] + (f"/{given['replicate']}" if replicates else "")
        draws = found.setdefault((label, network), {})
        if given["seed"] in draws:
            again = f"{label}, network {network}, seed {given['seed']}"
            click.echo(f"{again}: made more than once; the newest run counts", err=True)
            continue
        steps = tracking.fetch_table(run.info.run_id, TABLE)
        draws[given["seed"]] = steps.assign(run_id=run.info.run_id)
    tables = [
        _mean(list(draws.values())).assign(criterion=label, seed=network)
        for (label, network), draws in reversed(found.items())
    ]
    return pd.concat(tables, ignore_index=True)


def _given(run: Run, key: str) -> str:
    """A parameter of a run; one that is younger than the run had its default value."""
    return run.data.params.get(key, _DEFAULT[key])


def _mean(draws: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The mean over several prunings of one network, step by step."""
    if len(draws) == 1:
        return draws[0]
    mean = pd.concat(draws).groupby("step", as_index=False).mean(numeric_only=True)
    return mean.assign(run_id=" ".join(draw["run_id"].iloc[0] for draw in draws))


def _title(runs: Sequence[Run]) -> str:
    given = runs[0].data.params
    profile = "" if given["imbalance"] == "none" else f" ({given['imbalance']} imbalance)"
    return f"{given['dataset']}{profile}, {given['model']} {given['hidden'].replace(',', '-')}"


def _facts(runs: Sequence[Run], table: pd.DataFrame) -> dict[str, object]:
    given, tags = runs[0].data.params, runs[0].data.tags
    facts: dict[str, object] = {key: given[key] for key in _DATA if given.get(key)}
    for key in _METHOD:
        facts[key] = ", ".join(sorted({_given(run, key) for run in runs}))
    facts["seeds"] = ", ".join(sorted(set(table["seed"].astype(str))))
    commits = {
        run.data.tags["git.commit"] + (" (dirty)" * (run.data.tags["git.dirty"] == "true"))
        for run in runs
    }
    facts["commit"] = ", ".join(sorted(commits))
    facts |= {key: value for key, value in tags.items() if key.startswith("version.")}
    facts |= {key: tags[key] for key in ("device", "threads", "platform")}
    return facts


def _shortest(runs: Sequence[Run]) -> str:
    """Parents stand for their children where all of them are compared."""
    by_parent: dict[str, list[str]] = {}
    for run in runs:
        parent = run.data.tags.get("mlflow.parentRunId", run.info.run_id)
        by_parent.setdefault(parent, []).append(run.info.run_id)
    whole = {p: len(children(p)) == len(ids) for p, ids in by_parent.items()}
    chosen = [[parent] if whole[parent] else ids for parent, ids in by_parent.items()]
    return ",".join(run_id for ids in chosen for run_id in ids)
