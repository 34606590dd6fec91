"""A second process that exports networks while the first one goes on pruning.

Tracing a network for export is slow Python code that would hold up the recipe: the first time in a
process it costs seconds. The worker knows nothing of the tracking store; it turns a network into a
folder.
"""

import contextlib
import functools
import multiprocessing
import multiprocessing.util
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from loky import ProcessPoolExecutor
from numpy.typing import NDArray
from torch import nn

PACKAGES = ("mlflow", "torch", "numpy")
"""What a logged network needs to be loaded and run."""

_QUIET = "ignore::UserWarning:loky.backend.resource_tracker"
_CHECK = "warn_dependency_requirement_mismatches"
_IDLE = 120.0  # seconds after which an idle worker ends; the next export starts another


def export(
    model: nn.Module, example: NDArray[np.float32], facts: dict[str, Any], folder: Path
) -> None:
    """Write a network as an MLflow model: a graph (pt2), so that no class of ours is needed.

    The network is on the CPU, in evaluation mode and without gradients. The example, of shape
    (2 or more, ...), is what it is traced with; ``facts`` are fields of ``mlflow.models.Model``,
    ids and metadata. The folder must not exist yet.
    """
    import mlflow.pytorch  # in the worker; it knows nothing of the store
    from mlflow.models import Model

    with warnings.catch_warnings(), _installed_as_required():
        # Said of each weight in channels-last order; what is loaded again has the same values.
        warnings.filterwarnings("ignore", "No complete tensor found in the group")
        mlflow.pytorch.save_model(
            model,
            str(folder),
            mlflow_model=Model(**facts),
            input_example=example,
            pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in PACKAGES],
            serialization_format="pt2",
        )


@contextlib.contextmanager
def _installed_as_required() -> Iterator[None]:
    """Leave out MLflow's check of the requirements, which name what is installed here.

    It reads the files of all installed packages, for seconds, once in a process.
    """
    from mlflow.utils import environment

    before = vars(environment).get(_CHECK)
    if before is None:  # an MLflow that checks elsewhere, if at all
        yield
        return
    setattr(environment, _CHECK, lambda *_: None)
    try:
        yield
    finally:
        setattr(environment, _CHECK, before)


class _Here:
    """Takes jobs and does them at once: a worker of Dask, say, must have no process of its own."""

    def submit(self, work: Callable[..., None], *arguments: object) -> "Future[None]":
        """Do the job; its future is done."""
        work(*arguments)
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def shutdown(self, *, wait: bool, kill_workers: bool) -> None:
        """Nothing is left to end."""


@functools.cache
def _pool() -> "ProcessPoolExecutor | _Here":
    if multiprocessing.current_process().daemon:
        return _Here()
    # Loky's worker is a fresh interpreter (torch's threads do not survive a fork) that does not run
    # the caller's script again. Loky's tracker of semaphores outlives a recipe that is killed,
    # clears up after it and warns of that; who pressed Ctrl-C need not read it.
    filters = os.environ.get("PYTHONWARNINGS", "")
    if _QUIET not in filters:
        os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [filters, _QUIET]))
    # A process waits for its children when it ends, and this one only ends after it was idle. Where
    # loky replaces a worker of a sweep whose memory has grown, all the others would wait as well.
    multiprocessing.util.Finalize(None, stop, exitpriority=0)
    return ProcessPoolExecutor(
        max_workers=1, timeout=_IDLE, initializer=_begin, initargs=(os.getpid(),)
    )


def submit(
    model: nn.Module, example: NDArray[np.float32], facts: dict[str, Any], folder: Path
) -> "Future[None]":
    """Have the worker :func:`export` a network; the worker starts at the first call."""
    try:
        future: Future[None] = _pool().submit(export, model, example, facts, folder)
    except BrokenExecutor:  # the worker was killed, by a shortage of memory perhaps
        _pool.cache_clear()
        future = _pool().submit(export, model, example, facts, folder)
    return future


def warm_up() -> None:
    """Start the worker, so that its imports overlap with what the recipe does first."""
    try:
        _pool().submit(_imports)
    except BrokenExecutor:  # left by an earlier recipe; the next export starts another
        _pool.cache_clear()


def stop() -> None:
    """End the worker at once, whatever it does; else it would hold the caller's pipes open."""
    if _pool.cache_info().currsize:
        _pool().shutdown(wait=False, kill_workers=True)
        _pool.cache_clear()


def _imports() -> None:
    import mlflow.pytorch  # noqa: F401
    import torch.export
    import torch.fx.experimental.proxy_tensor  # noqa: F401


def _begin(recipe: int) -> None:
    """Leave Ctrl-C to the recipe, which tells its runs about it, and end with it, however it ends.

    A worker that outlives a SIGKILL of its recipe would hold the caller's pipes open.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == recipe:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
