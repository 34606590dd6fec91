"""Eight processes that log to one store at once."""

import os
from typing import Any

import mlflow
from mlflow import MlflowClient
from tests.forked import CONTEXT, forked

from leastloss import tracking

WRITERS, STEPS = 8, 20


def write(uri: str, shared: str, number: int, together: Any) -> None:
    """Log one value a call to a run of one's own and to one of all."""
    mlflow.set_tracking_uri(uri)
    together.wait()
    with tracking.run("writer", str(number), {"seed": number}, exports=False) as run_id:
        for step in range(STEPS):
            tracking.log_metrics(run_id, [(step, {"own": step})])
            tracking.log_metrics(shared, [(step, {f"of_{number}": step})])


def check_writers(client: MlflowClient) -> None:
    """Every value of every writer is counted; they write to the experiment of the environment."""
    tracking.ensure_experiment(name := os.environ["MLFLOW_EXPERIMENT_NAME"])
    experiment = client.get_experiment_by_name(name).experiment_id
    shared = client.create_run(experiment).info.run_id
    together = CONTEXT.Barrier(WRITERS)
    writers = [
        forked(write, client.tracking_uri, shared, number, together) for number in range(WRITERS)
    ]
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    runs = client.search_runs([experiment], "tags.`leastloss.kind` = 'writer'")
    assert sorted(run.data.params["seed"] for run in runs) == [str(n) for n in range(WRITERS)]
    assert {run.info.status for run in runs} == {"FINISHED"}
    histories = [client.get_metric_history(run.info.run_id, "own") for run in runs]
    histories += [client.get_metric_history(shared, f"of_{n}") for n in range(WRITERS)]
    for history in histories:
        assert [(value.step, value.value) for value in history] == [(s, s) for s in range(STEPS)]
