"""Networks that are brought: by address, by file, and those of runs."""

import os
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from mlflow.models import Model
from torch import nn

from leastloss.errors import InputError, ResourceError
from leastloss.experiment.stored_network import brought_network

X = np.zeros((2, 6), np.float32)


class Trace:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mknod, (str(self.path),)


def log(store: MlflowClient, kind: str, model: nn.Module, **options: Any) -> str:
    """Register a network as others do; returns its address."""
    with mlflow.start_run():
        mlflow.pytorch.log_model(
            model,
            name="net",
            input_example=X,
            serialization_format=kind,
            registered_model_name="theirs",
            pip_requirements=[],
            **options,
        )
    store.set_registered_model_alias("theirs", "best", "1")
    return "models:/theirs@best"


def test_a_graph_of_others_needs_trust(store: MlflowClient) -> None:
    network = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
    address = log(store, "pt2", network)
    with pytest.raises(InputError, match="say trust=yes if you trust it"):
        brought_network(address, trust=False)
    for name in (address, "models:/theirs/1"):
        loaded = brought_network(name, trust=True)
        assert loaded.get_submodule("0").weight.equal(network[0].weight)


def test_a_pickle_is_not_opened_without_trust(store: MlflowClient, tmp_path: Path) -> None:
    network, trace = nn.Sequential(nn.Linear(6, 3)), tmp_path / "executed"
    address = log(store, "pickle", network)
    (path,) = (tmp_path / "mlruns").rglob("model.pth")
    with pytest.raises(InputError, match=r"is a pickle: opening it can run code.*trust=yes"):
        brought_network(address, trust=False)
    assert isinstance(brought_network(address, trust=True)[0], nn.Linear)  # type: ignore[index]
    torch.save(Trace(trace), path)
    with pytest.raises(InputError, match="is a pickle"):
        brought_network(address, trust=False)
    assert not trace.exists()
    with pytest.raises(ResourceError, match="cannot be opened"):
        brought_network(address, trust=True)
    assert trace.exists()


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("models:/none@best", ResourceError, "there is no model models:/none@best"),
        ("models:/none/7", ResourceError, "there is no model"),
        ("runs:/0123/model", ResourceError, "there is no model"),
        ("models:/../../etc", InputError, "it must be like models:/name@alias"),
        ("none.pt2", ResourceError, "there is no file none.pt2"),
        (f"{300 * 'a'}.pt2", ResourceError, "there is no file aaa"),
    ],
)
def test_what_is_not_there(
    store: MlflowClient, name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as told:
        brought_network(name, trust=True)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_models_of_other_kinds_and_damaged_ones(store: MlflowClient, tmp_path: Path) -> None:
    run_id = store.create_run("0").info.run_id
    for name, content in (("MLmodel", "flavors: {sklearn: {}}\n"), ("none.txt", "x")):
        (folder := tmp_path / name.lower()).mkdir()
        (folder / name).write_text(content)
        store.log_artifacts(run_id, str(folder), name.lower())
    with pytest.raises(ResourceError, match="is a model of sklearn, not of pytorch"):
        brought_network(f"runs:/{run_id}/mlmodel", trust=True)
    with pytest.raises(ResourceError, match="is no MLflow model"):
        brought_network(f"runs:/{run_id}/none.txt", trust=True)


def test_files_that_lead_out_are_refused(
    store: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def climb(artifact_uri: str, dst_path: str) -> str:
        Model().save(f"{dst_path}/MLmodel")
        (Path(dst_path) / "data").symlink_to(tmp_path)
        return dst_path

    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", climb)
    with pytest.raises(ResourceError, match="is no MLflow model"):
        brought_network("models:/theirs@best", trust=True)
