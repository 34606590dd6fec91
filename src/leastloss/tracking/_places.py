"""Where the files of a run are: as recorded, or beside a store that was moved."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import mlflow
from mlflow.entities import Run

from leastloss.errors import ResourceError
from leastloss.tracking._artifacts import DIGEST
from leastloss.tracking._store import client, sqlite_file, store_errors, store_name


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
