"""Data sets that runs recorded by MLflow's own means, fetched from where they came from."""

import json
from pathlib import Path
from typing import Any

from mlflow.data.dataset_source_registry import get_dataset_source_from_json
from mlflow.entities import Dataset
from mlflow.exceptions import MlflowException

from leastloss.errors import InputError, ResourceError, brief
from leastloss.tracking._find import find_run

ADDRESS = "datasets:/"


def fetch_dataset(address: str, folder: Path) -> tuple[Path, int | None]:
    """Fetch the file or the folder that a run recorded by ``mlflow.log_input``.

    Args:
        address: ``datasets:/<run id>/<name>``; without the name where the run has one data set.
        folder: Where to.

    Returns:
        Where it is now, and of a table how many rows the run recorded, if it did.

    Raises:
        InputError: If the run has no such data set, or recorded no file.
        ResourceError: If there is no such run, or what it recorded cannot be read.
    """
    run_id, _, name = address.removeprefix(ADDRESS).strip("/").partition("/")
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
