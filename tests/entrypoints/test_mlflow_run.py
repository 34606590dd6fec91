"""`mlflow run` itself, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from tests.entrypoints.conftest import ROOT, children, newest


def mlflow_run(folder: Path, name: str, **parameters: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "mlflow", "run", str(ROOT), "-e", name]
    words += ["--env-manager", "local", "--experiment-name", "test"]
    for key, value in parameters.items():
        words += ["-P", f"{key}={value}"]
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "OMP_NUM_THREADS": "1",
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_the_projects_run_is_the_parent(store: MlflowClient, tmp_path: Path) -> None:
    tiny = {"hidden": "8", "epochs": "1", "steps": "1", "criteria": "random"}
    done = mlflow_run(tmp_path, "prune", **tiny)
    assert done.returncode == 0, done.stderr
    experiments = [e.experiment_id for e in store.search_experiments()]
    runs = store.search_runs(experiments)
    assert len(runs) == 2  # the project's own and one child
    child = newest(store)
    (parent,) = [run for run in runs if run.info.run_id != child.info.run_id]
    assert f"prune run: {parent.info.run_id}" in done.stdout
    assert children(store, parent.info.run_id).keys() == {"random"}
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.info.experiment_id for run in runs} == {
        store.get_experiment_by_name("test").experiment_id
    }
    assert parent.data.tags["mlflow.project.entryPoint"] == "prune"
    assert parent.data.tags["leastloss.kind"] == "prune"
    assert tiny.items() <= parent.data.params.items()
    assert parent.data.params["data_dir"] in ("", "''")  # as mlflow wrote it
    assert child.data.params["data_dir"] == ""
    assert "leastloss.dense_model" in parent.data.tags


def test_a_failure_leaves_the_projects_run_failed(store: MlflowClient, tmp_path: Path) -> None:
    done = mlflow_run(tmp_path, "prune", criteria="magnitud")
    assert done.returncode != 0
    assert "unknown criterion 'magnitud'; did you mean 'magnitude'?" in done.stderr
    run = newest(store)
    assert run.info.status == "FAILED"
    assert run.data.tags["failure"].startswith("unknown criterion 'magnitud'")
    assert run.data.tags["leastloss.refused"] == "true"
    assert "leastloss.kind" not in run.data.tags
