"""The dense network that every path starts from: trained here, or fetched from a run."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import nn

from leastloss import tracking
from leastloss.data import Data, load_data
from leastloss.errors import InputError, ResourceError
from leastloss.evaluation import evaluate, network_collapse
from leastloss.experiment.axes import check_training_axes
from leastloss.experiment.config import TrainConfig
from leastloss.experiment.dense_metadata import saved_facts
from leastloss.geometry import COLLAPSE
from leastloss.models import build_model, read_network, save_network
from leastloss.options import number, numbers, parameters
from leastloss.plots import collapse_curves, render, training_curves
from leastloss.seeds import torch_stream
from leastloss.training import fit

WEIGHTS = "dense_weights.safetensors"
MODEL_TAG = "leastloss.dense_model"
RUN_TAG = "leastloss.dense_run"
SOURCE_TAG = "leastloss.data_source"
WATCHED = 200  # samples per class for collapse during training: quick enough for every epoch


@dataclass(frozen=True, kw_only=True)
class Dense:
    """A trained network with its data and where it is tracked.

    ``settings`` are the parameters it was trained with, as they were logged.
    """

    model: nn.Module
    data: Data
    run_id: str
    model_id: str
    name: str
    settings: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Untrained:
    """A network before its training, with its data."""

    config: TrainConfig
    model: nn.Module
    data: Data


def data_of(config: TrainConfig) -> Data:
    """Load what a configuration asks for."""
    return load_data(
        config.dataset,
        size=number(config.size, int, "size"),
        imbalance=config.imbalance,
        ratio=config.ratio,
        rare=numbers(config.rare, int, "rare"),
        share=number(config.share, float, "share"),
        subset=config.subset,
        replicate=config.replicate,
        seed=config.seed,
        data_dir=config.data_dir or None,
    )


def network_of(config: TrainConfig, data: Data) -> nn.Module:
    """Build the untrained network that a configuration asks for."""
    hidden = numbers(config.hidden, int, "hidden")
    generator = torch_stream(config.seed, "initialisation")
    try:
        return build_model(config.model, data.shape, hidden, data.classes, generator=generator)
    except RuntimeError as error:  # torch's, when memory does not suffice
        raise ResourceError(
            f"a network with hidden={config.hidden} does not fit: {error}"
        ) from error


def untrained(config: TrainConfig) -> Untrained:
    """Load the data and build the network; whatever is wrong with either is refused here.

    Raises:
        InputError: If a name is unknown, or the data or the network cannot be made.
        ResourceError: If the data cannot be read or the network does not fit into memory.
    """
    check_training_axes(config)
    data = data_of(config)
    return Untrained(config=config, model=network_of(config, data), data=data)


def train_dense(start: Untrained, run_id: str) -> Dense:
    """Train within an open run; log data, history, metrics, weights and model to it."""
    config, model, data = start.config, start.model, start.data
    tracking.log_data(run_id, data)
    if data.source:
        tracking.log_tags(run_id, {SOURCE_TAG: data.source})
    history = fit(
        model,
        data,
        epochs=config.epochs,
        patience=config.patience,
        lr=config.lr,
        batch_size=config.batch_size,
        loss=config.loss,
        seed=config.seed,
        on_epoch=lambda _, network: network_collapse(network, data.train, most=WATCHED),
    )
    widths = numbers(config.hidden, int, "hidden")
    name = " ".join([config.model, "-".join(str(width) for width in widths)]).strip()
    tracking.log_metrics(run_id, _epochs(history))
    metrics = evaluate(model, data.test)
    metrics |= {f"val_{name}": value for name, value in evaluate(model, data.val).items()}
    metrics |= network_collapse(model, data.train)
    settings = {key: parameters(config)[key] for key in parameters(TrainConfig())}
    about = {"data": data.recipe, "name": name, "settings": settings}
    about |= {"data_source": data.source} if data.source else {}
    tracking.log_file(run_id, WEIGHTS, lambda path: save_network(path, model, {}, about))
    figure = training_curves(history, title=f"{name} on {data.title}")
    tracking.log_bytes(run_id, render(figure), "training.png")
    figure = collapse_curves(history, title=f"{name} on {data.title}")
    tracking.log_bytes(run_id, render(figure), "collapse.png")
    model_id = tracking.log_network(run_id, model, data, "dense", {"run_id": run_id})
    tracking.log_metrics(run_id, [(0, metrics)], model_id)
    tracking.log_tags(run_id, {MODEL_TAG: model_id})
    return Dense(
        model=model, data=data, run_id=run_id, model_id=model_id, name=name, settings=settings
    )


def fetch_dense(run_id: str, data_dir: str = "") -> Dense:
    """Fetch the dense network that a run trained, or that it was pruned from.

    Raises:
        ResourceError: If the run is missing, holds no network, or its data have changed since.
    """
    run = tracking.find_run(run_id)
    run_id = run.data.tags.get(RUN_TAG, run_id)
    run = tracking.find_run(run_id)
    with tempfile.TemporaryDirectory() as folder:
        model, _, facts = read_network(tracking.fetch_file(run_id, WEIGHTS, Path(folder)))
    try:
        saved = saved_facts(facts)
        data = load_data(**saved.data, data_dir=data_dir or _folder(saved.settings))
    except InputError as error:  # the file is at fault, not the caller
        raise tracking.damaged(run_id, WEIGHTS, error) from error
    _same_data(run_id, data)
    check_fits(run_id, WEIGHTS, model, data)
    model_id = run.data.tags.get(MODEL_TAG)
    if not model_id:
        raise ResourceError(f"run {run_id!r} did not finish: it logged no dense model")
    return Dense(
        model=model,
        data=data,
        run_id=run_id,
        model_id=model_id,
        name=saved.name,
        settings=saved.settings,
    )


def check_fits(run_id: str, name: str, model: nn.Module, data: Data) -> None:
    """Refuse a network that was read from a run and does not fit its data.

    Raises:
        ResourceError: If the numbers of features or classes differ.
    """
    ours, theirs = ((each.features, each.classes) for each in (model, data))
    if ours != theirs:
        raise tracking.damaged(
            run_id,
            name,
            f"its network is for {ours[0]} features and {ours[1]} classes, and {data.name} has "
            f"{theirs[0]} and {theirs[1]}",
        )


def _folder(settings: dict[str, str]) -> str | None:
    """The data folder that the network was trained from, if it is still there."""
    folder = settings["data_dir"]
    return folder if folder and Path(folder).is_dir() else None


def _same_data(run_id: str, data: Data) -> None:
    """Refuse data other than those that the network was trained on."""
    inputs = tracking.find_run(run_id).inputs
    recorded = inputs.dataset_inputs if inputs else []
    logged = {split_input.dataset.name: split_input.dataset.digest for split_input in recorded}
    for split in ("train", "val", "test"):
        name, digest = f"{data.name}-{split}", getattr(data, split).digest()
        if name in logged and not digest.startswith(logged[name]):
            raise ResourceError(f"{name} is not the data that run {run_id!r} was trained on")


def _epochs(history: pd.DataFrame) -> list[tuple[int, dict[str, float]]]:
    # The prefix "epoch_" keeps them apart from the metrics of the final network.
    names = {name: f"epoch_{name}" for name in ("val_loss", "val_accuracy", *COLLAPSE)}
    rows = history.rename(columns=names).to_dict("records")
    return [(int(row.pop("epoch")), {str(k): float(v) for k, v in row.items()}) for row in rows]
