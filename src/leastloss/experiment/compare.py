"""The recipe of the entry point ``compare``: finished prune runs side by side."""

from collections.abc import Sequence

import click
import pandas as pd

from leastloss import tracking
from leastloss.errors import InputError
from leastloss.experiment.config import CompareConfig, names, parameters
from leastloss.experiment.prune import TABLE
from leastloss.experiment.select import children, criterion_runs, newest
from leastloss.plots import compare_figure, render
from leastloss.report import compare_page
from leastloss.tracking import Run

PAGE = "compare.html"
_DATA = ("dataset", "size", "imbalance", "ratio", "rare", "share", "subset", "model", "hidden")
_TRAINING = ("epochs", "patience", "lr", "batch_size")
_METHOD = ("granularity", "schedule", "recovery", "encoding", "boundary")


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
        page = compare_page(
            table,
            {"Metrics against sparsity, on the test images": figure},
            title=title,
            facts=_facts(runs, table),
            command=f"mlflow run . -e compare -P runs={_shortest(runs)}",
            metrics=metrics,
        )
        tracking.log_text(own, table.to_csv(index=False), TABLE)
        tracking.log_text(own, page, PAGE)
        for ending in ("png", "svg"):
            tracking.log_bytes(own, render(figure, ending), f"compare.{ending}")
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

    Methods that differ in more than the criterion are labelled with the difference. Where a run was
    made twice, the newest one counts.

    Raises:
        InputError: If the runs differ in data or network, so that no mean would mean anything.
    """
    for key in _DATA + _TRAINING:
        values = sorted({run.data.params.get(key, "") for run in runs})
        if len(values) > 1:
            shown = ", ".join(repr(value) for value in values)
            raise InputError(f"the runs differ in {key} ({shown}); compare those that agree")
    varied = [key for key in _METHOD if len({run.data.params.get(key) for run in runs}) > 1]
    replicates = len({run.data.params.get("replicate") for run in runs}) > 1
    newest_first = sorted(runs, key=lambda run: run.info.start_time, reverse=True)
    tables: dict[tuple[str, str], pd.DataFrame] = {}
    for run in newest_first:
        given = run.data.params
        label = ", ".join([given["criterion"], *[f"{key}={given[key]}" for key in varied]])
        seed = given["seed"] if given["seed"] == given["dense_seed"] else _seeds(given)
        seed += f"/{given['replicate']}" if replicates else ""
        if (label, seed) in tables:
            click.echo(
                f"{label}, seed {seed}: made more than once; the newest run counts", err=True
            )
            continue
        steps = tracking.fetch_table(run.info.run_id, TABLE)
        tables[label, seed] = steps.assign(criterion=label, seed=seed, run_id=run.info.run_id)
    return pd.concat(list(tables.values())[::-1], ignore_index=True)


def _seeds(given: dict[str, str]) -> str:
    """One network may be pruned with several seeds, and one seed used for several networks."""
    return f"{given['dense_seed']}+{given['seed']}"


def _title(runs: Sequence[Run]) -> str:
    given = runs[0].data.params
    profile = "" if given["imbalance"] == "none" else f" ({given['imbalance']} imbalance)"
    return f"{given['dataset']}{profile}, {given['model']} {given['hidden'].replace(',', '-')}"


def _facts(runs: Sequence[Run], table: pd.DataFrame) -> dict[str, object]:
    given, tags = runs[0].data.params, runs[0].data.tags
    facts: dict[str, object] = {key: given[key] for key in _DATA if given.get(key)}
    facts |= {key: given[key] for key in _METHOD if given.get(key)}
    facts["seeds"] = ", ".join(sorted(set(table["seed"].astype(str))))
    facts["commit"] = tags["git.commit"] + (" (dirty)" if tags["git.dirty"] == "true" else "")
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
