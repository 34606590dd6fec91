"""A real scheduler and two worker processes on this machine; one is killed."""

import operator
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from leastloss.errors import InputError, ResourceError
from leastloss.experiment.study import dask_workers
from leastloss.experiment.study.dask_workers import DaskWorkers
from leastloss.experiment.study.worker_pool import Done, Job, run_jobs


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "threads_per_worker": 1}
    with LocalCluster(n_workers=2, **options) as started:
        yield started


def job(name: str, *call: Any, **options: Any) -> Job:
    work, *arguments = call
    return Job(name=name, work=work, arguments=tuple(arguments), **options)


def outcome(done: list[Done]) -> dict[str, str]:
    return {ended.job.name: ended.error for ended in done}


def die_once(mark: str) -> str:
    """Kill the worker, unless another one has been killed already."""
    if not os.path.exists(mark):
        with open(mark, "w"):
            os._exit(1)
    return os.environ["STUDY"]


def test_errors_stay_with_their_job_and_a_dead_worker_loses_nothing(
    cluster: Any, tmp_path: Path
) -> None:
    environment = {"STUDY": "mine"}
    jobs = [
        job("half", operator.truediv, 1, 2, then=lambda half: [job(f"then {half}", abs, half)]),
        job("wrong", operator.truediv, 1, 0),
        job("dies", die_once, str(tmp_path / "mark"), then=lambda name: [job(name, abs, 1)]),
        *(job(f"job {i}", time.sleep, 0.1) for i in range(4)),
    ]
    workers = DaskWorkers(cluster.scheduler_address, environment)
    assert workers.size() == 2
    ended = outcome(list(run_jobs(jobs, workers)))
    assert ended.pop("wrong") == "division by zero"
    names = {"half", "then 0.5", "dies", "mine", *(f"job {i}" for i in range(4))}
    assert ended == dict.fromkeys(names, "")


def test_what_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"scheduler is empty; give its address"):
        DaskWorkers("", {})
    monkeypatch.setattr(dask_workers, "_PATIENCE", 0.5)
    with pytest.raises(ResourceError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1: "):
        DaskWorkers("tcp://127.0.0.1:1", {})
    with pytest.raises(ResourceError, match=r"no Dask scheduler at nothing://x: "):
        DaskWorkers("nothing://x", {})


def test_workers_of_several_threads_are_refused() -> None:
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "protocol": "tcp"}
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, **options) as several,
        pytest.raises(InputError, match="start them with --nthreads 1"),
    ):
        DaskWorkers(several.scheduler_address, {})


def test_a_scheduler_without_workers_is_given_up(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_workers, "_RETURN", 0.2)
    workers = DaskWorkers(cluster.scheduler_address, {})
    workers.check()
    monkeypatch.setattr(workers._client, "wait_for_workers", partial(_no_worker, count=1))
    with pytest.raises(ResourceError, match="has lost all its workers"):
        workers.check()
    workers.close()


def _no_worker(least: int, *, timeout: float, count: int) -> None:
    """What Dask's client does where no worker comes in time."""
    assert (least, timeout) == (count, 0.2)
    raise TimeoutError
