"""The only room that knows MLflow: runs, metrics in batches, artifacts, logged models."""

from mlflow.entities import Run

from leastloss.tracking._addresses import (
    DATASET,
    fetch_dataset,
    fetch_model,
    model_facts,
    unpickled_network,
)
from leastloss.tracking._artifacts import holds, log_array, log_bytes, log_data, log_file, log_text
from leastloss.tracking._experiments import (
    compare_link,
    describe,
    ensure_experiment,
    has_experiment,
    note_experiment,
    worker_environment,
)
from leastloss.tracking._fetch import (
    artifact_path,
    damaged,
    fetch_array,
    fetch_artifact,
    fetch_file,
    fetch_table,
    fetch_texts,
)
from leastloss.tracking._find import find_run, search, search_each
from leastloss.tracking._hardware import PREFIX as HARDWARE
from leastloss.tracking._models import check_model_name, log_network, register_model, set_alias
from leastloss.tracking._outlines import Outline as Outline
from leastloss.tracking._outlines import outlines as outlines
from leastloss.tracking._outlines import remember as remember
from leastloss.tracking._process import CODE as CODE
from leastloss.tracking._process import close_lost as close_lost
from leastloss.tracking._process import environment
from leastloss.tracking._runs import DETERMINISTIC as DETERMINISTIC
from leastloss.tracking._runs import KIND, log_metrics, log_parameters, log_tags, mark_refused, run
from leastloss.tracking._store import client, database, store_errors

__all__ = [
    "DATASET",
    "HARDWARE",
    "KIND",
    "Run",
    "artifact_path",
    "check_model_name",
    "client",
    "compare_link",
    "damaged",
    "database",
    "describe",
    "ensure_experiment",
    "environment",
    "fetch_array",
    "fetch_artifact",
    "fetch_dataset",
    "fetch_file",
    "fetch_model",
    "fetch_table",
    "fetch_texts",
    "find_run",
    "has_experiment",
    "holds",
    "log_array",
    "log_bytes",
    "log_data",
    "log_file",
    "log_metrics",
    "log_network",
    "log_parameters",
    "log_tags",
    "log_text",
    "mark_refused",
    "model_facts",
    "note_experiment",
    "register_model",
    "run",
    "search",
    "search_each",
    "set_alias",
    "store_errors",
    "unpickled_network",
    "worker_environment",
]
