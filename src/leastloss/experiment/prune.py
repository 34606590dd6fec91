"""The recipe of the entry point ``prune``: one dense network, one child run per criterion."""

from collections.abc import Mapping
from functools import partial

import click
import pandas as pd

from leastloss import tracking
from leastloss.controls import SHUFFLED, SMALL
from leastloss.errors import InputError
from leastloss.experiment.again import command, row_command
from leastloss.experiment.child import PRUNED as PRUNED
from leastloss.experiment.child import TABLE as TABLE
from leastloss.experiment.child import child_parameters, labelled, tell_failures
from leastloss.experiment.choices import Choice, choices, in_order, steps_of
from leastloss.experiment.config import PruneConfig, TrainConfig, parameters
from leastloss.experiment.controls import judged, nested, role_tags, with_controls
from leastloss.experiment.costs import run_costs
from leastloss.experiment.dense import (
    MODEL_TAG,
    RUN_TAG,
    Dense,
    fetch_dense,
    train_dense,
)
from leastloss.experiment.naming import HOW, child_name, name_tags, note_of, parent_name
from leastloss.experiment.pictures import PREDICTIONS, pictures, write_predictions
from leastloss.experiment.rehearsal import listed, pruning_options, rehearse
from leastloss.experiment.select import children
from leastloss.experiment.sensitivity import check_sensitivity, sensitivity_of
from leastloss.experiment.small_dense import small_child
from leastloss.experiment.train import report
from leastloss.models.files import save_network
from leastloss.plots import compare_figure, render
from leastloss.pruning import PruningPath, Step, shuffled
from leastloss.pruning import prune as prune_network

ORDER = "removal_order.npy"


@tracking.explained()
def prune(config: PruneConfig) -> pd.DataFrame:
    """Prune one dense network by several criteria; returns the table of all steps.

    Raises:
        InputError: If a parameter is out of range or a name unknown.
        ResourceError: If data, disk, tracking store or the given run fail.
    """
    steps, chosen = steps_of(config), with_controls(config, choices(config))
    title = f"{config.granularity}s removed up to {steps['to_sparsity']:g}"
    # With a run to start from, the training flags say nothing: the network brings its own.
    ours = parameters(config)
    given = {k: v for k, v in ours.items() if k not in parameters(TrainConfig()) or k == "seed"}
    name = f"prune {config.granularity}s" if config.run_id else parent_name(ours)
    with tracking.run("prune", name, given if config.run_id else ours) as parent:
        if config.run_id:
            dense = fetch_dense(config.run_id, config.data_dir)
            _say_ignored(config, dense)
            tracking.log_data(parent, dense.data, dense.model_id)
            tracking.log_tags(parent, {RUN_TAG: dense.run_id, MODEL_TAG: dense.model_id})
            tracking.log_parameters(parent, dense.settings)
        else:
            # What is refused is refused before the training.
            dense = train_dense(config, parent, partial(rehearse, config, chosen))
        report(dense)
        known = ours | dense.settings | {"seed": str(config.seed)}
        tracking.log_tags(parent, name_tags(known))
        what = f"Prunes one dense network by {', '.join(one.label for one in chosen)}."
        shown = ["comparison.png"] if config.artifacts == "full" else []
        said = note_of(known, what, command("prune", ours))
        tracking.describe(parent, said, parent_name(known), shown)
        table = _children(config, chosen, dense)
        tracking.log_text(parent, table.to_csv(index=False), TABLE)
        if config.artifacts == "full":
            asked = table[table["criterion"].isin([one.label for one in chosen if one.asked])]
            figure = compare_figure(asked, title=f"{dense.name} on {dense.data.name}: {title}")
            tracking.log_bytes(parent, render(figure), "comparison.png")
        runs = [run.info.run_id for run in children(parent)]
        tracking.note_experiment(parent, HOW, runs)
    click.echo(f"prune run: {parent}")
    return table


def _say_ignored(config: PruneConfig, dense: Dense) -> None:
    """Name the training flags that say otherwise than the network that the run brings."""
    asked, usual = parameters(config), parameters(TrainConfig())
    idle = [
        f"{key}={asked[key]}"
        for key in usual
        if key not in ("seed", "data_dir")
        and asked[key] not in (usual[key], dense.settings.get(key, usual[key]))
    ]
    if idle:
        click.echo(f"ignored, since run_id brings its own network: {', '.join(idle)}", err=True)


def _children(config: PruneConfig, chosen: list[Choice], dense: Dense) -> pd.DataFrame:
    """Prune by every criterion; their tables in the order in which they were named.

    Where one of several is refused, the others are pruned by all the same. A control that nobody
    named is left out where it is refused.
    """
    tables: dict[str, pd.DataFrame] = {}
    paths: dict[str, PruningPath] = {}  # those that others follow
    refused: dict[str, str] = {}
    left_out: dict[str, str] = {}
    kept = {choice.follows for choice in chosen}
    if any(choice.control == SMALL for choice in chosen):
        kept |= set(judged(chosen))
    for choice in in_order(chosen):
        label, why = choice.label, refused if choice.asked else left_out
        if choice.follows in refused:
            why[label] = f"{choice.follows!r}, which it follows, was refused"
            continue
        try:
            if choice.control == SMALL:
                large = {name: paths[name] for name in judged(chosen) if name in paths}
                if large:
                    tables[label] = small_child(config, dense, large, role_tags(choice, chosen))
                continue
            path, table = _child(config, choice, dense, paths.get(choice.follows))
        except InputError as error:
            if [label] == [one.label for one in chosen if one.asked]:
                raise
            why[label] = str(error)
            continue
        tables[label] = table
        if label in kept:
            paths[label] = path
    if left_out:
        click.echo(f"controls left out: {listed(left_out)}", err=True)
    if refused:
        raise InputError(listed(refused))
    found = [tables[choice.label] for choice in chosen if choice.label in tables]
    return pd.concat(found, ignore_index=True)


def _child(
    config: PruneConfig,
    choice: Choice,
    dense: Dense,
    followed: PruningPath | None,
) -> tuple[PruningPath, pd.DataFrame]:
    """Prune by one criterion in a child run of its own."""
    label, options = choice.label, pruning_options(config)
    own = child_parameters(config, label, dense)
    tags = {RUN_TAG: dense.run_id, MODEL_TAG: dense.model_id, **role_tags(choice, [choice])}
    full = config.artifacts == "full" and choice.asked
    tags |= name_tags(own)
    with tracking.run("criterion", child_name(own), own, nested=True, tags=tags) as run_id:
        said = note_of(own, f"Prunes {config.granularity}s by `{label}`.", row_command(own, tags))
        tracking.describe(run_id, said, figures=["curves.png"] if full else [])
        tracking.log_data(run_id, dense.data, dense.model_id)
        check_sensitivity(choice.criterion, dense.model, config.permutations)
        if followed is not None:
            options["allocation"] = followed
        if choice.control == SHUFFLED and followed is not None:
            path: PruningPath = shuffled(followed, dense.data)
        else:
            assert choice.criterion is not None
            path = prune_network(dense.model, dense.data, choice.criterion, **options)
        table = labelled(path.table(), label, config.seed, dense)
        moved = sensitivity_of(choice.criterion, dense.model, config.permutations, config.seed)
        table.loc[0, list(moved)] = list(moved.values())
        tell_failures(run_id, table)
        tracking.log_metrics(run_id, [(0, moved)])
        _log_path(run_id, path, table, dense, full=full)
        last_step = path.steps[-1].index
        tracking.log_metrics(run_id, [(last_step, run_costs(path, table, dense, full=full))])
    for name, value in _facts(path).items():
        if value:
            click.echo(f"{label}: {name.replace('_', ' ')}: {value}")
    middle, last = len(table) // 2, len(table) - 1
    for step in sorted({middle, last}):
        row = table.iloc[step]
        click.echo(
            f"{label if step == middle else '':>14}  sparsity {row['sparsity']:.2f}: "
            f"accuracy {row['accuracy']:.3f}, minority recall {row['minority_recall']:.3f}"
        )
    return path, table


def _log_path(
    run_id: str, path: PruningPath, table: pd.DataFrame, dense: Dense, *, full: bool
) -> None:
    """Everything a child run holds, in few requests."""
    total, last = len(path.parts), path.steps[-1]
    model, masks = path.model_at(last.removed / total), path.masks_at(last.removed / total)
    about = {"data": dense.data.recipe, "name": dense.name, **path.settings}
    tracking.log_metrics(run_id, [_row(step, total) for step in path.steps[:-1]])
    tracking.log_file(run_id, PRUNED, lambda file: save_network(file, model, masks, about))
    if nested(str(path.settings["criterion"])):
        tracking.log_array(run_id, path.removal_order, ORDER)
    tracking.log_text(run_id, table.to_csv(index=False), TABLE)
    for name, value in _facts(path).items():
        tracking.log_tags(run_id, {name: str(value)})
    if not full:
        tracking.log_metrics(run_id, [_row(last, total)])
        return
    for name, picture in pictures(path, dense).items():
        tracking.log_bytes(run_id, picture, name)
    tracking.log_file(run_id, PREDICTIONS, lambda file: write_predictions(file, path, dense))
    origin = {"run_id": run_id, "pruned_from": f"models:/{dense.model_id}"}
    model_id = tracking.log_network(run_id, model, dense.data, "pruned", origin)
    tracking.log_metrics(run_id, [_row(last, total)], model_id)


def _facts(path: PruningPath) -> dict[str, object]:
    facts = path.settings["facts"]
    return dict(facts) if isinstance(facts, Mapping) else {}


def _row(step: Step, total: int) -> tuple[int, dict[str, float]]:
    # The UI opens the comparison of runs on the metric that was logged first.
    return step.index, {**step.metrics, "sparsity": step.removed / total}
