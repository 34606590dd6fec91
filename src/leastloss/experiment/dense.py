"""The dense network of a run: what its file holds, checked, and how to fetch it."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from torch import nn

from leastloss import tracking
from leastloss.data import Data, load_data, own_name
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.config import TrainConfig
from leastloss.experiment.data_recipe import fetch_data
from leastloss.experiment.stored_network import WEIGHTS as WEIGHTS
from leastloss.experiment.stored_network import check_called, network_of_run
from leastloss.hints import kind_of
from leastloss.models import network_facts
from leastloss.options import defaults, fields_of, older

MODEL_TAG = "leastloss.dense_model"
RUN_TAG = "leastloss.dense_run"
SOURCE_TAG = "leastloss.data_source"

_FIRST = ("dataset", "model", "hidden", "seed")  # settings that every file has had
_KINDS = {int: "a whole number", float: "a number"}


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
class SavedFacts:
    """The arguments of ``load_data``, the network's name, and the training's parameters."""

    data: dict[str, Any]
    name: str
    settings: dict[str, str]


def fetch_dense(run_id: str, data_dir: str = "", *, trust: bool = False) -> Dense:
    """Fetch the dense network that a run trained, or that it was pruned from.

    Args:
        run_id: The run.
        data_dir: The data folder.
        trust: Whether functions that the run names may be called, and models that it names opened.
    """
    run = tracking.find_run(run_id)
    run_id = run.data.tags.get(RUN_TAG, run_id)
    run = tracking.find_run(run_id)
    with tempfile.TemporaryDirectory() as folder:
        path = tracking.fetch_file(run_id, WEIGHTS, Path(folder))
        try:
            saved = saved_facts(network_facts(path))
        except InputError as error:  # the file is at fault, not the caller
            raise tracking.damaged(run_id, WEIGHTS, error) from error
        data = _data_of(run_id, saved, data_dir or _folder(saved.settings), trust)
        model = network_of_run(path, saved.settings, data, trust=trust)
    same_data(run_id, data)
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


def _data_of(run_id: str, saved: SavedFacts, data_dir: str | None, trust: bool) -> Data:
    name, user_name = saved.data["name"], None
    try:
        user_name = own_name(name)
        if user_name is not None and user_name.kind == "function":
            check_called("data", name, trust)
        return fetch_data(saved.data, data_dir)
    except InputError as error:
        if user_name is None:  # the file is at fault, not the caller
            raise tracking.damaged(run_id, WEIGHTS, error) from error
        raise


def saved_facts(facts: Mapping[str, object]) -> SavedFacts:
    """Check the facts that were saved with a dense network.

    A setting that the file does not hold is newer than the file, and is what it was before.

    Example:
        >>> saved_facts({"data": {"name": "digits", "seed": 0}, "settings": {}, "name": 3})
        Traceback (most recent call last):
        leastloss.errors.InputError: its fact 'name' is 3; it must be a text
    """
    data, settings = _table(facts, "data"), _table(facts, "settings")
    name = facts.get("name")
    if not isinstance(name, str):
        raise InputError(f"its fact 'name' is {_shown(name)}; it must be a text")
    recipe = ("name", *fields_of(TrainConfig, "data", "seed"))
    hints = {key: hint for key, hint in get_type_hints(load_data).items() if key in recipe}
    for key in (*("name", "seed"), *data):
        kind = kind_of(hints[key]) if key in hints else None
        if kind is None or not kind.allows(data.get(key)):
            raise InputError(f"its fact {key!r} of data is {_shown(data.get(key))}")
    usual = {name: field.default for name, field in fields_of(TrainConfig).items()}
    for key in (*_FIRST, *settings):
        value = settings.get(key)
        if not isinstance(value, str):
            raise InputError(f"its setting {key!r} is {_shown(value)}; it must be a text")
        number: Any = type(usual.get(key, ""))
        try:
            number(value)
        except ValueError:
            raise InputError(
                f"its setting {key!r} is {_shown(value)}; it must be {_KINDS[number]}"
            ) from None
    before = older(TrainConfig)
    data = {key: value for key, value in before.items() if key in recipe} | data
    return SavedFacts(data=data, name=name, settings=defaults(TrainConfig) | before | settings)


def check_fits(run_id: str, name: str, model: nn.Module, data: Data) -> None:
    """Refuse a network that was read from a run and does not fit its data."""
    if not hasattr(model, "features") or not hasattr(model, "classes"):
        return  # a user's own, which was built for these data
    ours, theirs = ((each.features, each.classes) for each in (model, data))
    if ours != theirs:
        raise tracking.damaged(
            run_id,
            name,
            f"its network is for {ours[0]} features and {ours[1]} classes, and {data.name} has "
            f"{theirs[0]} and {theirs[1]}",
        )


def same_data(run_id: str, data: Data) -> None:
    """Refuse data other than those that the network was trained on."""
    inputs = tracking.find_run(run_id).inputs
    recorded = inputs.dataset_inputs if inputs else []
    logged = {split_input.dataset.name: split_input.dataset.digest for split_input in recorded}
    for split in ("train", "val", "test"):
        name, digest = f"{data.name}-{split}", getattr(data, split).digest()
        if name in logged and not digest.startswith(logged[name]):
            raise ResourceError(f"{name} is not the data that run {run_id!r} was trained on")


def _folder(settings: dict[str, str]) -> str | None:
    """The data folder that the network was trained from, if it is still there."""
    folder = settings["data_dir"]
    return folder if folder and Path(folder).is_dir() else None


def _table(facts: Mapping[str, object], key: str) -> dict[str, Any]:
    value = facts.get(key)
    if not isinstance(value, dict):
        raise InputError(f"its fact {key!r} is {_shown(value)}; it must be a table")
    return value


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]
