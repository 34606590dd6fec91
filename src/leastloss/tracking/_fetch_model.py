"""Models of a tracking store, by their address: files, facts, and what only a pickle holds."""

import os
import sys
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from sqlalchemy.exc import SQLAlchemyError
from torch import nn

from leastloss.errors import InputError, ResourceError, brief
from leastloss.named_functions import current_folder_on_path, travels
from leastloss.tracking._store import client, store_name

_ALLOW = "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"


def fetch_model(address: str, folder: Path) -> Path:
    """Fetch the files of a model; none of them is opened.

    Args:
        address: ``models:/name@alias``, ``models:/name/3``, ``models:/<model id>`` or
            ``runs:/<id>/<path>``.
        folder: Where to.

    Raises:
        InputError: If the address leads out of its place.
        ResourceError: If there is no such model.
    """
    if ".." in address.split("/") or "\\" in address:
        raise InputError(f"model is {address!r}; it must be like models:/name@alias")
    client()  # a store that cannot be used is known at once
    try:
        found = mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=str(folder))
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise ResourceError(
            f"there is no model {address} in the tracking store {store_name()}: {brief(error)}"
        ) from None
    path = Path(found)
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
