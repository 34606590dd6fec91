"""What a run keeps: data sets, figures, tables, arrays, networks."""

import copy
import json
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from matplotlib.figure import Figure
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput
from numpy.typing import NDArray
from torch import nn

from leastloss.data import Data
from leastloss.errors import ResourceError
from leastloss.tracking._store import client, store_errors

_CONTEXTS = {"train": "training", "val": "validation", "test": "test"}


def log_data(run_id: str, data: Data, dense_model_id: str | None = None) -> None:
    """Record the three splits as data set inputs, each with its digest and class counts.

    Args:
        run_id: The run.
        data: What it trains on and is measured on.
        dense_model_id: The logged model that the run starts from, recorded as a model input.
    """
    summary, recipe = data.summary(), json.dumps(data.recipe)
    inputs = []
    for split, context in _CONTEXTS.items():
        about: Any = summary[split]
        shape = json.dumps({"shape": summary["shape"], "classes": summary["classes"]})
        profile = {"num_rows": about["n"], "class_counts": about["counts"]}
        profile |= {"minority": summary["minority"], "sha256": about["digest"]}
        entity = Dataset(
            name=f"{data.name}-{split}",
            digest=about["digest"][:16],
            source_type="leastloss.load_data",
            source=recipe,
            schema=shape,
            profile=json.dumps(profile),
        )
        inputs.append(DatasetInput(entity, [InputTag("mlflow.data.context", context)]))
    models = [LoggedModelInput(dense_model_id)] if dense_model_id else None
    with store_errors():
        client().log_inputs(run_id, datasets=inputs, models=models)


def log_figure(run_id: str, figure: Figure, name: str) -> None:
    """Keep a figure as ``name`` (PNG or SVG by its ending)."""
    log_file(run_id, name, lambda path: figure.savefig(path, bbox_inches="tight"))


def log_text(run_id: str, text: str, name: str) -> None:
    """Keep a text (CSV, HTML, JSON) as ``name``."""
    log_file(run_id, name, lambda path: path.write_text(text, encoding="utf-8"))


def log_array(run_id: str, array: NDArray[Any], name: str) -> None:
    """Keep an array as a ``.npy`` file that loads with ``allow_pickle=False``."""
    log_file(run_id, name, lambda path: np.save(path, array, allow_pickle=False))


def log_network(run_id: str, model: nn.Module, data: Data, name: str, about: dict[str, str]) -> str:
    """Log a network as an MLflow model that loads where leastloss is not installed.

    It is exported as a graph (pt2), so neither our classes nor a pickle are needed to load it with
    ``mlflow.pytorch.load_model`` or ``mlflow.pyfunc.load_model``.

    Returns:
        The id of the logged model; its address is ``models:/<id>``.

    Raises:
        ResourceError: If the network cannot be exported or written.
    """
    example = data.test.x[:2].cpu().numpy().astype(np.float32)
    exported = _frozen(model)
    needs = [f"{p}=={version(p).partition('+')[0]}" for p in ("mlflow", "torch", "numpy")]
    try:
        with store_errors():
            info = mlflow.pytorch.log_model(
                exported,
                name=name,
                input_example=example,
                pip_requirements=needs,
                metadata=about,
                validate_serving_input=False,
            )
    except RuntimeError as error:  # torch's, on a full disk or in a network it cannot export
        if isinstance(error, ResourceError):
            raise
        reason = " ".join(str(error).split())[:300]
        raise ResourceError(f"cannot log the network {name!r}: {reason}") from error
    assert run_id == info.run_id, "the model must belong to the open run"
    return str(info.model_id)


def _frozen(model: nn.Module) -> nn.Module:
    """A copy on the CPU whose graph has no gradients in it."""
    frozen = copy.deepcopy(model).cpu().eval()
    return frozen.requires_grad_(False)


def log_file(run_id: str, name: str, write: Callable[[Path], Any]) -> None:
    """Keep the file that ``write`` makes at the path it is given, as ``name``.

    Raises:
        ResourceError: If the file cannot be written or the store does not take it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        try:
            write(path)
        except OSError as error:
            raise ResourceError(f"cannot write {name}: {error}") from error
        with store_errors():
            client().log_artifact(run_id, str(path))
