"""Data sets and models by their address.

How the recipes use models: tests/experiment/test_stored_network.py.
"""

import importlib
import sys
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from tests.data.own.cases import write_table
from tests.forked import forked

from leastloss.data import load_data
from leastloss.errors import InputError, ResourceError
from leastloss.experiment.data_recipe import fetch_data
from leastloss.tracking import model_facts
from leastloss.tracking._addresses import unpickled_network


@pytest.fixture
def run_id(store: MlflowClient, tmp_path: Path) -> str:
    table = write_table(tmp_path / "staff.csv")
    frame = pd.read_csv(table)
    with mlflow.start_run(experiment_id=store.create_experiment("files")) as run:
        mlflow.log_input(mlflow.data.from_pandas(frame, source=str(table), name="staff"))
        mlflow.log_input(mlflow.data.from_pandas(frame, name="from code"))
        mlflow.log_input(mlflow.data.from_pandas(frame[:10], source=str(table), name="ten"))
    found: str = run.info.run_id
    return found


def test_a_recorded_file_is_data_as_the_file_is(run_id: str, tmp_path: Path) -> None:
    name = f"datasets:/{run_id}/staff:label=job"
    data = fetch_data({"name": name, "seed": 1})
    assert (
        data.train.digest() == load_data(f"{tmp_path}/staff.csv:label=job", seed=1).train.digest()
    )
    assert (data.name, data.recipe["name"]) == ("staff", name)
    assert fetch_data(data.recipe).summary() == data.summary()


def test_what_is_no_file_or_not_there_is_one_line(run_id: str, tmp_path: Path) -> None:
    cases = {
        f"{run_id}/from code": "records no file that could be read .its source is 'code'",
        f"{run_id}/none": "has no data set 'none'; it has: staff, from code, ten",
        run_id: "has not one data set; it has: staff, from code, ten",
        f"{run_id}/staff": "does not record the label; name its column, as in :label=income",
        f"{run_id}/ten:label=job": "recorded 10 rows, and its file has",
    }
    for address, said in cases.items():
        with pytest.raises(InputError, match=said):
            fetch_data({"name": f"datasets:/{address}"})
    with pytest.raises(ResourceError, match="no run"):
        fetch_data({"name": "datasets:/0123/staff"})
    (tmp_path / "staff.csv").unlink()
    with pytest.raises(ResourceError, match="cannot be read"):
        fetch_data({"name": f"datasets:/{run_id}/staff"})


def test_a_damaged_description_is_one_line(store: MlflowClient, tmp_path: Path) -> None:
    for content in ("", "{", "flavors: 3", "flavors: {pytorch: {}}\nno_such: field\n\x00"):
        (tmp_path / "MLmodel").write_text(content)
        with pytest.raises(ResourceError) as told:
            model_facts("models:/x@y", tmp_path)
        assert "\n" not in str(told.value)


def _save(folder: Path) -> None:
    """Log a network whose class only this process knows."""
    sys.path.insert(0, str(folder))
    leaf = importlib.import_module("leaf").Leaf(2, 3)
    mlflow.pytorch.save_model(leaf, "model", serialization_format="pickle", pip_requirements=[])


def test_a_trusted_pickle_finds_its_class_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leaf.py").write_text("from torch import nn\n\nclass Leaf(nn.Linear):\n    pass\n")
    saved = forked(_save, tmp_path)
    saved.join()
    assert saved.exitcode == 0
    assert "leaf" not in sys.modules
    network = unpickled_network("models:/leaf/1", tmp_path / "model")
    assert type(network).__name__ == "Leaf"
    assert str(tmp_path) not in sys.path
