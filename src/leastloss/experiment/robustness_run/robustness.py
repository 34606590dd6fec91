"""The recipe of the entry point ``robustness``: dense and pruned networks under noise."""

from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from leastloss import tracking
from leastloss.data import CORRUPTIONS, Split, applicable, is_map
from leastloss.determinism import as_configured
from leastloss.errors import InputError
from leastloss.evaluation import (
    WEIGHT_NOISE,
    check_names,
    check_noise,
    corruption_errors,
    metric_of,
    noise_summary,
    robustness_of,
)
from leastloss.experiment.config import RobustnessConfig
from leastloss.experiment.robustness_run.networks import Network, networks_of
from leastloss.experiment.run_names import OF_RUN, TABLE, data_words, joined, name_tags, note_of
from leastloss.experiment.run_query import newest, source
from leastloss.experiment.run_table import csv_text
from leastloss.options import names, numbers, parameters
from leastloss.plots import corruption_samples, render, robustness_figure, robustness_matrix

SUMMARY = "summary.csv"
CHARTED = ("accuracy", "minority_recall", "flip_rate")
_SAMPLES = 3


@as_configured
def robustness(config: RobustnessConfig) -> pd.DataFrame:
    """Evaluate every network of a run under noise; returns one row per network and noise.

    Raises:
        InputError: If a corruption, attack or severity is unknown.
        ResourceError: If the run is missing or holds no network.
    """
    corruptions, attacks = chosen(config.corruptions), names(config.attacks)
    severities = numbers(config.severities, int, "severities")
    sparsities = numbers(config.sparsity, float, "sparsity")
    if not (corruptions and severities):
        raise InputError("corruptions or severities is empty; name one or more of each")
    check_names(corruptions, severities, attacks)
    source_run = source(config.run_id, config.unfinished) if config.run_id else None
    run_id = source_run.info.run_id if source_run else newest("prune")
    dense, networks = networks_of(run_id, sparsities, trust=config.trust == "yes")
    if config.corruptions.strip() == "all":
        test = dense.data.test
        corruptions = (*applicable(test.x, maps=is_map(test.y)), WEIGHT_NOISE)
    check_noise(corruptions, severities, attacks, dense.data.test)
    tags = {OF_RUN: run_id}  # bad input has failed by now, before a run is opened
    title = f"robustness of {run_id[:8]}"
    with tracking.run("robustness", title, parameters(config), tags=tags) as robustness_id:
        tracking.log_data(robustness_id, dense.data, dense.model_id)
        name = joined("robustness", data_words(dense.settings), f"s{dense.settings['seed']}")
        what = f"Exposes {len(networks)} networks of run {run_id} to {config.corruptions}."
        again = f"mlflow run . -e robustness -P run_id={run_id}"
        again += " -P unfinished=yes" if config.unfinished == "yes" else ""
        tracking.log_tags(robustness_id, name_tags(dense.settings))
        tracking.describe(
            robustness_id, note_of(dense.settings, what, again), name, ["robustness.png"]
        )
        samples = SampleImages(dense.data.test)
        table = robustness_of(
            {network.label: network.model for network in networks},
            dense.data.test,
            corruptions=corruptions,
            severities=severities,
            attacks=attacks,
            seed=config.seed,
            reference="dense",
            train=dense.data.train,
            progress=True,
            seen=samples.take,
        )
        table = _described(table, networks)
        summary = _described(noise_summary(table), networks)
        tracking.log_text(robustness_id, csv_text(table), TABLE)
        tracking.log_text(robustness_id, csv_text(summary), SUMMARY)
        shares = ", ".join(f"{at:g}" for at in sparsities)
        where = f", pruned to {shares}" if shares else ""
        _log_figures(robustness_id, table, f"{dense.name} on {dense.data.title}{where}")
        if samples.images:
            figure = corruption_samples(samples.images, title=f"{dense.data.title}, test images")
            tracking.log_bytes(robustness_id, render(figure), "corruptions.png")
        tracking.log_metrics(robustness_id, _metrics(table, summary))
    _print(summary)
    click.echo(f"robustness run: {robustness_id}")
    return table


class SampleImages:
    """Collects corrupted samples of a split: ``images[corruption][severity]``.

    Severity 0 is the clean sample. There is one sample of the first, of the middle and of the last
    class, by the rarest one on a map of labels, with the same noise that the networks met.
    """

    def __init__(self, split: Split) -> None:
        labels = split.strata.cpu()
        present = torch.unique(labels)
        some = present[torch.linspace(0, len(present) - 1, _SAMPLES).round().long()].unique()
        self.chosen = [int((labels == label).nonzero()[0]) for label in some]
        self.clean = self._of(split.x)
        self.images: dict[str, dict[int, NDArray[np.floating[Any]]]] = {}

    def take(self, corruption: str, severity: int, x: torch.Tensor) -> None:
        """Collect the chosen samples of corrupted images (n, C, H, W); other samples are not."""
        if x.ndim == 4:
            by_severity = self.images.setdefault(corruption, {0: self.clean})
            by_severity[severity] = self._of(x)

    def _of(self, x: torch.Tensor) -> NDArray[np.floating[Any]]:
        return np.asarray(x[self.chosen].cpu().numpy())


def chosen(text: str) -> tuple[str, ...]:
    """Read the names of corruptions; ``all``: all corruptions of images, and weight noise.

    Example:
        >>> chosen("shot, rotation"), len(chosen("all"))
        (('shot', 'rotation'), 13)
    """
    return (*CORRUPTIONS, WEIGHT_NOISE) if text.strip() == "all" else names(text)


def _described(table: pd.DataFrame, networks: list[Network]) -> pd.DataFrame:
    """Add the criterion and the sparsity of each model to the table."""
    about = {network.label: network for network in networks}
    described = table.copy()
    described.insert(1, "criterion", [about[label].criterion for label in table["model"]])
    described.insert(2, "sparsity", [about[label].sparsity for label in table["model"]])
    return described


def _log_figures(run_id: str, table: pd.DataFrame, title: str) -> None:
    figures = {"robustness_matrix": robustness_matrix(table, title=title)}
    figures["corruption_errors"] = robustness_matrix(
        corruption_errors(table), "corruption_error", title=title
    )
    for metric, name in (("accuracy", "robustness"), ("minority_recall", "robustness_minority")):
        if metric in table:
            figures[name] = robustness_figure(table, [metric], title=title)
    for name, figure in figures.items():
        tracking.log_bytes(run_id, render(figure), f"{name}.png")


def _metrics(table: pd.DataFrame, summary: pd.DataFrame) -> list[tuple[int, dict[str, float]]]:
    """Metrics in groups by noise, models side by side; the step is the severity, 0 is clean."""
    rows: dict[int, dict[str, float]] = {}
    charted = [metric for metric in CHARTED if metric in table]
    noises = [name for name in table["corruption"].unique() if name != "clean"]
    for row in table.to_dict("records"):
        for noise in noises if row["severity"] == 0 else [row["corruption"]]:
            for metric in charted:
                name = f"{noise}/{metric}.{_spelt(row['model'])}"
                rows.setdefault(int(row["severity"]), {})[name] = float(row[metric])
    overall = [str(c) for c in summary if str(c).startswith(("mce", "relative_mce", "mean_"))]
    for row in summary.to_dict("records"):
        for quantity in overall:
            rows.setdefault(0, {})[f"{quantity}/{_spelt(row['model'])}"] = float(row[quantity])
    return sorted(rows.items())


def _spelt(model: str) -> str:
    return model.replace("=", "-").replace("@", " at ")  # MLflow allows neither in a name


def _print(summary: pd.DataFrame) -> None:
    shown = ["mce", "relative_mce"]
    shown += [f"mean_{name}" for name in (*CHARTED, "calibration_error")]
    words = {name: metric_of(name.removeprefix("mean_")).words for name in shown}
    means = summary.set_index("model").filter(shown).rename(columns=words)
    click.echo("mean over the corruptions of images and their severities:")
    click.echo(means.to_string(float_format=lambda value: f"{value:.3f}"))
    for note, rows in summary[summary["note"] != ""].groupby("note", sort=False):
        of = "all" if len(rows) == len(summary) else ", ".join(rows["model"])
        click.echo(f"no corruption error of {of}: {note}")
