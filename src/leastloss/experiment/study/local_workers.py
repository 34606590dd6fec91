"""Worker processes of this machine."""

import contextlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import FrameType
from typing import Any, NoReturn

from loky import ProcessPoolExecutor

from leastloss.experiment.study.worker_pool import Outcome, work_on

_GRACE = 20.0  # seconds for a worker without a sweep to close its runs


class LocalWorkers:
    """So many processes of this machine, with one thread each (:class:`Workers`).

    Args:
        count: How many.
        environment: What they find in their environment.
    """

    def __init__(self, count: int, environment: Mapping[str, str]) -> None:
        # Loky replaces a worker whose memory has grown, as that of large networks does.
        warnings.filterwarnings("ignore", "A worker was restarted", UserWarning)
        self._count = count
        self.environment = {**environment, "OMP_NUM_THREADS": "1"}
        self._pool = self._new_pool()

    def size(self) -> int:
        """How many jobs they take at the same time."""
        return self._count

    def submit(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Outcome]:
        """Hand a job over."""
        future: Future[Outcome] = self._pool.submit(work_on, work, arguments)
        return future

    def renew(self) -> None:
        """Replace the pool: a worker that dies breaks it."""
        self._pool.shutdown(wait=False, kill_workers=True)
        self._pool = self._new_pool()

    def check(self) -> None:
        """Nothing: a pool without workers is broken, and its jobs end."""

    def stop(self) -> None:
        """Tell the workers to close their runs and end."""
        for pid in list(self._pool._processes or ()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def close(self) -> None:
        """Wait until they have ended."""
        self._pool.shutdown(wait=True)

    def _new_pool(self) -> Any:
        # Loky's workers are fresh interpreters that do not rerun the caller's script.
        return ProcessPoolExecutor(
            max_workers=self._count,
            initializer=_begin,
            initargs=(os.getpid(),),
            env=dict(self.environment),
        )


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
