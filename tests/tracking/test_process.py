"""The environment of a run, and the models and runs that a killed process left open."""

import os
import socket
import sqlite3
import subprocess
import sys
from functools import partialmethod
from importlib.metadata import version
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from leastloss import tracking
from leastloss.tracking import _process, environment
from leastloss.tracking._process import PROCESS, close_orphans


def killed() -> int:
    """The id of a process that was killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process.kill()
    process.communicate()
    return process.pid


def pending(store: MlflowClient, owner: str, status: str = "RUNNING") -> tuple[str, str]:
    """A run of a process and its logged model, whose files are still missing."""
    run_id = store.create_run("1", tags={PROCESS: owner}).info.run_id
    model = store.create_logged_model("1", name="m", source_run_id=run_id)
    if status != "RUNNING":
        store.set_terminated(run_id, status)
    return run_id, model.model_id


def test_tags_name_the_versions_and_the_device() -> None:
    tags = environment()
    assert tags["version.numpy"] == version("numpy")
    assert all(f"version.{name}" in tags for name in _process.PACKAGES)
    assert tags["device"]
    assert int(tags["threads"]) >= 1


def test_a_package_outside_of_a_checkout_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_process, "__file__", str(tmp_path / "_process.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    tags = environment.__wrapped__()
    assert tags["git.commit"] == tags["git.dirty"] == "unknown"


@pytest.mark.parametrize("status", ["RUNNING", "KILLED", "FINISHED"])
def test_models_of_a_killed_process_are_failed(store: MlflowClient, status: str) -> None:
    run_id, model_id = pending(store, f"{socket.gethostname()}:{killed()}", status)
    assert store.get_logged_model(model_id).status is LoggedModelStatus.PENDING
    with tracking.run("train", "next", {}, exports=False):
        pass
    assert store.get_logged_model(model_id).status is LoggedModelStatus.FAILED
    assert store.get_run(run_id).info.status == ("KILLED" if status == "RUNNING" else status)


def test_a_sweep_closes_what_is_open_where_it_has_nothing_to_do(store: MlflowClient) -> None:
    run_id, model_id = pending(store, f"{socket.gethostname()}:{killed()}")
    tracking.ensure_experiment("test")
    assert store.get_run(run_id).info.status == "KILLED"
    assert store.get_logged_model(model_id).status is LoggedModelStatus.FAILED


def test_models_of_who_is_alive_or_elsewhere_stay(store: MlflowClient) -> None:
    owners = [f"{socket.gethostname()}:{os.getpid()}", f"elsewhere:{killed()}", "nobody"]
    left = [
        pending(store, owner, status)[1] for owner in owners for status in ("RUNNING", "KILLED")
    ]
    close_orphans("1")
    assert {store.get_logged_model(one).status for one in left} == {LoggedModelStatus.PENDING}


def test_models_of_runs_that_are_deleted_or_gone_hinder_nobody(
    store: MlflowClient, tmp_path: Path
) -> None:
    owner = f"{socket.gethostname()}:{killed()}"
    (deleted, first), (_, second) = pending(store, owner, "KILLED"), pending(store, owner, "KILLED")
    store.delete_run(deleted)
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute(
            "UPDATE logged_models SET source_run_id = 'gone' WHERE model_id = ?", [second]
        )
    close_orphans("1")
    assert store.get_logged_model(first).status is LoggedModelStatus.FAILED
    assert store.get_logged_model(second).status is LoggedModelStatus.PENDING


def test_more_models_than_one_page_holds(
    store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, first = pending(store, f"{socket.gethostname()}:{killed()}")
    second = store.create_logged_model("1", name="m", source_run_id=run_id).model_id
    one_a_page = partialmethod(MlflowClient.search_logged_models, max_results=1)
    monkeypatch.setattr(MlflowClient, "search_logged_models", one_a_page)
    close_orphans("1")
    statuses = {store.get_logged_model(one).status for one in (first, second)}
    assert statuses == {LoggedModelStatus.FAILED}
