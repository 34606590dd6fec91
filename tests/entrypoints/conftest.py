"""One finished tracking store that many tests look at, and the entry points as commands."""

import functools
import importlib.util
import json
import logging
import os
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import mlflow
import pytest
from click import Command
from click.testing import CliRunner, Result
from filelock import FileLock
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from mlflow import MlflowClient
from PIL import Image

from leastloss.experiment.dense import Dense
from leastloss.experiment.prune_run import child_run
from leastloss.experiment.prune_run.artifacts import pictures
from leastloss.pruning import PruningPath
from leastloss.tracking import _exporter

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("train", "prune", "robustness", "export", "compare", "sweep")
TINY = {"hidden": "8", "epochs": "3", "steps": "2", "recovery": "none", "controls": "no"}
ALL = "mils-bdm,mils-entropy,nc,magnitude,random"


def load(name: str) -> Command:
    """The click command of an entry point, from its script."""
    spec = importlib.util.spec_from_file_location(f"entry_{name}", ROOT / f"entrypoints/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    command = getattr(module, f"{name}_command")
    assert isinstance(command, Command)
    return command


class Entry:
    """Calls entry points in this process: ``entry("prune", run_id=..., steps=2)``."""

    def __init__(self) -> None:
        self.commands = {name: load(name) for name in NAMES}

    def __call__(self, name: str, **options: object) -> Result:
        tiny = {k: v for k, v in TINY.items() if k in {p.name for p in self.commands[name].params}}
        words = []
        for key, value in (tiny | options).items():
            words += [f"--{key.replace('_', '-')}", str(value)]
        return CliRunner().invoke(self.commands[name], words)

    def run(self, name: str, **options: object) -> str:
        """Call one that must succeed; returns the id of its run."""
        result = self(name, **options)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        (line,) = [line for line in result.stdout.splitlines() if line.startswith(f"{name} run: ")]
        return line.split()[-1]


def refused(result: Result, code: int) -> str:
    """The one line that a refused call printed."""
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error: ")]
    assert len(errors) == 1, result.stderr
    others = [line for line in lines if line not in errors]
    if code == 2:  # click shows how to call it, too
        assert [line.split()[0] for line in others] == ["Usage:", "Try"]
    else:
        assert others == []
    return errors[0].removeprefix("Error: ")


@pytest.fixture(autouse=True, scope="session")
def _no_torch_trace() -> None:
    """Every export says thousands of things that pytest would keep for a report."""
    logging.getLogger("torch.__trace").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def entry() -> Entry:
    return Entry()


def leave_figures_empty(patch: pytest.MonkeyPatch) -> None:
    """Make figures, but do not draw them: layout and rendering take most of an entry point's time.

    How figures look is tested in ``tests/plots`` and ``tests/report``.
    """

    def savefig(figure: Figure, file: Any, *, format: str = "png", **options: Any) -> None:
        if format == "svg":
            text = '<svg viewBox="0 0 1 1"></svg>'
            file.write(text if isinstance(file, StringIO) else text.encode())
        else:
            Image.new("L", (1, 1)).save(file, format)

    patch.setattr(Figure, "savefig", savefig)
    patch.setattr(Figure, "draw_without_rendering", lambda figure: None)
    patch.setattr(ConstrainedLayoutEngine, "execute", lambda engine, figure: None)


@pytest.fixture
def drawn() -> None:
    """Asked for by tests that look at figures."""


@pytest.fixture(autouse=True)
def _empty_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "drawn" not in request.fixturenames:
        leave_figures_empty(monkeypatch)


@functools.cache
def no_worker() -> _exporter._Here:
    """What a process exports with that may have no other: itself."""
    return _exporter._Here()


@pytest.fixture
def worker() -> None:
    """Asked for by tests of networks that go to the process that exports them."""


@pytest.fixture(autouse=True)
def _exports_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export in this process: another imports for seconds, and again after each run that is killed.

    ``tests/tracking`` and ``test_own_networks.py`` test the other process.
    """
    if "worker" not in request.fixturenames:
        monkeypatch.setattr(_exporter, "_pool", no_worker)


def pictures_of_one(path: PruningPath, dense: Dense) -> dict[str, bytes]:
    """Draw the pictures of ``nc``; those of the other criteria take the same code and time."""
    with pytest.MonkeyPatch.context() as patch:
        if path.settings["criterion"] != "nc":
            leave_figures_empty(patch)
        return pictures(path, dense)


def make_pipeline(folder: Path, entry: Entry) -> dict[str, str]:
    """Train and prune in every way that the tests look at."""
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    client = MlflowClient()
    client.create_experiment("test", artifact_location=(folder / "mlruns").as_uri())
    client.create_experiment("twice", artifact_location=(folder / "mlruns").as_uri())
    client.create_experiment("taught", artifact_location=(folder / "mlruns").as_uri())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_EXPERIMENT_NAME", "taught")
        leave_figures_empty(patch)
        # So many validation images that the network learns, and pruning to 95 % shows on them.
        taught = entry.run("train", validation="balanced")
        usable = entry.run("prune", run_id=taught, criteria="magnitude")
    with pytest.MonkeyPatch.context() as patch:
        leave_figures_empty(patch)
        train = entry.run("train")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_EXPERIMENT_NAME", "twice")
        patch.setattr(child_run, "pictures", pictures_of_one)
        own = entry.run("prune", criteria=ALL, seed=1)
        leave_figures_empty(patch)
        again = entry.run("prune", criteria=ALL, seed=1, artifacts="light")
    ids = {"train": train, "own": own, "again": again, "taught": taught, "usable": usable}
    given = {"run_id": train, "criteria": "magnitude,random"}
    floats = {"model": "mlp", "granularity": "unit", "imbalance": "none", "criteria": "nc"}
    with pytest.MonkeyPatch.context() as patch:
        leave_figures_empty(patch)
        ids["given"] = entry.run("prune", **given)
        ids["repaired"] = entry.run("prune", recovery="recalibrate", artifacts="light", **given)
        ids["floats"] = entry.run("prune", to_sparsity="0.75", **floats)
    return ids


@pytest.fixture(scope="session")
def pipeline(
    tmp_path_factory: pytest.TempPathFactory, _store_template: Path, entry: Entry
) -> dict[str, str]:
    """Ids of the runs in the shared store; made once, also where several processes test."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pipeline"
    with FileLock(f"{folder}.lock"):
        done = folder / "ids.json"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            shutil.copy(_store_template, folder / "mlflow.db")
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                patch.delenv("MLFLOW_RUN_ID", raising=False)
                patch.setenv("MLFLOW_EXPERIMENT_NAME", "test")
                patch.setattr(_exporter, "_pool", no_worker)
                ids = make_pipeline(folder, entry)
            mlflow.set_tracking_uri(None)
            done.write_text(json.dumps({"folder": str(folder), **ids}))
    found: dict[str, str] = json.loads(done.read_text())
    return found


@pytest.fixture(scope="module")
def shared(pipeline: dict[str, str]) -> Iterator[MlflowClient]:
    """The store of the pipeline, to look at."""
    uri = f"sqlite:///{pipeline['folder']}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    yield MlflowClient(uri)
    mlflow.set_tracking_uri(None)


@pytest.fixture
def finished(
    pipeline: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MlflowClient]:
    """A copy of that store, to write to; its artifacts lie where they were made."""
    shutil.copy(Path(pipeline["folder"]) / "mlflow.db", tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "test")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    yield MlflowClient(uri)
    mlflow.set_tracking_uri(None)


def children(client: MlflowClient, parent: str) -> dict[str, Any]:
    """Criterion -> child run."""
    experiments = [e.experiment_id for e in client.search_experiments()]
    found = client.search_runs(experiments, f"tags.`mlflow.parentRunId` = '{parent}'")
    # A search leaves out the model inputs.
    return {run.data.params["criterion"]: client.get_run(run.info.run_id) for run in found}


def logged(client: MlflowClient, run: Any) -> dict[str, Any]:
    """Name -> logged model of a run."""
    found = [client.get_logged_model(output.model_id) for output in run.outputs.model_outputs]
    named = {model.name: model for model in found}
    assert len(named) == len(found)
    return named


def last_model(client: MlflowClient, run: Any) -> Any:
    """The logged model of a path's last step."""
    found = logged(client, run)
    return found.get("pruned-last", found["pruned"])


def newest(client: MlflowClient) -> Any:
    """The run that was opened last."""
    experiments = [e.experiment_id for e in client.search_experiments()]
    return client.search_runs(experiments, order_by=["attributes.start_time DESC"])[0]


def statuses(client: MlflowClient) -> set[str]:
    experiments = [e.experiment_id for e in client.search_experiments()]
    return {run.info.status for run in client.search_runs(experiments)}
