"""Rows are read back as they were kept; no place and no file of ours means that there are none."""

import gzip
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException

from leastloss.tracking import _kept_rows
from leastloss.tracking._kept_rows import (
    Rows,
    keep_locally,
    local_rows,
    share_rows,
    shared_rows,
)

WHERE = "attributes.status = 'FINISHED'"
ROWS: Rows = {"a": (1, 2, "code", {"seed": "0"}), "b": (3, 4, "", {})}


@pytest.fixture
def experiment(store: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return store.get_experiment_by_name("test")


def test_a_machine_keeps_rows_for_itself(experiment: Experiment, tmp_path: Path) -> None:
    assert local_rows(WHERE, experiment) == {}
    keep_locally(WHERE, experiment, ROWS)
    assert local_rows(WHERE, experiment) == ROWS
    assert local_rows(f"{WHERE} AND attributes.end_time > 0", experiment) == {}
    assert shared_rows(WHERE, experiment) == {}
    (file,) = (tmp_path / "cache/leastloss").iterdir()
    file.write_text('{"a": 1}')
    assert local_rows(WHERE, experiment) == {}


def test_another_machine_finds_what_is_shared(experiment: Experiment, tmp_path: Path) -> None:
    share_rows(WHERE, experiment, ROWS)
    assert shared_rows(WHERE, experiment) == ROWS
    assert shared_rows("attributes.status = 'RUNNING'", experiment) == {}
    assert local_rows(WHERE, experiment) == {}
    foreign = Experiment(  # of another store with the same place for artifacts
        experiment.experiment_id, "test", experiment.artifact_location, "active", creation_time=1
    )
    assert shared_rows(WHERE, foreign) == {}
    (file,) = (tmp_path / "mlruns/leastloss").iterdir()
    for damaged in (b"", gzip.compress(b"[1]"), file.read_bytes()[:-9]):
        file.write_bytes(damaged)
        assert shared_rows(WHERE, experiment) == {}


def test_without_a_home_nothing_is_kept(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", home)
    keep_locally(WHERE, experiment, ROWS)
    assert local_rows(WHERE, experiment) == {}


def test_a_place_that_takes_no_files_is_no_error(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(uri: str) -> None:
        raise MlflowException("no such place")

    monkeypatch.setattr(_kept_rows, "get_artifact_repository", refused)
    share_rows(WHERE, experiment, ROWS)
    assert shared_rows(WHERE, experiment) == {}
