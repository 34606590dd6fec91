"""Logged models: announced at once, exported by the worker, filled in when the recipe ends.

They become versions of registered ones, whose aliases others load them by.
"""

import contextlib
import copy
import re
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray
from torch import nn

from leastloss.data import Data
from leastloss.errors import InputError, ResourceError
from leastloss.tracking import _exporter
from leastloss.tracking._store import client, store_errors


@dataclass(frozen=True)
class _Pending:
    """A model that the store knows and whose files are being made."""

    name: str
    model_id: str
    folder: tempfile.TemporaryDirectory[str]
    export: "Future[None]"
    job: tuple[nn.Module, NDArray[np.float32], dict[str, object], Path]


_pending: list[_Pending] = []


def log_network(
    run_id: str, model: nn.Module, data: Data, name: str, about: dict[str, str], step: int = 0
) -> str:
    """Log a network as an MLflow model that loads where leastloss is not installed.

    It is exported as a graph (pt2), so neither our classes nor a pickle are needed to load it with
    ``mlflow.pytorch.load_model`` or ``mlflow.pyfunc.load_model``. The files follow until
    :func:`finish_models`, which the end of the outermost run calls.

    The test samples of the data show the export what it reads; its metadata, ``about``, are kept as
    its tags too, and it stands at a step of the run that made it.

    Returns:
        The id of the logged model; its address is ``models:/<id>``.

    Raises:
        ResourceError: If the store does not take it.
    """
    with store_errors():
        run = client().get_run(run_id)
        logged = client().create_logged_model(
            run.info.experiment_id,
            name=name,
            source_run_id=run_id,
            tags={f"leastloss.{key}": value for key, value in about.items()},
            params=dict(run.data.params),
        )
        client().log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=step)])
    facts: dict[str, object] = {
        "artifact_path": logged.artifact_location,
        "model_uuid": logged.model_id,
        "model_id": logged.model_id,
        "run_id": run_id,
        "metadata": about,
    }
    # A copy on the CPU whose graph has no gradients in it.
    frozen = copy.deepcopy(model).cpu().eval().requires_grad_(False)
    example = data.test.x[:2].cpu().numpy().astype(np.float32)
    folder = tempfile.TemporaryDirectory()
    job = (frozen, example, facts, Path(folder.name) / "model")
    _pending.append(_Pending(name, logged.model_id, folder, _exporter.submit(*job), job))
    return str(logged.model_id)


def finish_models() -> None:
    """Wait for the files of all announced models and store them."""
    while _pending:
        first = _pending[0]
        try:
            try:
                first.export.result()
            except BrokenExecutor:  # the worker was killed: what it did not do is done here
                shutil.rmtree(first.job[-1], ignore_errors=True)
                _exporter.export(*first.job)
            _store(first)
        except (RuntimeError, OSError) as error:  # a broken executor is a RuntimeError
            drop_models()
            if isinstance(error, ResourceError):
                raise
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise ResourceError(f"cannot log the network {first.name!r}: {reason}") from error
        _pending.pop(0)
        first.folder.cleanup()


def _store(model: _Pending) -> None:
    with store_errors():
        client().log_model_artifacts(model.model_id, str(model.job[-1]))
        client().finalize_logged_model(model.model_id, LoggedModelStatus.READY)


def drop_models() -> None:
    """Store the models whose files are made, and mark all others as FAILED."""
    while _pending:
        first = _pending.pop(0)
        exported = (
            not first.export.cancel() and first.export.done() and not first.export.exception()
        )
        try:
            if exported:
                _store(first)
        except ResourceError:
            exported = False
        if not exported:
            with contextlib.suppress(ResourceError), store_errors():
                client().finalize_logged_model(first.model_id, LoggedModelStatus.FAILED)
        first.folder.cleanup()


def check_model_name(name: str) -> None:
    """Refuse a name that no registered model can have.

    Raises:
        InputError: If it is blank, or has a slash, a colon or an at sign in it, which end a name in
            an address.

    Example:
        >>> check_model_name("digits/small")
        Traceback (most recent call last):
        leastloss.errors.InputError: register is 'digits/small'; a name without / : @ is needed
    """
    if not name.strip() or re.search("[/:@]", name):
        raise InputError(f"register is {name!r}; a name without / : @ is needed")


def register_model(name: str, model_id: str, run_id: str, tags: Mapping[str, str]) -> str:
    """Make a logged model the next version of a registered one, which is made if need be.

    Returns:
        The version.

    Raises:
        ResourceError: If the store does not take it.
    """
    with store_errors():
        try:
            client().create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = client().create_model_version(
            name, f"models:/{model_id}", run_id, tags=dict(tags), model_id=model_id
        )
    return str(version.version)


def set_alias(name: str, alias: str, version: str) -> None:
    """Let ``models:/<name>@<alias>`` be this version."""
    with store_errors():
        client().set_registered_model_alias(name, alias, version)
