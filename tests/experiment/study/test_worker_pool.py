"""Real worker processes; what they do is Python's own."""

import operator
import os
import time
from concurrent.futures import Future
from typing import Any

import pytest

from leastloss.errors import ResourceError
from leastloss.experiment.study import worker_pool
from leastloss.experiment.study.local_workers import LocalWorkers
from leastloss.experiment.study.worker_pool import Done, Job, run_jobs


def job(name: str, *call: object, **options: object) -> Job:
    work, *arguments = call
    return Job(name=name, work=work, arguments=tuple(arguments), **options)  # type: ignore[arg-type]


def outcome(done: list[Done]) -> dict[str, str]:
    return {one.job.name: one.error for one in done}


def test_errors_stay_with_their_job_and_what_follows_comes_next() -> None:
    def then(value: float) -> list[Job]:
        return [job("next", operator.add, value, 1)]

    jobs = [
        job("first", operator.truediv, 1, 2, then=then),
        job("wrong", operator.truediv, 1, 0, then=then),
        job("last", os.getenv, "STUDY"),
    ]
    done = list(run_jobs(jobs, LocalWorkers(1, {"STUDY": "mine"})))
    assert outcome(done) == {"first": "", "next": "", "wrong": "division by zero", "last": ""}
    assert [one.job.name for one in done] == ["first", "next", "wrong", "last"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_takes_no_other_job_with_it(workers: int) -> None:
    jobs = [job("dies", os._exit, 1), *(job(f"job {i}", time.sleep, 0.2) for i in range(4))]
    found = outcome(list(run_jobs(jobs, LocalWorkers(workers, {}))))
    assert found.pop("dies").startswith("its worker was killed")
    assert found == {f"job {i}": "" for i in range(4)}


def test_a_cancelled_job_fails_alone() -> None:
    class Cancelling:
        """Workers that give up the first job: what Dask does when its scheduler forgets it."""

        first = True

        def size(self) -> int:
            return 1

        def submit(self, work: Any, arguments: Any) -> "Future[Any]":
            future: Future[Any] = Future()
            if self.first:
                self.first = False
                future.cancel()
                future.set_running_or_notify_cancel()
            else:
                future.set_result((None, "", 0.0))
            return future

        def renew(self) -> None: ...

        def check(self) -> None: ...

        def stop(self) -> None: ...

        def close(self) -> None: ...

    ended = outcome(list(run_jobs([job("lost", abs, 1), job("next", abs, 1)], Cancelling())))
    assert ended["lost"].startswith("its worker was lost")
    assert ended["next"] == ""


def test_jobs_do_not_wait_for_workers_that_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(LocalWorkers):
        def submit(self, work: Any, arguments: Any) -> "Future[Any]":
            return Future()

        def check(self) -> None:
            raise ResourceError("no worker is left")

    monkeypatch.setattr(worker_pool, "_LOOK", 0.01)
    with pytest.raises(ResourceError, match="no worker is left"):
        list(run_jobs([job("waits", abs, 1)], Gone(1, {})))
