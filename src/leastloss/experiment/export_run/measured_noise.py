"""What runs measured of a network under noise, for its model card."""

from collections.abc import Mapping

import click
import pandas as pd

from leastloss import tracking
from leastloss.errors import ResourceError
from leastloss.evaluation import is_at
from leastloss.experiment.run_names import OF_RUN, TABLE
from leastloss.experiment.run_table import numbers_of_run
from leastloss.tracking import Run

_METRICS = ("accuracy", "balanced_accuracy", "minority_recall")

Noise = dict[str, dict[str, float]]
"""Noise and severity in words -> metric in words -> share."""


def measured_noise(run: Run, sparsity: float, row: Mapping[str, float]) -> Noise:
    """Collect what a pruning run measured on the way, and the newest robustness run of it.

    Args:
        run: A child of a prune run, or a train run.
        sparsity: Of the network; 0 is the dense one.
        row: The network's row in the table of the run; empty if it has none.
    """
    noise = _on_the_way(run.data.params.get("noise", ""), row)
    parents = {run.info.run_id, run.data.tags.get("mlflow.parentRunId", run.info.run_id)}
    where = f"tags.`{tracking.KIND}` = 'robustness' AND attributes.status = 'FINISHED'"
    criterion = run.data.params.get("criterion", "dense") if sparsity else "dense"
    for robust in tracking.search(where):
        of_it = robust.data.tags.get(OF_RUN) in parents
        if of_it and (rows := _of_network(robust, criterion, sparsity)):
            return noise | rows
    return noise


def _on_the_way(noises: str, row: Mapping[str, float]) -> Noise:
    by_noise: Noise = {}
    for noise in filter(None, noises.split(",")):
        kind, _, severity = noise.strip().partition(":")
        values = {
            metric.replace("_", " "): row[f"{kind}{severity}_{metric}"]
            for metric in _METRICS
            if f"{kind}{severity}_{metric}" in row
        }
        if values:
            by_noise[f"{kind}, severity {severity}"] = values
    return by_noise


def _of_network(robust: Run, criterion: str, sparsity: float) -> Noise:
    """The rows of a network in a robustness run: means over the severities of each noise."""
    try:
        (text,) = tracking.fetch_texts([robust], TABLE)
        table = numbers_of_run(robust, TABLE, text)
    except ResourceError as error:  # nobody asked for this run
        click.echo(f"left out: {error}", err=True)
        return {}
    if not {"criterion", "sparsity", "corruption", "severity", *_METRICS} <= set(table.columns):
        return {}
    at = pd.Series([is_at(value, sparsity) for value in table["sparsity"]], index=table.index)
    rows = table[at & (table["criterion"] == criterion) & (table["corruption"] != "clean")]
    by_noise: Noise = {}
    for kind, part in rows.groupby("corruption", sort=False):
        severities = ", ".join(f"{severity:g}" for severity in sorted(part["severity"]))
        of = "severity" if len(part) == 1 else "mean of severities"
        means = part[list(_METRICS)].mean()
        by_noise[f"{kind}, {of} {severities}"] = {
            str(metric).replace("_", " "): float(value) for metric, value in means.items()
        }
    return by_noise
