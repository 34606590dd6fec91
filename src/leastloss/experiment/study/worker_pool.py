"""Worker processes: jobs with follow-up jobs; an error fails its own job only."""

import contextlib
import io
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

from joblib.externals.loky import ProcessPoolExecutor

_TRIES = 2  # after a worker died: another job may have been the cause
_GRACE = 20.0  # seconds for a worker without a sweep to close its runs


@dataclass(frozen=True, kw_only=True)
class Job:
    """A function call in a worker process.

    Attributes:
        name: Its name in messages.
        work: A function of a module.
        arguments: Its arguments, which must be picklable.
        then: Makes the follow-up jobs from what this one returned.
    """

    name: str
    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    then: Callable[[Any], list["Job"]] | None = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """A job that ended; ``error`` is empty if it went well."""

    job: Job
    error: str
    seconds: float


def run_jobs(jobs: list[Job], workers: int, environment: Mapping[str, str]) -> Iterator[Done]:
    """Run jobs in worker processes; yields each as it ends.

    Follow-up jobs go first, so that what belongs together is complete early. On Ctrl-C or SIGTERM
    the workers close their open runs.
    """
    waiting, tries = list(jobs), dict[str, int]()
    running: dict[Future[tuple[Any, str, float]], Job] = {}
    env = {**environment, "OMP_NUM_THREADS": "1"}
    pool = _pool(workers, env)
    try:
        while waiting or running:
            # Jobs that ran when a worker died run alone: if it happens again, the job is to blame.
            while waiting and len(running) < (1 if _tried(tries, waiting, running) else workers):
                job = waiting.pop(0)
                running[pool.submit(_work, job.work, job.arguments)] = job
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenExecutor) for future in ended):
                ended, _ = wait(running)  # all jobs of a broken pool fail
            broken = False
            for future in ended:
                job = running.pop(future)
                try:
                    value, error, seconds = future.result()
                except BrokenExecutor as reason:
                    broken = True
                    tries[job.name] = tries.get(job.name, 0) + 1
                    if tries[job.name] < _TRIES:
                        waiting.insert(0, job)
                        continue
                    value, error, seconds = None, f"its worker was killed: {reason}", 0.0
                tries.pop(job.name, None)
                if not error and job.then:
                    waiting[:0] = job.then(value)
                yield Done(job=job, error=" ".join(error.split()), seconds=seconds)
            if broken:
                pool.shutdown(wait=False, kill_workers=True)
                pool = _pool(workers, env)
    except BaseException:
        for pid in list(pool._processes or ()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        raise
    finally:
        pool.shutdown(wait=True)


def _tried(tries: Mapping[str, int], waiting: list[Job], running: Mapping[Any, Job]) -> bool:
    """Whether a running job, or the next one, has lost a worker before."""
    return any(job.name in tries for job in (*running.values(), *waiting[:1]))


def _pool(workers: int, env: Mapping[str, str]) -> Any:
    # Loky's workers are fresh interpreters that do not rerun the caller's script.
    return ProcessPoolExecutor(
        max_workers=workers, initializer=_begin, initargs=(os.getpid(),), env=dict(env)
    )


def _work(work: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, str, float]:
    """In the worker: the function's result, its error in words, and the seconds that it took."""
    begin = time.monotonic()
    quiet = io.StringIO()
    try:
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            value, error = work(*arguments), ""
    except Exception as failure:
        value, error = None, str(failure) or type(failure).__name__
    except KeyboardInterrupt:
        value, error = None, "interrupted"
    return value, error, time.monotonic() - begin


def _begin(sweep: int) -> None:
    """In a new worker: leave Ctrl-C to the sweep, close runs on SIGTERM, end with the sweep."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminated)

    def watch() -> None:
        while os.getppid() == sweep:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _terminated(signum: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
