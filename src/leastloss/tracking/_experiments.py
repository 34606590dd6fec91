"""Experiments by name, for one process or several; notes on them and on runs, for MLflow's UI."""

import json
from collections.abc import Sequence
from urllib.parse import quote

import mlflow
from mlflow.entities import RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from leastloss.tracking._find import find_experiment
from leastloss.tracking._process import close_orphans
from leastloss.tracking._store import client, store_errors, store_missing

_OURS = "leastloss.note"  # tag of an experiment: the note as we wrote it last
_LONGEST = 4500  # MLflow's limit for the value of an experiment's tag is 5,000


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


def describe(run_id: str, note: str, name: str = "", figures: Sequence[str] = ()) -> None:
    """Give a run its note, and perhaps another name."""
    shown = [
        f"**{figure}**\n\n![{figure}](get-artifact?path={quote(figure)}&run_uuid={run_id})"
        for figure in figures
    ]
    with store_errors():
        if name:
            client().update_run(run_id, name=name)
        text = "\n\n".join([note, *shown])
        client().log_batch(run_id, tags=[RunTag(MLFLOW_RUN_NOTE, text)])


def compare_link(run_ids: Sequence[str], experiment_id: str) -> str:
    """The address of the UI's page that compares runs, from the UI's own pages.

    Example:
        >>> compare_link(["a", "b"], "1")
        '#/compare-runs?runs=["a","b"]&experiments=["1"]&workflowType=machine_learning'
    """
    runs, experiments = (
        json.dumps(ids, separators=(",", ":")) for ids in (run_ids, [experiment_id])
    )
    # The page looks for runs first; without the type it opens in the mode for language models.
    return f"#/compare-runs?runs={runs}&experiments={experiments}&workflowType=machine_learning"


def note_experiment(run_id: str, how: str, compared: Sequence[str]) -> None:
    """Explain in the note of a run's experiment how to compare its runs.

    A note that somebody else wrote or changed stays as it is.
    """
    with store_errors():
        experiment = client().get_experiment(client().get_run(run_id).info.experiment_id)
        there = experiment.tags.get(MLFLOW_RUN_NOTE, "")
        if there not in ("", experiment.tags.get(_OURS, "")):
            return
        address = compare_link(compared, experiment.experiment_id).replace('"', "%22")
        text = f"{how}\n\n[Compare the newest runs]({address})"
        for key in (_OURS, MLFLOW_RUN_NOTE) if len(text) <= _LONGEST else ():
            client().set_experiment_tag(experiment.experiment_id, key, text)
