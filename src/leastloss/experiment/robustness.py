"""The recipe of the entry point ``robustness``: dense and pruned networks under noise."""

import copy
import tempfile
from pathlib import Path

import click
import numpy as np
import pandas as pd
from torch import nn

from leastloss import tracking
from leastloss.errors import InputError, ResourceError
from leastloss.evaluation import robustness_of
from leastloss.experiment.config import RobustnessConfig, names, number, numbers, parameters
from leastloss.experiment.controls import nested
from leastloss.experiment.dense import Dense, fetch_dense
from leastloss.experiment.naming import data_words, joined, name_tags, note_of
from leastloss.experiment.prune import ORDER, PRUNED, TABLE
from leastloss.experiment.select import children, newest
from leastloss.models.files import load_network
from leastloss.plots import render, robustness_figure
from leastloss.pruning import Parts, apply_masks, as_recovery
from leastloss.pruning.schedule import parts_at
from leastloss.tracking import Run

SHOWN = ("accuracy", "minority_recall", "flip_rate", "sensitivity_ratio")


@tracking.explained()
def robustness(config: RobustnessConfig) -> pd.DataFrame:
    """Evaluate every network of a run under noise; returns one row per network and noise.

    Raises:
        InputError: If a corruption or severity is unknown.
        ResourceError: If the run is missing or holds no network.
    """
    run_id = config.run_id or newest("prune")
    corruptions = names(config.corruptions)
    severities = numbers(config.severities, int, "severities")
    if not (corruptions and severities):
        raise InputError("corruptions or severities is empty; name one or more of each")
    tags = {"leastloss.of_run": run_id}
    title = f"robustness of {run_id[:8]}"
    with tracking.run("robustness", title, parameters(config), tags=tags) as own:
        dense, models = _networks(run_id, number(config.sparsity, float, "sparsity"))
        tracking.log_data(own, dense.data, dense.model_id)
        name = joined("robustness", data_words(dense.settings), f"s{dense.settings['seed']}")
        said = f"Exposes {len(models)} networks of run {run_id} to {config.corruptions}."
        again = f"mlflow run . -e robustness -P run_id={run_id}"
        tracking.log_tags(own, name_tags(dense.settings))
        tracking.describe(own, note_of(dense.settings, said, again), name, ["robustness.png"])
        table = robustness_of(
            models,
            dense.data.test,
            corruptions=corruptions,
            severities=severities,
            seed=config.seed,
            reference="dense",
            progress=True,
        )
        tracking.log_text(own, table.to_csv(index=False), TABLE)
        where = f", pruned to {config.sparsity}" if config.sparsity else ""
        title = f"{dense.name} on {dense.data.name}{where}"
        figure = robustness_figure(table, title=title)
        tracking.log_bytes(own, render(figure), "robustness.png")
        tracking.log_metrics(own, _metrics(table))
    _print(table)
    click.echo(f"robustness run: {own}")
    return table


def _networks(run_id: str, at: float | None) -> tuple[Dense, dict[str, nn.Module]]:
    """The dense network of a run and the pruned ones it holds, by criterion."""
    found = tracking.find_run(run_id)
    kind = found.data.tags.get(tracking.KIND, "none of ours")
    if kind not in ("train", "prune", "criterion"):
        raise ResourceError(f"run {run_id!r} holds no network: it is a run of kind {kind!r}")
    pruned = children(run_id) if kind == "prune" else [found] if kind == "criterion" else []
    dense = fetch_dense(run_id)
    models: dict[str, nn.Module] = {"dense": dense.model}
    for child in pruned:
        if at is not None and kind == "prune" and not nested(child.data.params["criterion"]):
            continue  # a control that has no network between its steps
        with tempfile.TemporaryDirectory() as folder:
            model = _pruned(child, dense, at, Path(folder))
        models[child.data.params["criterion"]] = model
    return dense, models


def _pruned(child: Run, dense: Dense, at: float | None, folder: Path) -> nn.Module:
    """The last network of a criterion run, or the one at a sparsity by its removal order."""
    run_id, given = child.info.run_id, child.data.params
    if at is None:
        return load_network(tracking.fetch_file(run_id, PRUNED, folder))[0]
    recovery = as_recovery(given["recovery"])
    if not recovery.memoryless:
        raise InputError(
            f"run {run_id!r} repaired its networks ({given['recovery']}) and holds the last one "
            "only; leave out the sparsity"
        )
    order = tracking.fetch_array(run_id, ORDER)
    layers = names(given.get("layers", ""))
    parts = Parts.of(dense.model, given["granularity"], list(layers) or None)
    if order.ndim != 1 or not np.isin(order, np.arange(len(parts))).all():
        raise ResourceError(f"{ORDER} of run {run_id!r} is no order of its {len(parts)} parts")
    most = len(order) / len(parts)
    # Half a part of leeway: both a step's exact share and its rounded spelling are found.
    if not 0 <= at <= most + 0.5 / len(parts):
        raise InputError(f"sparsity is {at}; run {run_id!r} goes from 0 to {most:.4g}")
    removed = min(parts_at(at, len(parts)), len(order))
    model, masks = copy.deepcopy(dense.model), parts.masks(order[:removed])
    apply_masks(model, masks)
    if removed:
        recovery.begin(dense.model, dense.data, int(given["seed"]))(model, masks)
    return model


def _metrics(table: pd.DataFrame) -> list[tuple[int, dict[str, float]]]:
    """One metric per network, noise and quantity; the step is the severity."""
    rows: dict[int, dict[str, float]] = {}
    for row in table.to_dict("records"):
        for metric in SHOWN:
            model = row["model"].replace("=", "-").replace("@", " at ")  # MLflow allows neither
            name = f"{model}.{row['corruption']}.{metric}"
            rows.setdefault(int(row["severity"]), {})[name] = float(row[metric])
    return sorted(rows.items())


def _print(table: pd.DataFrame) -> None:
    noisy = table[table["severity"] > 0]
    means = noisy.groupby("model", sort=False)[list(SHOWN)].mean()
    click.echo("mean over all noises and severities:")
    click.echo(means.to_string(float_format=lambda value: f"{value:.3f}"))
