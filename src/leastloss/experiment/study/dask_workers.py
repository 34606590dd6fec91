"""Worker processes of a Dask cluster, on this machine or on others."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from leastloss.errors import InputError, ResourceError, brief
from leastloss.experiment.study.worker_pool import Outcome, work_on

_PATIENCE = 30.0  # seconds until a scheduler has answered and has a worker
_RETURN = 120.0  # seconds that jobs wait for a worker to come back where all are gone


class DaskWorkers:
    """The workers of a Dask scheduler (:class:`leastloss.experiment.study.worker_pool.Workers`).

    Dask itself gives the job of a worker that dies to another one. Every worker must reach the
    tracking store and the data under the same names.

    Args:
        scheduler: Its address, like ``tcp://host:8786``.
        environment: What the jobs find in their environment.

    Raises:
        InputError: If Dask is not installed, there is no address, or a worker has several threads,
            which MLflow's open run cannot take.
        ResourceError: If the scheduler does not answer, or has no worker.
    """

    def __init__(self, scheduler: str, environment: Mapping[str, str]) -> None:
        if not scheduler:
            raise InputError(
                "backend is dask, and scheduler is empty; give its address, like "
                "scheduler=tcp://127.0.0.1:8786"
            )
        try:
            from distributed import Client
        except ImportError as error:
            raise InputError(
                "backend is dask, which is not installed: pip install 'leastloss[dask]'"
            ) from error
        try:
            self._client = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ResourceError(f"no Dask scheduler at {scheduler}: {brief(error)}") from None
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            self._client.close()
            raise ResourceError(f"the Dask scheduler at {scheduler} has no worker") from None
        if max(self._client.nthreads().values()) > 1:
            self._client.close()
            raise InputError(
                f"workers of {scheduler} have several threads; start them with --nthreads 1"
            )
        self._environment, self._scheduler = dict(environment), scheduler
        self._executor = self._client.get_executor(pure=False)

    def size(self) -> int:
        """How many workers there are now; they may come and go."""
        return max(1, len(self._client.nthreads()))

    def submit(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Outcome]:
        """Hand a job over."""
        future: Future[Outcome] = self._executor.submit(_work, self._environment, work, arguments)
        return future

    def renew(self) -> None:
        """Nothing: a worker that dies takes no other with it."""

    def check(self) -> None:
        """Wait for a worker to come back where all are gone.

        Raises:
            ResourceError: If none does.
        """
        try:
            self._client.wait_for_workers(1, timeout=_RETURN)
        except TimeoutError:
            raise ResourceError(
                f"the Dask scheduler at {self._scheduler} has lost all its workers; the same "
                "command goes on when there are some"
            ) from None

    def stop(self) -> None:
        """Give up the jobs that no worker has begun; what runs cannot be interrupted."""
        self._executor.shutdown(wait=False)

    def close(self) -> None:
        """Leave the cluster as it is."""
        self._client.close()


def _work(
    environment: Mapping[str, str], work: Callable[..., Any], arguments: tuple[Any, ...]
) -> Outcome:
    """In the worker: log to the sweep's store, one thread for torch, as local workers have."""
    import os

    import torch

    os.environ.update(environment)
    torch.set_num_threads(1)
    return work_on(work, arguments)
