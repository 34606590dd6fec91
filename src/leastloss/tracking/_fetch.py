"""Read the files of a run, as recorded or beside a moved store; damage is one clear line."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray

from leastloss.errors import ResourceError, brief
from leastloss.tracking._artifacts import DIGEST, check_digest
from leastloss.tracking._find import find_run
from leastloss.tracking._store import client, sqlite_file, store_errors, store_name

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


def fetch_artifact(address: str, folder: Path) -> Path:
    """Fetch what a run logged, a file or a folder, by ``runs:/<id>/<path>`` into a folder.

    Raises:
        ResourceError: If there is no such run or artifact, or the path leads out of the run.
    """
    run_id, _, name = address.removeprefix("runs:/").strip("/").partition("/")
    if not name or ".." in name.split("/") or "\\" in name:
        raise ResourceError(f"{address!r} names no artifact; it must be like runs:/<id>/data.npz")
    run = find_run(run_id)
    try:
        path = Path(client().download_artifacts(run.info.run_id, name, str(folder)))
    except (MlflowException, OSError) as error:
        raise ResourceError(f"{address} cannot be read: {brief(error)}") from error
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ResourceError(f"{address} leads out of its folder")
    if path.is_file():
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


def local_file(run: Run, name: str) -> Path | None:
    """The file of a run as a path; None if its artifacts lie elsewhere than in folders.

    MLflow records absolute places. Of a sqlite store that was moved together with its artifacts,
    the same folders are looked for beside the store.
    """
    folder = _recorded(run)
    if folder is None:
        return None
    for place in (folder, *_moved_folders(run, folder)):
        if (place / name).is_file():
            return place / name
    raise _lacking(run, name, folder)


def check_artifacts(run_id: str) -> None:
    """Refuse to call a run finished whose files were taken away while it went on."""
    with store_errors():
        run = client().get_run(run_id)
    folder = _recorded(run)
    logged = [key.removeprefix(DIGEST) for key in run.data.tags if key.startswith(DIGEST)]
    missing = [name for name in logged if folder is not None and not (folder / name).is_file()]
    if missing:
        raise ResourceError(
            f"files that run {run_id!r} logged vanished from {folder} while it went on: "
            f"{', '.join(sorted(missing))}"
        )


def _recorded(run: Run) -> Path | None:
    place = urlsplit(run.info.artifact_uri)
    return Path(unquote(place.path)) if place.scheme in ("", "file") else None


def _moved_folders(run: Run, folder: Path) -> list[Path]:
    """Folders beside a moved store that end as the recorded one does, from the run's id on."""
    store = sqlite_file(mlflow.get_tracking_uri())
    if not store or run.info.run_id not in folder.parts:
        return []
    last = folder.parts.index(run.info.run_id)
    tails = [Path(*folder.parts[start:]) for start in range(1, last + 1)]
    return [Path(store).resolve().parent / tail for tail in tails]


def _lacking(run: Run, name: str, folder: Path) -> ResourceError:
    """The error that tells a file never logged from one lost, and from a store that was moved."""
    run_id = run.info.run_id
    expected = DIGEST + name in run.data.tags or run.info.status == "FINISHED"
    if not expected or folder.is_dir():
        suffix = " any more" if DIGEST + name in run.data.tags else ""
        return ResourceError(
            f"run {run_id!r} holds no {name}{suffix}; leave the run out or make it again"
        )
    mend = f"put that folder back, or another copy of {'/'.join(folder.parts[-3:])}"
    if store := sqlite_file(mlflow.get_tracking_uri()):
        mend = (
            f"bring it back, or, if the store was moved, copy the folder of its artifacts (mlruns) "
            f"to {Path(store).resolve().parent}"
        )
    return ResourceError(
        f"{name} of run {run_id!r} is gone: the store {store_name()} says it is in {folder}, where "
        f"there is no such folder; {mend}"
    )
