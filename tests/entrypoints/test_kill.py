"""Real processes that are ended from outside: politely, and not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from tests.entrypoints.conftest import ROOT, Entry, children

# No end of it in sight, however fast the machine: each step trains for a thousand epochs.
LONG = ("--criteria", "random", "--steps", "50", "--recovery", "finetune:epochs=1000")


def start(folder: Path, log: Path, *options: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, str(ROOT / "entrypoints/prune.py"), *options]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
    environment |= {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    # A group of its own, so that a failing test leaves nothing behind.
    return subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=log.open("w"),  # a pipe would stay open as long as a helper process holds it
        start_new_session=True,
    )


def until(check: Callable[[], Any], process: subprocess.Popen[bytes], seconds: float = 120) -> Any:
    """What the check finds, once it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, process.returncode
        found = check()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError("nothing came of it in time")


def family(client: MlflowClient, process: subprocess.Popen[bytes]) -> list[str]:
    """Ids of the child and the parent run of a process, once both are open."""
    experiments = [e.experiment_id for e in client.search_experiments()]
    where = f"attributes.status = 'RUNNING' AND tags.`leastloss.process` LIKE '%:{process.pid}'"
    found = client.search_runs(experiments, where)
    return [run.info.run_id for run in found] if len(found) == 2 else []


@pytest.fixture
def two(finished: MlflowClient, pipeline: dict[str, str], tmp_path: Path) -> Any:
    """Two prune commands at work in the same store, each in the middle of its child run."""
    logs = [tmp_path / "polite.log", tmp_path / "rude.log"]
    processes = [start(tmp_path, log, "--run-id", pipeline["train"], *LONG) for log in logs]
    try:
        yield [(p, until(lambda p=p: family(finished, p), p)) for p in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_no_run_stays_open(
    two: list[tuple[subprocess.Popen[bytes], list[str]]],
    finished: MlflowClient,
    entry: Entry,
    tmp_path: Path,
) -> None:
    (polite, ended), (rude, lost) = two
    polite.send_signal(signal.SIGTERM)
    rude.kill()
    assert polite.wait(timeout=60) == 130
    assert rude.wait(timeout=60) == -signal.SIGKILL
    assert (
        tmp_path / "polite.log"
    ).read_text() == "Error: interrupted; what was finished is kept\n"
    assert [finished.get_run(i).info.status for i in ended] == ["KILLED", "KILLED"]
    assert [finished.get_run(i).info.status for i in lost] == ["RUNNING", "RUNNING"]
    # The next run of any kind closes what a killed process could not close.
    entry.run("train", epochs=1)
    for run_id in lost:
        run = finished.get_run(run_id)
        assert run.info.status == "KILLED"
        assert run.data.tags["failure"] == f"process {rude.pid} ended without closing the run"


def test_a_run_at_work_is_left_alone(finished: MlflowClient, entry: Entry) -> None:
    """Only the process itself may close its runs while it lives; so may no other machine's."""
    mine = finished.create_run(
        "1", tags={"leastloss.process": f"{os.uname().nodename}:{os.getpid()}"}
    )
    theirs = finished.create_run("1", tags={"leastloss.process": "elsewhere:999999999"})
    entry.run("train", epochs=1)
    for run in (mine, theirs):
        assert finished.get_run(run.info.run_id).info.status == "RUNNING"
        finished.set_terminated(run.info.run_id)
    assert children(finished, mine.info.run_id) == {}
