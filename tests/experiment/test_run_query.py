"""Which runs are taken where none is named."""

import pytest
from mlflow import MlflowClient

from leastloss import tracking
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.run_query import newest, runs_of


def made(client: MlflowClient, kind: str, status: str, parent: str = "", **tags: str) -> str:
    """A run of the experiment ``test``; returns its id."""
    experiment = client.get_experiment_by_name("test")
    assert experiment is not None
    own = {tracking.KIND: kind} | ({"mlflow.parentRunId": parent} if parent else {})
    own |= {f"leastloss.{key}": value for key, value in tags.items()}
    given = {"criterion": "nc", "seed": "0", "dense_seed": "0", "granularity": "weight"}
    run_id = str(client.create_run(experiment.experiment_id, tags=own).info.run_id)
    for key, value in (given | {"recovery": "none"}).items():
        client.log_param(run_id, key, value)
    client.update_run(run_id, status=status)
    return run_id


def test_neither_refused_nor_unfinished_runs_are_taken(store: MlflowClient) -> None:
    bad = [made(store, "prune", "FAILED", refused="yes")]
    with pytest.raises(ResourceError, match="no finished prune run yet"):
        newest("prune")
    with pytest.raises(InputError, match="'test' has no finished prune run"):
        runs_of("test")
    good = made(store, "prune", "FINISHED")
    child = made(store, "criterion", "FINISHED", good)
    made(store, "criterion", "FAILED", good)
    for status in ("FAILED", "KILLED", "RUNNING"):
        bad.append(made(store, "prune", status))
    bad.append(made(store, "prune", "FAILED", refused="yes"))
    for parent in bad:  # a criterion run may be finished before its parent fails
        made(store, "criterion", "FINISHED", parent)
    assert newest("prune") == good
    assert [run.info.run_id for run in runs_of("test")] == [child]
