"""Read the files of a run; a damaged file is one clear line."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray

from leastloss.errors import ResourceError
from leastloss.tracking._artifacts import check_digest
from leastloss.tracking._find import find_run
from leastloss.tracking._places import local_file
from leastloss.tracking._store import client, store_errors

_READERS = 8  # files that are fetched at a time: of a remote store, waiting is most of the work


def fetch_file(run_id: str, name: str, folder: Path) -> Path:
    """Fetch an artifact into a folder."""
    return _fetch(find_run(run_id), name, folder)


def _fetch(run: Run, name: str, folder: Path) -> Path:
    source = local_file(run, name)
    try:
        if source is not None:
            path = Path(shutil.copyfile(source, folder / Path(name).name))
        else:
            path = Path(client().download_artifacts(run.info.run_id, name, str(folder)))
    except (MlflowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ResourceError(
            f"{name} of run {run.info.run_id!r} cannot be read: {reason}"
        ) from error
    check_digest(run, name, path)
    return path


def fetch_array(run_id: str, name: str) -> NDArray[Any]:
    """Fetch an array that ``log_array`` kept."""
    with tempfile.TemporaryDirectory() as folder:
        path = fetch_file(run_id, name, Path(folder))
        try:
            array: NDArray[Any] = np.load(path, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise damaged(run_id, name, error) from error
    return array


def fetch_table(run_id: str, name: str) -> pd.DataFrame:
    """Fetch a table that was kept as CSV."""
    with tempfile.TemporaryDirectory() as folder:
        path = fetch_file(run_id, name, Path(folder))
        try:
            return pd.read_csv(path)
        except ValueError as error:  # pandas' own errors and those of the decoder are among them
            raise damaged(run_id, name, error) from error


def fetch_texts(runs: Sequence[Run], name: str) -> Iterator[str]:
    """Fetch a text artifact of many runs, several at a time, in the order of the runs."""
    client()  # a store that cannot be used is known at once
    with ThreadPoolExecutor(max_workers=_READERS) as readers:
        try:
            yield from readers.map(lambda run: _text(run, name), runs)
        finally:
            readers.shutdown(cancel_futures=True)  # after a failure the others are of no use


def _text(run: Run, name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return _fetch(run, name, Path(folder)).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise damaged(run.info.run_id, name, error) from error


def artifact_path(run_id: str, name: str) -> str:
    """Where an artifact is: a path if the store is a folder, else its address."""
    with store_errors():
        uri = client().get_run(run_id).info.artifact_uri
    return f"{uri.removeprefix('file://')}/{name}"


def damaged(run_id: str, name: str, reason: object) -> ResourceError:
    """The error that says what is wrong with a file of a run, in one line."""
    line = " ".join(str(reason).split())[:200]
    return ResourceError(f"{name} of run {run_id!r} is damaged: {line}")
