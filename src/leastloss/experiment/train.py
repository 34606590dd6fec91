"""The recipe of the entry point ``train``."""

import click

from leastloss import tracking
from leastloss.evaluation import evaluate
from leastloss.experiment.commands import command
from leastloss.experiment.config import TrainConfig
from leastloss.experiment.dense import Dense, train_dense, untrained
from leastloss.experiment.run_names import data_words, joined, name_tags, note_of
from leastloss.options import parameters


def train(config: TrainConfig) -> Dense:
    """Train a network and log it; prints the run's id and the test metrics.

    Raises:
        InputError: If a parameter is out of range or a name unknown.
        ResourceError: If data, disk or tracking store fail.
    """
    start, params = untrained(config), parameters(config)  # bad input fails before a run is opened
    name = joined(f"train {config.model}", data_words(params), f"s{config.seed}")
    with tracking.run("train", name, params, tags=name_tags(params)) as run_id:
        dense = train_dense(start, run_id)
        note = note_of(params, "Trains a dense network.", command("train", params))
        tracking.describe(run_id, note, figures=["training.png", "collapse.png"])
    report(dense)
    click.echo(f"train run: {dense.run_id}")
    return dense


def report(dense: Dense) -> None:
    """Print the test metrics of a dense network."""
    metrics = evaluate(dense.model, dense.data.test)
    keys = ("accuracy", "balanced_accuracy", "minority_recall", "worst_class_recall")
    figures = ", ".join(f"{key.replace('_', ' ')} {metrics[key]:.3f}" for key in keys)
    if dense.data.source:
        click.echo(f"{dense.data.title}, {dense.data.source}")
    click.echo(f"{dense.name} on {dense.data.title}: {figures}")
