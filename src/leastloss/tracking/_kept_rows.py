"""Where outlines of a server's runs are kept: on this machine, and by the runs for all machines."""

import contextlib
import gzip
import hashlib
import json
import os
import tempfile
from pathlib import Path

from mlflow.entities import Experiment
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from leastloss.tracking._store import store_name, without_patience
from leastloss.whole_files import written_whole

Row = tuple[int, int, str, dict[str, str]]
"""When a run began and ended, in milliseconds since 1970, its code and its parameters."""

Rows = dict[str, Row]
"""Id of a run -> what is kept of it."""

_FOLDER = "leastloss"


def local_rows(where: str, experiment: Experiment) -> Rows:
    """What this machine has kept of the runs that a filter finds; nothing where it has no file."""
    try:
        return _rows(_file(where, experiment).read_bytes())
    except (OSError, RuntimeError):
        return {}


def keep_locally(where: str, experiment: Experiment, rows: Rows) -> None:
    """Keep rows on this machine; where it has no place for them they are asked for again."""
    with contextlib.suppress(OSError, RuntimeError):
        file = _file(where, experiment)
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as place:
            place.write_text(json.dumps(rows), encoding="utf-8")


def shared_rows(where: str, experiment: Experiment) -> Rows:
    """What any machine has left beside the artifacts of the experiment's runs."""
    name = f"{_FOLDER}/{_shared_name(where, experiment)}"
    with tempfile.TemporaryDirectory() as folder, without_patience():
        try:
            artifacts = get_artifact_repository(experiment.artifact_location)
            # To ask for a file that is not there is an error of the server, and asked again.
            if not any(file.path == name for file in artifacts.list_artifacts(_FOLDER)):
                return {}
            file = Path(artifacts.download_artifacts(name, folder))
            return _rows(gzip.decompress(file.read_bytes()))
        except Exception:  # of any kind of store: the runs themselves are asked for
            return {}


def share_rows(where: str, experiment: Experiment, rows: Rows) -> None:
    """Leave rows for other machines, if the place of the artifacts takes them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        without_patience(),
        contextlib.suppress(Exception),
    ):
        file = Path(folder, _shared_name(where, experiment))
        file.write_bytes(gzip.compress(json.dumps(rows).encode(), compresslevel=1))
        get_artifact_repository(experiment.artifact_location).log_artifact(str(file), _FOLDER)


def _file(where: str, experiment: Experiment) -> Path:
    """The file for this store, experiment and filter.

    Raises:
        RuntimeError: If the user has no home.
    """
    key = (store_name(), experiment.experiment_id, experiment.creation_time, where)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "leastloss", f"runs-{_digest(repr(key))}.json")


def _shared_name(where: str, experiment: Experiment) -> str:
    """Without the store's address, which each machine may know by another name.

    Stores that share a place for artifacts have experiments of the same id, but not of one moment.
    """
    key = (experiment.experiment_id, experiment.creation_time, where)
    return f"runs-{_digest(repr(key))}.json.gz"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _rows(text: bytes) -> Rows:
    try:
        rows = json.loads(text)
        return {run_id: (int(a), int(b), str(c), dict(d)) for run_id, (a, b, c, d) in rows.items()}
    except (ValueError, TypeError, AttributeError):  # no file of ours
        return {}
