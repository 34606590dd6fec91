"""Digests of what runs keep: written with each file, checked when it is read."""

import hashlib
from pathlib import Path

from mlflow.entities import Run, RunTag

from leastloss.errors import ResourceError
from leastloss.tracking._store import client, store_errors

DIGEST = "sha256."
"""Start of the tags that hold a digest; the name of the file follows."""


def log_digest(run_id: str, name: str, path: Path) -> None:
    """Note in a run what the bytes of its file ``name`` are."""
    with store_errors():
        client().log_batch(run_id, tags=[RunTag(DIGEST + name, _digest(path))])


def check_digest(run: Run, name: str, path: Path) -> None:
    """Refuse a file that is not what the run logged; runs from before have no digests.

    Raises:
        ResourceError: If it was changed or cut.
    """
    logged = run.data.tags.get(DIGEST + name)
    if logged is None:
        return
    actual = _digest(path)
    if actual != logged:
        raise ResourceError(
            f"{name} of run {run.info.run_id!r} was changed after it was logged: its sha256 is "
            f"{actual[:12]}..., that in the run's tag {logged[:12]}...; put back a copy of it, or "
            "make the run again"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
