"""The child run of one criterion: it prunes and logs the results."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import click
import pandas as pd

from leastloss import tracking
from leastloss.controls import SHUFFLED, nested
from leastloss.evaluation import evaluate, path_summary
from leastloss.experiment.commands import CONTINUES, row_command
from leastloss.experiment.config import PruneConfig
from leastloss.experiment.dense import MODEL_TAG, RUN_TAG, Dense
from leastloss.experiment.prune_run.artifacts import (
    ORDER,
    PREDICTIONS,
    USABLE_WEIGHTS,
    Logged,
    log_models,
    models_in_words,
    models_of,
    pictures,
    write_predictions,
)
from leastloss.experiment.prune_run.choices import Choice, role_tags
from leastloss.experiment.prune_run.earlier_paths import RATIOS_OF, Continued
from leastloss.experiment.prune_run.run_metrics import (
    check_sensitivity,
    printed_metrics,
    run_costs,
    sensitivity_of,
)
from leastloss.experiment.run_names import (
    TABLE,
    child_name,
    child_parameters,
    labelled,
    name_tags,
    note_of,
    tell_failures,
    tell_remarks,
)
from leastloss.experiment.run_table import csv_text
from leastloss.experiment.stored_network import PRUNED
from leastloss.models import save_network
from leastloss.pruning import PruningPath, Step, prune_by, shuffled


def pruned_child(
    config: PruneConfig,
    choice: Choice,
    dense: Dense,
    followed: PruningPath | None,
    source: Continued | None = None,
    ratios_of: str = "",
) -> tuple[PruningPath, pd.DataFrame]:
    """Prune by one criterion in a child run of its own.

    Args:
        config: The options.
        choice: The criterion, and whose layer ratios it takes.
        dense: The dense network.
        followed: The path that lends them.
        source: What the path goes on from, if not from the dense network.
        ratios_of: The run of that path, where it is of another call.
    """
    label, plan = choice.label, config if followed is None else replace(config, allocation=followed)
    params = child_parameters(config, label, dense)
    tags = {RUN_TAG: dense.run_id, MODEL_TAG: dense.model_id, **role_tags(choice, [choice])}
    tags |= {CONTINUES: source.run_id} if source else {}
    tags |= {RATIOS_OF: ratios_of} if ratios_of else {}
    full = config.artifacts == "full" and choice.asked
    tags |= name_tags(params)
    with tracking.run("criterion", child_name(params), params, nested=True, tags=tags) as run_id:
        what, again = f"Prunes {config.granularity}s by `{label}`.", row_command(params, tags)
        shown = ["curves.png"] if full else []
        tracking.describe(run_id, note_of(params, what, again), figures=shown)
        tracking.log_data(run_id, dense.data, dense.model_id)
        check_sensitivity(choice.criterion, dense.model, config.permutations)
        if choice.control == SHUFFLED and followed is not None:
            path: PruningPath = shuffled(followed, dense.data)
        else:
            assert choice.criterion is not None
            resume = source.pruned if source else None
            path = prune_by(dense.model, dense.data, choice.criterion, plan, resume=resume)
        table = labelled(path.table(), label, config.seed, dense)
        moved = sensitivity_of(choice.criterion, dense.model, config.permutations, config.seed)
        table.loc[0, list(moved)] = list(moved.values())
        tell_failures(run_id, table)
        tell_remarks(run_id, label, path.remarks, aloud=choice.asked)
        # The UI opens the comparison of runs on what was logged first.
        tracking.log_metrics(run_id, [(0, path_summary(table)), (0, moved)])
        models = models_of(table, _dense_values(dense) if source else None) if full else []
        _log_path(run_id, path, table, dense, models)
        logged = models_in_words(models) if full else ""
        if logged:
            tracking.describe(run_id, note_of(params, f"{what} {logged}", again), figures=shown)
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
            f"{printed_metrics(row.to_dict())}"
        )
    if logged:
        click.echo(f"{'':>14}  {logged}")
    return path, table


def _dense_values(dense: Dense) -> dict[str, float]:
    """What the dense network has on the validation samples, by the names of a path's table."""
    return {f"val_{name}": value for name, value in evaluate(dense.model, dense.data.val).items()}


def _log_path(
    run_id: str, path: PruningPath, table: pd.DataFrame, dense: Dense, models: Sequence[Logged]
) -> None:
    """Log everything that a child run holds, in few requests; without models, figures neither."""
    total, last = len(path.parts), path.steps[-1]
    model, masks = path.model_at(last.removed / total), path.masks_at(last.removed / total)
    about = {"data": dense.data.recipe, "name": dense.name, **path.settings}
    # Steps with a logged model are logged with it, and no step twice.
    later = {len(path.steps) - 1, *(logged.row for logged in models)}
    rows = [_row(step, total) for step in path.steps]
    tracking.log_metrics(run_id, [row for i, row in enumerate(rows) if i not in later])
    tracking.log_file(run_id, PRUNED, lambda file: save_network(file, model, masks, about))
    if len(models) > 1 and path.repair is None:
        share = path.steps[models[0].row].removed / total
        network, kept = path.model_at(share), path.masks_at(share)
        tracking.log_file(
            run_id, USABLE_WEIGHTS, lambda file: save_network(file, network, kept, about)
        )
    if nested(str(path.settings["criterion"])):
        tracking.log_array(run_id, path.removal_order, ORDER)
    tracking.log_text(run_id, csv_text(table), TABLE)
    for name, value in _facts(path).items():
        tracking.log_tags(run_id, {name: str(value)})
    if not models:
        tracking.log_metrics(run_id, rows[-1:])
        return
    for name, picture in pictures(path, dense).items():
        tracking.log_bytes(run_id, picture, name)
    tracking.log_file(run_id, PREDICTIONS, lambda file: write_predictions(file, path, dense))
    ids = log_models(run_id, path, models, dense)
    for i in sorted(later):
        tracking.log_metrics(run_id, [rows[i]], ids.get(i))


def _facts(path: PruningPath) -> dict[str, object]:
    facts = path.settings["facts"]
    return dict(facts) if isinstance(facts, Mapping) else {}


def _row(step: Step, total: int) -> tuple[int, dict[str, float]]:
    return step.index, {**step.metrics, "sparsity": step.removed / total}
