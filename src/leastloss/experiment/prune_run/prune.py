"""The recipe of the entry point ``prune``: one dense network, one child run per criterion."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import click
import pandas as pd

from leastloss import tracking
from leastloss.controls import SMALL
from leastloss.determinism import as_configured
from leastloss.errors import InputError, ResourceError, brief
from leastloss.experiment.commands import command
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.experiment.dense import MODEL_TAG, RUN_TAG, Dense, fetch_dense
from leastloss.experiment.prune_run.child_run import pruned_child
from leastloss.experiment.prune_run.choices import (
    Choice,
    choices,
    in_order,
    judged,
    role_tags,
    with_controls,
)
from leastloss.experiment.prune_run.dry_run import listed, rehearse
from leastloss.experiment.prune_run.earlier_paths import (
    Continued,
    FinishedPath,
    continued,
    finished_paths,
    goes_on,
    rebuilt,
)
from leastloss.experiment.prune_run.registered import register_networks
from leastloss.experiment.prune_run.small_dense import small_child
from leastloss.experiment.run_names import HOW, TABLE, name_tags, note_of, parent_name
from leastloss.experiment.run_query import children, source
from leastloss.experiment.run_table import csv_text
from leastloss.experiment.train import Untrained, report, train_dense, untrained
from leastloss.options import defaults, fields_of, parameters
from leastloss.plan import Plan
from leastloss.plots import compare_figure, render
from leastloss.pruning import PruningPath


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """A prune run that passed all checks.

    Attributes:
        config: The options, with the full id of the run to start from.
        chosen: Its child runs.
        start: The dense network of that run, or the one to train.
        source: The path that it goes on with, if the run is one.
    """

    config: PruneConfig
    chosen: list[Choice]
    start: Dense | Untrained
    source: Continued | None = None


def check(config: PruneConfig) -> PlannedRun:
    """Check the options, fetch or build the network, and do a dry run on it."""
    asked, begun = choices(config), None
    if config.register:
        tracking.check_model_name(config.register)
        if config.artifacts != "full":
            raise InputError("register needs logged networks; leave artifacts at 'full'")
    if config.run_id:
        run = source(config.run_id, config.unfinished)
        config = replace(config, run_id=run.info.run_id)
        start: Dense | Untrained = fetch_dense(
            config.run_id, config.data_dir, trust=config.trust == "yes"
        )
        if goes_on(run) and isinstance(start, Dense):
            config, begun = continued(config, run, start)
            asked = choices(config)
    else:
        start = untrained(config)
    rehearse(config, asked, start.model, start.data, begun.pruned if begun else None)
    chosen = with_controls(config, asked)
    return PlannedRun(config=config, chosen=chosen, start=start, source=begun)


@as_configured
def prune(config: PruneConfig, run_ids: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Prune one dense network by several criteria; returns the table of all steps.

    Args:
        config: The options.
        run_ids: Label of a criterion -> its finished run of another call. It is not pruned again:
            it lends its layer ratios to those that follow it. Only where no controls are added.

    Raises:
        InputError: If a parameter is out of range or a name unknown.
        ResourceError: If data, disk, tracking store or the given run fail.
    """
    planned, finished = check(config), finished_paths(run_ids or {})
    config, chosen = planned.config, planned.chosen
    title = f"{config.granularity}s removed up to {config.steps_taken['to_sparsity']:g}"
    # A network that comes from a run brings its own training parameters.
    params = parameters(config)
    without_training = {
        k: v for k, v in params.items() if k in fields_of(Plan) or k not in fields_of(TrainConfig)
    }
    name = f"prune {config.granularity}s" if config.run_id else parent_name(params)
    with tracking.run("prune", name, without_training if config.run_id else params) as parent:
        if isinstance(planned.start, Dense):
            dense = planned.start
            _say_ignored(config, dense)
            tracking.log_data(parent, dense.data, dense.model_id)
            tracking.log_tags(parent, {RUN_TAG: dense.run_id, MODEL_TAG: dense.model_id})
            tracking.log_parameters(parent, dense.settings)
        else:
            dense = train_dense(planned.start, parent)
        report(dense)
        all_params = params | dense.settings | {"seed": str(config.seed)}
        tracking.log_tags(parent, name_tags(all_params))
        by = ", ".join(choice.label for choice in chosen if choice.label not in finished)
        what = f"Prunes one dense network by {by}."
        shown = ["comparison.png"] if config.artifacts == "full" else []
        note = note_of(all_params, what, command("prune", params))
        tracking.describe(parent, note, parent_name(all_params), shown)
        table = _children(config, chosen, dense, planned.source, finished)
        tracking.log_text(parent, csv_text(table), TABLE)
        if config.artifacts == "full":
            asked = table[
                table["criterion"].isin([choice.label for choice in chosen if choice.asked])
            ]
            figure = compare_figure(asked, title=f"{dense.name} on {dense.data.title}: {title}")
            tracking.log_bytes(parent, render(figure), "comparison.png")
        runs = [run.info.run_id for run in children(parent)]
        tracking.note_experiment(parent, HOW, runs)
    if config.register:  # the files of the networks are there when the run has ended
        register_networks(config.register, parent, dense)
    click.echo(f"prune run: {parent}")
    return table


def _say_ignored(config: PruneConfig, dense: Dense) -> None:
    """Print the training flags that contradict the network of the given run."""
    asked, usual = parameters(config), defaults(TrainConfig)
    idle = [
        f"{key}={asked[key]}"
        for key in fields_of(TrainConfig, "data", "model", "training")
        if asked[key] not in (usual[key], dense.settings.get(key, usual[key]))
    ]
    if idle:
        click.echo(f"ignored, since run_id brings its own network: {', '.join(idle)}", err=True)


def _children(
    config: PruneConfig,
    chosen: list[Choice],
    dense: Dense,
    begun: Continued | None = None,
    finished: Mapping[str, FinishedPath] | None = None,
) -> pd.DataFrame:
    """Prune by all criteria that are not finished; returns their tables, in the list's order.

    If a criterion is refused or fails, the others run all the same. A refused control that nobody
    named is left out.
    """
    tables: dict[str, pd.DataFrame] = {}
    paths: dict[str, PruningPath] = {}  # of leaders
    refused: dict[str, str] = {}
    left_out: dict[str, str] = {}
    failures: dict[str, Exception] = {}
    needed, finished = {choice.follows for choice in chosen}, finished or {}
    if any(choice.control == SMALL for choice in chosen):
        needed |= set(judged(chosen))
    for choice in in_order(chosen):
        label, why = choice.label, refused if choice.asked else left_out
        if choice.follows in refused or choice.follows in failures:
            outcome = "was refused" if choice.follows in refused else "failed"
            why[label] = f"{choice.follows!r}, which it follows, {outcome}"
            continue
        try:
            if choice.control == SMALL:
                large = {name: paths[name] for name in judged(chosen) if name in paths}
                if large:
                    tables[label] = small_child(config, dense, large, role_tags(choice, chosen))
                continue
            followed = paths.get(choice.follows)
            if label in finished:
                if label in needed:
                    paths[label] = rebuilt(finished[label], config, choice, dense, followed)
                continue
            lender = finished[choice.follows].run_id if choice.follows in finished else ""
            path, table = pruned_child(config, choice, dense, followed, begun, lender)
        except InputError as error:
            if [label] == [other.label for other in chosen if other.asked]:
                raise
            why[label] = str(error)
            continue
        except ResourceError:  # of the store, the disk or the data: the others would meet it, too
            raise
        except Exception as error:
            failures[label] = error
            continue
        tables[label] = table
        if label in needed:
            paths[label] = path
    if left_out:
        click.echo(f"controls left out: {listed(left_out)}", err=True)
    if failures:
        for label, failure in failures.items():
            click.echo(f"{label} failed: {brief(failure)}", err=True)
        raise next(iter(failures.values()))
    if refused:
        raise InputError(listed(refused))
    ordered = [tables[choice.label] for choice in chosen if choice.label in tables]
    return pd.concat(ordered, ignore_index=True)
