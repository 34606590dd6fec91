"""Same seed, same bits: the whole prune command, run twice."""

import numpy as np
import pytest
from mlflow import MlflowClient
from tests.entrypoints.conftest import ALL, children

TIMES = {"score_seconds", "score_seconds_total", "score_microseconds_per_part", "repair_seconds"}
SPEED = {"latency_ms", "dense_latency_ms", "throughput", "dense_throughput"}
SPEED |= {"file_bytes", "gzip_bytes", "packed_bytes"}  # of logged networks alone, too
TIMES, SPEED = ({f"cost/{name}" for name in of} for of in (TIMES | SPEED, SPEED))


@pytest.mark.parametrize("name", ALL.split(","))
def test_two_runs_are_equal_to_the_last_bit(
    shared: MlflowClient, pipeline: dict[str, str], name: str
) -> None:
    first, second = (children(shared, pipeline[kind])[name] for kind in ("own", "again"))
    ids = first.info.run_id, second.info.run_id
    one, two = (np.load(shared.download_artifacts(i, "removal_order.npy")) for i in ids)
    assert np.array_equal(one, two)
    metrics = [set(run.data.metrics) for run in (first, second)]
    assert metrics[0] - metrics[1] == SPEED  # the second one logs no model, and times none
    assert metrics[1] <= metrics[0]
    for metric in metrics[0] - TIMES:
        histories = [[(m.step, m.value) for m in shared.get_metric_history(i, metric)] for i in ids]
        assert histories[0] == histories[1], metric


def test_training_is_equal_to_the_last_bit(shared: MlflowClient, pipeline: dict[str, str]) -> None:
    first, second = (shared.get_run(pipeline[kind]).data.metrics for kind in ("own", "again"))
    assert first.keys() == second.keys()
    assert first["train_loss"] > 0
    for metric in first.keys() - {"seconds"}:
        assert first[metric] == second[metric], metric


def test_another_seed_is_another_run(shared: MlflowClient, pipeline: dict[str, str]) -> None:
    runs = [children(shared, pipeline[kind])["random"] for kind in ("own", "given")]
    orders = [
        np.load(shared.download_artifacts(run.info.run_id, "removal_order.npy")) for run in runs
    ]
    assert not np.array_equal(orders[0], orders[1])
