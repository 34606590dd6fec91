"""Real worker processes; what they do is Python's own."""

import operator
import os
import signal
import time
from pathlib import Path

import pytest

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
    done = list(run_jobs(jobs, 1, {"STUDY": "mine"}))
    assert outcome(done) == {"first": "", "next": "", "wrong": "division by zero", "last": ""}
    assert [one.job.name for one in done] == ["first", "next", "wrong", "last"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_takes_no_other_job_with_it(workers: int) -> None:
    jobs = [job("dies", os._exit, 1), *(job(f"job {i}", time.sleep, 0.2) for i in range(4))]
    found = outcome(list(run_jobs(jobs, workers, {})))
    assert found.pop("dies").startswith("its worker was killed")
    assert found == {f"job {i}": "" for i in range(4)}


def test_an_interrupted_sweep_tells_its_workers() -> None:
    jobs = [job("quick", operator.add, 1, 1), job("long", time.sleep, 600)]
    work = run_jobs(jobs, 2, {})
    assert next(work).job.name == "quick"
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        work.throw(KeyboardInterrupt)
    assert time.monotonic() - begin < 60


def test_workers_leave_control_c_to_the_sweep(tmp_path: Path) -> None:
    jobs = [job("ask", signal.getsignal, signal.SIGINT, then=lambda found: [_told(found)])]
    assert list(outcome(list(run_jobs(jobs, 1, {})))) == ["ask", str(signal.SIG_IGN)]


def _told(found: object) -> Job:
    return job(str(found), operator.not_, found)
