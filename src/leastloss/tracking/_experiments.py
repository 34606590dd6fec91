"""Experiments by name, for one process or for several that write to the same one."""

import mlflow
from mlflow.exceptions import MlflowException

from leastloss.tracking._find import find_experiment
from leastloss.tracking._process import close_orphans
from leastloss.tracking._store import client, store_errors, store_missing


def has_experiment(name: str) -> bool:
    """Whether there is an experiment of this name; no store is made."""
    if store_missing():
        return False
    with store_errors():
        experiment = client().get_experiment_by_name(name)
    if experiment is not None:
        find_experiment(name)  # it may have been deleted
    return experiment is not None


def ensure_experiment(name: str) -> None:
    """Make an experiment unless it is there; then close what killed processes left open in it."""
    if has_experiment(name):
        with store_errors():
            close_orphans(find_experiment(name).experiment_id)
        return
    with store_errors():
        try:
            client().create_experiment(name)
        except MlflowException as error:  # another sweep was faster
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def worker_environment(name: str) -> dict[str, str]:
    """Environment variables with which another process logs to the same store and an experiment."""
    experiment = find_experiment(name)
    return {
        "MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(),
        "MLFLOW_EXPERIMENT_ID": str(experiment.experiment_id),
        "MLFLOW_EXPERIMENT_NAME": name,
    }
