"""The entry points on a tracking server over PostgreSQL, artifacts through the server."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from scripts.tracking_server import tracking_server, why_not
from tests.entrypoints.conftest import Entry, children, refused, statuses
from tests.entrypoints.test_sweep import TEXT
from tests.tracking.writers import check_writers

from leastloss import tracking
from leastloss.experiment import train

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with tracking_server() as uri:
        yield uri


@pytest.fixture
def server(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "remote")
    mlflow.set_tracking_uri(address)
    yield MlflowClient(address)
    mlflow.set_tracking_uri(None)


def test_every_entry_point(server: MlflowClient, entry: Entry, tmp_path: Path) -> None:
    dense = entry.run("train")
    pruned = entry.run("prune", run_id=dense, criteria="magnitude,random")
    entry.run("compare", runs=pruned)
    entry.run("robustness", run_id=pruned, corruptions="gaussian", severities="1")
    child = children(server, pruned)["magnitude"].info.run_id
    assert entry("export", run_id=child, out=tmp_path / "out").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert statuses(server) == {"FINISHED"}
    experiment = server.get_experiment_by_name("remote")
    models = server.search_logged_models([experiment.experiment_id])
    assert {str(model.status) for model in models} == {"READY"}
    assert len(models) >= 3
    loaded = mlflow.pyfunc.load_model(models[0].model_uri)
    assert loaded.metadata.flavors["pytorch"]


def test_a_study_equals_that_on_sqlite_to_the_last_bit(
    store: MlflowClient,
    address: str,
    entry: Entry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "tiny.toml"
    file.write_text(TEXT)
    entry.run("sweep", file=file, workers=2, out=tmp_path / "here")
    mlflow.set_tracking_uri(address)
    entry.run("sweep", file=file, workers=2, out=tmp_path / "there")
    again = entry("sweep", file=file, workers=2, dry_run="yes")
    assert again.stdout.startswith("tiny: 0 of 8 prune runs and 0 of 2 networks are left")
    here, there = ((tmp_path / at / "results/tiny.csv").read_bytes() for at in ("here", "there"))
    assert here == there
    assert len(pd.read_csv(tmp_path / "here/results/tiny.csv")) > 100


def test_eight_writers_at_once(server: MlflowClient) -> None:
    check_writers(server)


def test_a_server_that_vanishes_is_one_line(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    going = ExitStack()
    mlflow.set_tracking_uri(going.enter_context(tracking_server()))

    def fit(*arguments: object, **options: object) -> NoReturn:
        going.close()
        tracking.log_tags(str(mlflow.active_run().info.run_id), {"a": "b"})
        raise AssertionError("the server is gone")

    monkeypatch.setattr(train, "fit", fit)
    said = refused(entry("train"), 1)
    assert said.startswith("the tracking store http://127.0.0.1:")
    assert "Connection refused" in said
    mlflow.set_tracking_uri(None)
