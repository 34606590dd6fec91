"""Processes that begin with all imports done: forks of one that did nothing else."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "git",
        "leastloss.cli",
        "leastloss.experiment.study.sweep",
        "mlflow.pytorch",
        "mlflow.store.tracking.sqlalchemy_store",
        "numba.np.arrayobj",
        "onnxruntime",
        "onnxscript",
        "rich.progress",
        "sklearn.datasets",
        "torch._dynamo",
        "torch.export._trace",
        "torch.onnx",
    ]
)


def forked(work: Callable[..., object], *arguments: Any) -> ForkServerProcess:
    """Start a function of a module; as a daemon it exports networks itself and ends with us."""
    here = (dict(os.environ), os.getcwd(), work, arguments)
    process = CONTEXT.Process(target=_work, args=here, daemon=True)
    process.start()
    return process


def _work(
    environment: dict[str, str], folder: str, work: Callable[..., object], arguments: Any
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    work(*arguments)
