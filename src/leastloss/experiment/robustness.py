"""The recipe of the entry point ``robustness``: dense and pruned networks under noise."""

import tempfile
from pathlib import Path

import click
import pandas as pd
from torch import nn

from leastloss import tracking
from leastloss.errors import ResourceError
from leastloss.evaluation import robustness_of
from leastloss.experiment.config import RobustnessConfig, names, numbers, parameters
from leastloss.experiment.dense import Dense, fetch_dense
from leastloss.experiment.prune import PRUNED, TABLE
from leastloss.experiment.select import children, newest
from leastloss.models.files import load_network
from leastloss.plots import robustness_figure

SHOWN = ("accuracy", "minority_recall", "flip_rate", "sensitivity_ratio")


def robustness(config: RobustnessConfig) -> pd.DataFrame:
    """Evaluate every network of a run under noise; returns one row per network and noise.

    Raises:
        InputError: If a corruption or severity is unknown.
        ResourceError: If the run is missing or holds no network.
    """
    run_id = config.run_id or newest("prune")
    corruptions = names(config.corruptions)
    severities = numbers(config.severities, int, "severities")
    tags = {"leastloss.of_run": run_id}
    title = f"robustness of {run_id[:8]}"
    with tracking.run("robustness", title, parameters(config), tags=tags) as own:
        dense, models = _networks(run_id)
        tracking.log_data(own, dense.data, dense.model_id)
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
        tracking.log_figure(own, robustness_figure(table), "robustness.png")
        tracking.log_metrics(own, _metrics(table))
    _print(table)
    click.echo(f"robustness run: {own}")
    return table


def _networks(run_id: str) -> tuple[Dense, dict[str, nn.Module]]:
    """The dense network of a run and the pruned ones it holds, by criterion."""
    found = tracking.find_run(run_id)
    kind = found.data.tags.get(tracking.KIND, "none of ours")
    pruned = {"prune": children(run_id), "criterion": [found], "train": []}.get(kind)
    if pruned is None:
        raise ResourceError(f"run {run_id!r} holds no network: it is a run of kind {kind!r}")
    source = pruned[0].data.tags["leastloss.dense_run"] if pruned else run_id
    dense = fetch_dense(source)
    models: dict[str, nn.Module] = {"dense": dense.model}
    for child in pruned:
        with tempfile.TemporaryDirectory() as folder:
            file = tracking.fetch_file(child.info.run_id, PRUNED, Path(folder))
            models[child.data.params["criterion"]] = load_network(file)[0]
    return dense, models


def _metrics(table: pd.DataFrame) -> list[tuple[int, dict[str, float]]]:
    """One metric per network, noise and quantity; the step is the severity."""
    rows: dict[int, dict[str, float]] = {}
    for row in table.to_dict("records"):
        for metric in SHOWN:
            name = f"{row['model']}.{row['corruption']}.{metric}"
            rows.setdefault(int(row["severity"]), {})[name] = float(row[metric])
    return sorted(rows.items())


def _print(table: pd.DataFrame) -> None:
    noisy = table[table["severity"] > 0]
    means = noisy.groupby("model", sort=False)[list(SHOWN)].mean()
    click.echo("mean over all noises and severities:")
    click.echo(means.to_string(float_format=lambda value: f"{value:.3f}"))
