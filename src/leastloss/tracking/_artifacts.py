"""What a run keeps (data sets, figures, tables, arrays, networks), each file with its digest."""

import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, Run, RunTag
from numpy.typing import NDArray

from leastloss.data import Data
from leastloss.errors import ResourceError
from leastloss.tracking._store import client, store_errors

DIGEST = "sha256."
"""Start of the tags that hold a digest; the name of the file follows."""


def holds(run: Run, name: str) -> bool:
    """Whether a run logged a file of this name, with its digest."""
    return DIGEST + name in run.data.tags


def check_digest(run: Run, name: str, path: Path) -> None:
    """Refuse a file that is not what the run logged; runs from before have no digests."""
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


_CONTEXTS = {"train": "training", "val": "validation", "test": "test"}


def log_data(run_id: str, data: Data, dense_model_id: str | None = None) -> None:
    """Record the three splits as data set inputs, each with its digest and class counts."""
    summary, recipe = data.summary(), json.dumps(data.recipe)
    inputs = []
    for split, context in _CONTEXTS.items():
        about: Any = summary[split]
        shape = json.dumps({"shape": summary["shape"], "classes": summary["classes"]})
        profile = {"num_rows": about["n"], "class_counts": about["counts"]}
        profile |= {"minority": summary["minority"], "sha256": about["digest"]}
        profile |= {"duplicates": summary["duplicates"]}
        profile |= {"source": data.source} if data.source else {}
        profile |= {"class_names": list(data.class_names)} if data.class_names else {}
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


def log_bytes(run_id: str, content: bytes, name: str) -> None:
    """Keep the content of a file as ``name``."""
    log_file(run_id, name, lambda path: path.write_bytes(content))


def log_text(run_id: str, text: str, name: str) -> None:
    """Keep a text (CSV, HTML, JSON) as ``name``."""
    log_file(run_id, name, lambda path: path.write_text(text, encoding="utf-8"))


def log_array(run_id: str, array: NDArray[Any], name: str) -> None:
    """Keep an array as a ``.npy`` file that loads with ``allow_pickle=False``."""
    log_file(run_id, name, lambda path: np.save(path, array, allow_pickle=False))


def log_file(run_id: str, name: str, write: Callable[[Path], Any]) -> None:
    """Keep the file that ``write`` makes at the path it is given, as ``name``.

    Its digest stands in a tag of the run and is checked whenever the file is read.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        try:
            write(path)
            _usual_mode(path)
        except OSError as error:
            raise ResourceError(f"cannot write {name}: {error}") from error
        with store_errors():
            # The digest comes first: a file that a kill cuts short is then known to be damaged.
            client().log_batch(run_id, tags=[RunTag(DIGEST + name, _digest(path))])
            client().log_artifact(run_id, str(path))


def _usual_mode(path: Path) -> None:
    """Let others read the file as the umask says; some writers allow its owner alone."""
    new = path.with_name(f".{path.name}.mode")  # the umask itself cannot be read without a change
    new.touch()
    path.chmod(new.stat().st_mode)
    new.unlink()
