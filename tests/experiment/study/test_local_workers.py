"""Workers of this machine: what they find, how they end."""

import os
import signal
import time
import warnings
from pathlib import Path

import pytest

from leastloss.experiment.study.local_workers import LocalWorkers
from leastloss.experiment.study.worker_pool import Job, run_jobs


def test_they_have_one_thread_and_the_environment_of_the_sweep() -> None:
    workers = LocalWorkers(1, {"STUDY": "mine"})
    try:
        assert workers.size() == 1
        asked = (
            workers.submit(os.getenv, ("OMP_NUM_THREADS",)),
            workers.submit(os.getenv, ("STUDY",)),
        )
        assert [future.result()[0] for future in asked] == ["1", "mine"]
    finally:
        workers.close()


def test_an_interrupted_sweep_tells_them() -> None:
    jobs = [
        Job(name="quick", work=os.getpid, arguments=()),
        Job(name="long", work=time.sleep, arguments=(600,)),
    ]
    work = run_jobs(jobs, LocalWorkers(2, {}))
    assert next(work).job.name == "quick"
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        work.throw(KeyboardInterrupt)
    assert time.monotonic() - begin < 60


def test_they_leave_control_c_to_the_sweep(tmp_path: Path) -> None:
    job = Job(
        name="ask",
        work=signal.getsignal,
        arguments=(signal.SIGINT,),
        then=lambda handler: [Job(name=str(handler), work=bool, arguments=(1,))],
    )
    done = [ended.job.name for ended in run_jobs([job], LocalWorkers(1, {}))]
    assert done == ["ask", str(signal.SIG_IGN)]


def test_a_worker_that_is_replaced_for_its_memory_is_no_news() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        LocalWorkers(1, {}).close()
        warnings.warn("A worker was restarted while some jobs were given to it", stacklevel=1)
        warnings.warn("A worker stopped while some jobs were given to it", stacklevel=1)
    assert [str(each.message).split()[2] for each in told] == ["stopped"]
