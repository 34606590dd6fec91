"""Data by their recipe, from files and from artifacts of a run."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from tests.data.own.cases import write_folder, write_table

from leastloss.data import load_data
from leastloss.errors import ResourceError
from leastloss.experiment.data_recipe import fetch_data


@pytest.fixture
def run_id(store: MlflowClient, tmp_path: Path) -> str:
    run_id: str = store.create_run(store.create_experiment("files").__str__()).info.run_id
    write_folder(tmp_path / "pets", {"a": 6, "b": 4})
    store.log_artifact(run_id, str(write_table(tmp_path / "staff.csv")), "data")
    store.log_artifacts(run_id, str(tmp_path / "pets"), "pets")
    return run_id


def test_artifacts_are_data_as_files_are(run_id: str, tmp_path: Path) -> None:
    name = f"runs:/{run_id}/data/staff.csv:label=job"
    data = fetch_data({"name": name, "seed": 1})
    file = load_data(f"{tmp_path}/staff.csv:label=job", seed=1)
    assert data.train.digest() == file.train.digest()
    assert (data.name, data.title, data.recipe["name"]) == ("staff", "staff", name)
    images = fetch_data({"name": f"runs:/{run_id}/pets"})
    assert (images.name, images.class_names) == ("pets", ("a", "b"))
    assert fetch_data(images.recipe).summary() == images.summary()


@pytest.mark.parametrize("path", ["", "/../../secret.csv", "/data/..", "/data\\..\\x.csv"])
def test_paths_that_climb_out_are_refused(run_id: str, path: str) -> None:
    with pytest.raises(ResourceError, match="names no artifact"):
        fetch_data({"name": f"runs:/{run_id}{path}"})


def test_what_is_not_there(run_id: str) -> None:
    with pytest.raises(ResourceError, match=r"runs:/\w+/none\.csv cannot be read"):
        fetch_data({"name": f"runs:/{run_id}/none.csv"})
    with pytest.raises(ResourceError, match="no run"):
        fetch_data({"name": "runs:/0123/none.csv"})
