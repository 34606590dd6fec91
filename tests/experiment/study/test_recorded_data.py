"""A study goes on with networks of today's data alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from tests.experiment.study.test_study_file import given

from leastloss.errors import ResourceError
from leastloss.experiment.config import SweepConfig
from leastloss.experiment.study.finished_runs import FinishedRuns, find
from leastloss.experiment.study.recorded_data import check_data
from leastloss.experiment.study.study_file import study_of
from leastloss.experiment.study.sweep import sweep
from leastloss.experiment.train import train


def write(path: Path, seed: int) -> None:
    generator = np.random.default_rng(seed)
    np.savez(path, x=generator.random((60, 1, 4, 4), dtype=np.float32), y=np.arange(60) % 3)


def test_a_file_that_changed_under_its_name_is_refused(
    store: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "own")
    store.create_experiment("own")
    write(tmp_path / "own.npz", 0)
    written = given(seeds=1, arm=[{"criteria": "nc"}], report={"sparsities": [0.5]})
    written["train"] = {"dataset": str(tmp_path / "own.npz"), "hidden": "4", "epochs": 1}
    written["train"] |= {"imbalance": "none"}
    study = replace(study_of(written), section="own")
    train(study.network(0))
    finished = find(study)
    assert list(finished.dense) == [0]
    check_data(finished)
    write(tmp_path / "own.npz", 1)
    with pytest.raises(ResourceError, match=r"own-train is not the data .* delete the runs of"):
        check_data(finished)
    file = tmp_path / "own.toml"
    arms = '[[arm]]\ncriteria = "nc"\n[report]\nsparsities = [0.5]\n'
    head = 'title = "t"\nsection = "own"\nquestion = "q"\nseeds = 1\n[train]\nepochs = 1\n'
    data = f'dataset = "{tmp_path}/own.npz"\nhidden = [4]\nimbalance = "none"\n'
    file.write_text(head + data + arms)
    with pytest.raises(ResourceError, match=r"own-train is not the data"):
        sweep(SweepConfig(file=str(file), dry_run="yes"))
    named = replace(study, train=replace(study.train, dataset="digits"))
    check_data(FinishedRuns(study=named, dense={0: "no run is looked at"}))
