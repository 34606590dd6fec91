"""The recipe of the entry point ``train``, and the training of every other recipe."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pandas as pd
from torch import nn

from leastloss import tracking
from leastloss.data import Data, data_root
from leastloss.deploy import program_of
from leastloss.determinism import as_configured
from leastloss.errors import InputError, ResourceError
from leastloss.evaluation import evaluate, network_collapse
from leastloss.experiment.commands import command
from leastloss.experiment.config import TrainConfig
from leastloss.experiment.data_recipe import fetch_data
from leastloss.experiment.dense import MODEL_TAG, SOURCE_TAG, WEIGHTS, Dense
from leastloss.experiment.option_checks import check_training_axes
from leastloss.experiment.run_names import data_words, joined, name_tags, note_of
from leastloss.experiment.stored_network import brought_network
from leastloss.geometry import COLLAPSE
from leastloss.models import (
    as_classifier,
    build_model,
    load_checkpoint,
    own_network,
    save_network,
)
from leastloss.options import number, numbers, parameters
from leastloss.plots import collapse_columns, collapse_curves, render, training_curves
from leastloss.seeds import torch_stream
from leastloss.training import fit

TRAINING, COLLAPSING = "training.png", "collapse.png"
WATCHED = 2000  # samples for collapse during training: quick enough for every epoch


@dataclass(frozen=True, kw_only=True)
class Untrained:
    """A network before its training, with its data."""

    config: TrainConfig
    model: nn.Module
    data: Data


@as_configured
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
        figures = [] if keeps_weights(config) else [TRAINING]
        if figures and network_collapse(dense.model, dense.data.train, most=2):
            figures.append(COLLAPSING)
        tracking.describe(run_id, note, figures=figures)
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


def untrained(config: TrainConfig) -> Untrained:
    """Load the data and build the network; whatever is wrong with either is refused here."""
    check_training_axes(config)
    data = data_of(config)
    model = network_of(config, data)
    if own_network(config.model):
        try:  # the run logs it as a graph in the end
            program_of(model, data.train.x[:2])
        except InputError as error:
            raise InputError(f"{config.model} could not be logged: {error}") from error
    return Untrained(config=config, model=model, data=data)


def data_of(config: TrainConfig) -> Data:
    """Load what a configuration asks for."""
    recipe: dict[str, Any] = {
        "name": config.dataset,
        "size": number(config.size, int, "size"),
        "imbalance": config.imbalance,
        "ratio": config.ratio,
        "rare": numbers(config.rare, int, "rare"),
        "share": number(config.share, float, "share"),
        "subset": config.subset,
        "replicate": config.replicate,
        "validation": config.validation,
        "seed": config.seed,
    }
    return fetch_data(recipe, config.data_dir or None)


def keeps_weights(config: TrainConfig) -> bool:
    """Whether the network has its weights already and is not trained.

    One from elsewhere is trained further if epochs are asked for.
    """
    brought = own_network(config.model) in ("stored", "exported")
    return bool(config.weights) or (brought and config.epochs == TrainConfig().epochs)


def network_of(config: TrainConfig, data: Data) -> nn.Module:
    """Build or fetch the network that a configuration asks for, with its weights if it has some."""
    if own_network(config.model) in ("stored", "exported"):
        if config.weights or config.normalize != "auto":
            raise InputError(
                f"model {config.model!r} has its weights and takes samples as they are; leave out "
                "weights and normalize"
            )
        network = brought_network(config.model, trust=config.trust == "yes")
        return as_classifier(
            config.model, network, data.shape, data.classes, forward=config.forward
        )
    hidden = numbers(config.hidden, int, "hidden")
    generator = torch_stream(config.seed, "initialisation")
    try:
        model = build_model(
            config.model,
            data.shape,
            hidden,
            data.classes,
            normalize=config.normalize,
            forward=config.forward,
            generator=generator,
        )
    except RuntimeError as error:  # torch's, when memory does not suffice
        raise ResourceError(
            f"a network with hidden={config.hidden} does not fit: {error}"
        ) from error
    return load_checkpoint(weights_file(config), model) if config.weights else model


def weights_file(config: TrainConfig) -> Path:
    """Where the file of weights is: as its path says, or from the data folder on.

    Example:
        >>> from dataclasses import replace
        >>> weights_file(replace(TrainConfig(), weights="no/such/net.pth")).name
        'net.pth'
    """
    path = Path(config.weights).expanduser()
    beside = data_root(config.data_dir or None) / path
    return beside if not path.exists() and beside.exists() else path


def train_dense(start: Untrained, run_id: str) -> Dense:
    """Train within an open run, unless weights are given; log all of it there."""
    config, model, data = start.config, start.model, start.data
    tracking.log_data(run_id, data)
    if data.source:
        tracking.log_tags(run_id, {SOURCE_TAG: data.source})
    history = None if keeps_weights(config) else _fitted(config, model, data)
    widths = numbers(config.hidden, int, "hidden")
    name = " ".join([config.model, "-".join(str(width) for width in widths)]).strip()
    metrics = evaluate(model, data.test)
    metrics |= {f"val_{name}": value for name, value in evaluate(model, data.val).items()}
    metrics |= network_collapse(model, data.train)
    settings = {key: parameters(config)[key] for key in parameters(TrainConfig())}
    about = {"data": data.recipe, "name": name, "settings": settings}
    about |= {"data_source": data.source} if data.source else {}
    tracking.log_file(run_id, WEIGHTS, lambda path: save_network(path, model, {}, about))
    if history is not None:
        tracking.log_metrics(run_id, _epochs(history))
        title = f"{name} on {data.title}"
        tracking.log_bytes(run_id, render(training_curves(history, title=title)), TRAINING)
        if collapse_columns(history):
            tracking.log_bytes(run_id, render(collapse_curves(history, title=title)), COLLAPSING)
    model_id = tracking.log_network(run_id, model, data, "dense", {"run_id": run_id})
    tracking.log_metrics(run_id, [(0, metrics)], model_id)
    tracking.log_tags(run_id, {MODEL_TAG: model_id})
    return Dense(
        model=model, data=data, run_id=run_id, model_id=model_id, name=name, settings=settings
    )


def _fitted(config: TrainConfig, model: nn.Module, data: Data) -> pd.DataFrame:
    most = min(200, max(20, WATCHED // data.classes))
    return fit(
        model,
        data,
        epochs=config.epochs,
        patience=config.patience,
        lr=config.lr,
        batch_size=config.batch_size,
        loss=config.loss,
        optimizer=config.optimizer,
        augment=config.augment,
        seed=config.seed,
        on_epoch=lambda _, network: network_collapse(network, data.train, most=most),
    )


def _epochs(history: pd.DataFrame) -> list[tuple[int, dict[str, float]]]:
    # The prefix "epoch_" keeps them apart from the metrics of the final network.
    names = {name: f"epoch_{name}" for name in ("val_loss", "val_accuracy", *COLLAPSE)}
    rows = history.rename(columns=names).to_dict("records")
    return [(int(row.pop("epoch")), {str(k): float(v) for k, v in row.items()}) for row in rows]
