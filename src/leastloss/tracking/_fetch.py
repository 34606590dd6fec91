"""What a run kept, read again; a damaged file is one clear line."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray

from leastloss.errors import ResourceError
from leastloss.tracking._store import client, store_errors

_READERS = 8  # files that are fetched at a time: of a remote store, waiting is most of the work


def fetch_file(run_id: str, name: str, folder: Path) -> Path:
    """Fetch an artifact into a folder.

    Raises:
        ResourceError: If the run holds no such artifact.
    """
    try:
        return Path(client().download_artifacts(run_id, name, str(folder)))
    except (MlflowException, OSError) as error:
        raise ResourceError(f"run {run_id!r} holds no {name}: it is of no use here") from error


def fetch_array(run_id: str, name: str) -> NDArray[Any]:
    """Fetch an array that ``log_array`` kept.

    Raises:
        ResourceError: If the run holds no such file, or it is damaged.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = fetch_file(run_id, name, Path(folder))
        try:
            array: NDArray[Any] = np.load(path, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise _damaged(run_id, name, error) from error
    return array


def fetch_table(run_id: str, name: str) -> pd.DataFrame:
    """Fetch a table that was kept as CSV.

    Raises:
        ResourceError: If the run holds no such file, or it is damaged.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = fetch_file(run_id, name, Path(folder))
        try:
            return pd.read_csv(path)
        except ValueError as error:  # pandas' own errors and those of the decoder are among them
            raise _damaged(run_id, name, error) from error


def fetch_texts(runs: Sequence[Run], name: str) -> Iterator[str]:
    """Fetch a text artifact of many runs, several at a time, in the order of the runs.

    Straight from the artifact folder where it is one.

    Raises:
        ResourceError: If a run holds no such file, or it is no text.
    """
    client()  # a store that cannot be used is known at once
    with ThreadPoolExecutor(max_workers=_READERS) as readers:
        try:
            yield from readers.map(lambda run: _text(run, name), runs)
        finally:
            readers.shutdown(cancel_futures=True)  # after a failure the others are of no use


def _text(run: Run, name: str) -> str:
    run_id, place = run.info.run_id, urlsplit(run.info.artifact_uri)
    with tempfile.TemporaryDirectory() as folder:
        if place.scheme in ("", "file"):
            path = Path(unquote(place.path)) / name
        else:
            path = fetch_file(run_id, name, Path(folder))
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            reason = error.strerror or error
            raise ResourceError(
                f"run {run_id!r} holds no {name} any more ({reason}); leave it out or make it again"
            ) from error
        except UnicodeDecodeError as error:
            raise _damaged(run_id, name, error) from error


def artifact_path(run_id: str, name: str) -> str:
    """Where an artifact lies: a path if the store is a folder, else its address."""
    with store_errors():
        uri = client().get_run(run_id).info.artifact_uri
    return f"{uri.removeprefix('file://')}/{name}"


def _damaged(run_id: str, name: str, error: Exception) -> ResourceError:
    reason = " ".join(str(error).split())[:200]
    return ResourceError(f"{name} of run {run_id!r} is damaged: {reason}")
