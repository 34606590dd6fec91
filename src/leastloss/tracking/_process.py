"""The process of a run: tags of its environment, and what a killed process left open."""

import functools
import os
import platform
import socket
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import mlflow
import torch
from mlflow.entities import LoggedModel, LoggedModelStatus, Run

from leastloss._sources import code_digest
from leastloss.tracking._find import run_or_none
from leastloss.tracking._hardware import hardware
from leastloss.tracking._store import client, database, store_errors

CODE = "leastloss.code"
"""Tag of a run: the digest of the code that its results depend on."""

PACKAGES = ("torch", "torchvision", "numpy", "numba", "scikit-learn", "pybdm", "mlflow")


@functools.cache
def environment() -> dict[str, str]:
    """Tags that every run carries; read once per process.

    Example:
        >>> "version.torch" in environment()
        True
    """
    commit = _git("rev-parse", "HEAD")
    tags = {f"version.{name}": _version(name) for name in ("leastloss", *PACKAGES)}
    tags["version.python"] = platform.python_version()
    tags["git.commit"] = commit or "unknown"
    tags["git.dirty"] = str(bool(_git("status", "--porcelain"))).lower() if commit else "unknown"
    tags[CODE] = code_digest()
    tags["platform"] = platform.platform()
    tags["device"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    tags["threads"] = str(torch.get_num_threads())
    return tags | hardware()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "from source" if package == "leastloss" else "not installed"


def _git(*arguments: str) -> str:
    """Ask git about the checkout that holds this package; empty if it lies in none."""
    here = Path(__file__).parent
    command = ["git", "-C", str(here), *arguments]
    try:
        # A package installed in an environment inside some checkout is not that checkout's.
        tracked = ["git", "-C", str(here), "ls-files", "--error-unmatch", Path(__file__).name]
        subprocess.run(tracked, capture_output=True, check=True)
        answer = subprocess.run(command, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()


PROCESS = "leastloss.process"
"""Tag of a run: the machine and the process that it belongs to."""


def this_process() -> str:
    """The value of the tag for runs of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def close_orphans(experiment_id: str) -> None:
    """Close runs and logged models whose process ended before it could close them."""
    host = socket.gethostname()
    where = f"attributes.status = 'RUNNING' AND tags.`{PROCESS}` LIKE '{host}:%'"
    for run in client().search_runs([experiment_id], where):
        if _abandoned(run):
            pid = run.data.tags[PROCESS].rpartition(":")[2]
            reason = f"process {pid} ended without closing the run"
            client().set_tag(run.info.run_id, "failure", reason)
            client().set_terminated(run.info.run_id, "KILLED")
    # The files of a model may still be missing when its own run has ended.
    for model in list(_pending_models(experiment_id)):
        # A run that was removed for good says no more whose it was.
        source = run_or_none(model.source_run_id) if model.source_run_id else None
        if source is not None and _abandoned(source):
            client().finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)


def close_lost(run: Run, reason: str) -> None:
    """Close a run of another machine, and its models without files, as FAILED for a reason."""
    if _owner(run) == socket.gethostname():
        return
    with store_errors():
        if client().get_run(run.info.run_id).info.status != "RUNNING":
            return  # it has ended meanwhile
        client().set_tag(run.info.run_id, "failure", reason)
        client().set_terminated(run.info.run_id, "FAILED")
        for model in list(_pending_models(run.info.experiment_id)):
            if model.source_run_id == run.info.run_id:
                client().finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)


def _owner(run: Run) -> str:
    """The machine that a run belongs to."""
    return str(run.data.tags.get(PROCESS, "")).rpartition(":")[0]


def _pending_models(experiment_id: str) -> Iterator[LoggedModel]:
    """The logged models of an experiment whose files are still missing."""
    # MLflow's SQL store keeps the status as a number and compares it with what the filter says:
    # the name 'PENDING' matches none. Only a list gives numbers; PostgreSQL takes no text for them.
    number = LoggedModelStatus.PENDING.to_int()
    # A store of plain files takes none either; its models are few enough to look through.
    listed = database() or mlflow.get_tracking_uri().startswith("http")
    where, token = f"status IN ({number}, {number})" if listed else None, None
    while token != "":
        page = client().search_logged_models([experiment_id], where, page_token=token)
        yield from (model for model in page if model.status is LoggedModelStatus.PENDING)
        token = page.token or ""


def _abandoned(run: Run) -> bool:
    """Whether the run belongs to a process of this machine that is no more."""
    pid = run.data.tags.get(PROCESS, "").rpartition(":")[2]
    if _owner(run) != socket.gethostname():
        return False  # another machine's, or none of ours; in LIKE, a _ stands for any letter
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # alive, and someone else's
    return False
