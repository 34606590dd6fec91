"""Models and data sets by their address: their files, what was noted with them, and pickles."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import mlflow
from mlflow.data.dataset_source_registry import get_dataset_source_from_json
from mlflow.entities import Dataset
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from sqlalchemy.exc import SQLAlchemyError
from torch import nn

from leastloss.errors import InputError, ResourceError, brief
from leastloss.named_functions import current_folder_on_path, travels
from leastloss.tracking._find import find_run
from leastloss.tracking._store import client, store_name

DATASET = "datasets:/"
"""How addresses of data sets begin that runs recorded by MLflow's own means."""

_ALLOW = "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"


def fetch_dataset(address: str, folder: Path) -> tuple[Path, int | None]:
    """Fetch the file or the folder that a run recorded by ``mlflow.log_input`` into a folder.

    Its address is ``datasets:/<run id>/<name>``, without the name where the run has one data set.

    Returns:
        Where it is now, and of a table how many rows the run recorded, if it did.

    Raises:
        InputError: If the run has no such data set, or recorded no file.
        ResourceError: If there is no such run, or what it recorded cannot be read.
    """
    run_id, _, name = address.removeprefix(DATASET).strip("/").partition("/")
    run = find_run(run_id)
    entries = run.inputs.dataset_inputs if run.inputs else []
    recorded = {entry.dataset.name: entry.dataset for entry in entries}
    if not name and len(recorded) == 1:
        (name,) = recorded
    if name not in recorded:
        named = f"has no data set {name!r}" if name else "has not one data set"
        raise InputError(f"run {run_id!r} {named}; it has: {', '.join(recorded) or 'none'}")
    source = _source(recorded[name])
    if source is None:
        raise InputError(
            f"data set {name!r} of run {run_id!r} records no file that could be read "
            f"(its source is {recorded[name].source_type!r})"
        )
    try:
        return Path(source.load(str(folder))), _rows(recorded[name])
    except (MlflowException, OSError) as error:
        raise ResourceError(f"{address} cannot be read: {brief(error)}") from error


def _source(dataset: Dataset) -> Any:
    """The source of a data set in MLflow, if that is a file or a folder; nothing is read yet."""
    try:
        source = get_dataset_source_from_json(dataset.source, dataset.source_type)
    except (MlflowException, ValueError):
        return None
    # Artifacts of any storage have a uri, files of the web a url; tables and code have neither.
    return source if hasattr(source, "uri") or hasattr(source, "url") else None


def _rows(dataset: Dataset) -> int | None:
    """Rows of a recorded table, by its profile."""
    rows = json.loads(dataset.profile or "{}").get("num_rows")
    return rows if isinstance(rows, int) else None


def fetch_model(address: str, folder: Path) -> Path:
    """Fetch the files of a model into a folder; none of them is opened.

    Addresses are ``models:/name@alias``, ``models:/name/3``, ``models:/<model id>`` and
    ``runs:/<id>/<path>``.

    Raises:
        InputError: If the address leads out of its place.
        ResourceError: If there is no such model.
    """
    if ".." in address.split("/") or "\\" in address:
        raise InputError(f"model is {address!r}; it must be like models:/name@alias")
    client()  # a store that cannot be used is known at once
    try:
        downloaded = mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=str(folder))
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise ResourceError(
            f"there is no model {address} in the tracking store {store_name()}: {brief(error)}"
        ) from None
    path = Path(downloaded)
    climbing = [p for p in path.rglob("*") if not p.resolve().is_relative_to(folder.resolve())]
    if climbing or not (path / "MLmodel").is_file():
        raise ResourceError(f"{address} is no MLflow model")
    return path


def model_facts(address: str, path: Path) -> dict[str, Any]:
    """What was noted with a fetched model when it was logged.

    Raises:
        ResourceError: If it is no model of PyTorch.
    """
    try:
        model = Model.load(str(path))
        kinds = sorted(model.flavors)
    except Exception as error:  # what MLflow makes of a damaged file is of any kind
        raise ResourceError(f"{address} is no MLflow model, or damaged: {brief(error)}") from None
    if "pytorch" not in kinds:
        raise ResourceError(
            f"{address} is a model of {', '.join(kinds) or 'nothing'}, not of pytorch"
        )
    return dict(model.metadata or {})


def unpickled_network(address: str, path: Path) -> nn.Module:
    """Open a fetched model, whatever code it runs; only for models that the caller trusts.

    Raises:
        ResourceError: If it cannot be opened, or is no network.
    """
    before = os.environ.get(_ALLOW)
    os.environ[_ALLOW] = "true"
    try:
        with current_folder_on_path():
            network = mlflow.pytorch.load_model(str(path), map_location="cpu")
    except Exception as error:  # a pickle may raise anything
        raise ResourceError(f"{address} cannot be opened: {brief(error)}") from error
    finally:
        if before is None:
            del os.environ[_ALLOW]
        else:
            os.environ[_ALLOW] = before
    if not isinstance(network, nn.Module):
        raise ResourceError(f"{address} holds a {type(network).__name__}, no network")
    for name in {type(module).__module__ for module in network.modules()}:
        travels(sys.modules[name])
    return network
