"""Jobs with follow-up jobs on worker processes; an error fails its own job only."""

import contextlib
import io
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

_LOOK = 20.0  # seconds without a result after which workers are looked for
KILLED = "its worker was killed"
_TRIES = 2  # after a worker died: another job may have been the cause

Outcome: TypeAlias = tuple[Any, str, float]
"""What a job returned, its error in words, and the seconds that it took."""


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


class Workers(Protocol):
    """Processes that take jobs."""

    def size(self) -> int:
        """How many jobs they take at the same time."""

    def submit(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Outcome]:
        """Hand a job over; its future raises BrokenExecutor if all of them have to be renewed."""

    def renew(self) -> None:
        """Replace them all after one died that took the others with it."""

    def check(self) -> None:
        """Raise :class:`ResourceError` where none of them is left and none comes back."""

    def stop(self) -> None:
        """Tell them to close their runs and end."""

    def close(self) -> None:
        """Wait until they have ended."""


def run_jobs(jobs: list[Job], workers: Workers) -> Iterator[Done]:
    """Run jobs on workers; yields each as it ends.

    Follow-up jobs go first, so that what belongs together is complete early. On Ctrl-C or SIGTERM
    the workers close their open runs.
    """
    waiting, tries = list(jobs), dict[str, int]()
    running: dict[Future[Outcome], Job] = {}
    try:
        while waiting or running:
            # Jobs that ran when a worker died run alone: if it happens again, the job is to blame.
            alone = _tried(tries, waiting, running)
            while waiting and len(running) < (1 if alone else workers.size()):
                job = waiting.pop(0)
                running[workers.submit(job.work, job.arguments)] = job
                alone = _tried(tries, waiting, running)
            ended, _ = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED)
            if not ended:
                workers.check()
                continue
            if any(not f.cancelled() and isinstance(f.exception(), BrokenExecutor) for f in ended):
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
                    value, error, seconds = None, f"{KILLED}: {reason}", 0.0
                except Exception as reason:  # of the cluster, not of the work
                    value, error, seconds = None, f"its worker was lost: {reason}", 0.0
                tries.pop(job.name, None)
                if not error and job.then:
                    waiting[:0] = job.then(value)
                yield Done(job=job, error=" ".join(error.split()), seconds=seconds)
            if broken:
                workers.renew()
    except BaseException:
        workers.stop()
        raise
    finally:
        workers.close()


def _tried(tries: Mapping[str, int], waiting: list[Job], running: Mapping[Any, Job]) -> bool:
    """Whether a running job, or the next one, has lost a worker before."""
    return any(job.name in tries for job in (*running.values(), *waiting[:1]))


def work_on(work: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    """In the worker: the function's result, its error in words, and the seconds that it took.

    Example:
        >>> work_on(divmod, (7, 2))[:2], work_on(divmod, (7, 0))[1]
        (((3, 1), ''), 'integer division or modulo by zero')
    """
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
