"""Logged models and saved weights give the outputs of the network that was measured."""

from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from tests.entrypoints.conftest import children

import leastloss as ll
from leastloss.experiment.dense import fetch_dense
from leastloss.models.files import read_network


def outputs(network: torch.nn.Module, x: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(network(x))


@pytest.mark.parametrize(("kind", "name"), [("own", "nc"), ("own", "mils-bdm"), ("floats", "nc")])
def test_logged_model_predicts_as_the_saved_weights(
    shared: MlflowClient, pipeline: dict[str, str], kind: str, name: str
) -> None:
    child = children(shared, pipeline[kind])[name]
    uri = f"models:/{child.outputs.model_outputs[0].model_id}"
    weights = shared.download_artifacts(child.info.run_id, "pruned_weights.safetensors")
    x = ll.load_data("digits").test.x
    wanted = outputs(read_network(Path(weights))[0], x)
    assert np.ptp(wanted) > 0
    loaded = outputs(mlflow.pytorch.load_model(uri), x)
    np.testing.assert_allclose(loaded, wanted, rtol=1e-5, atol=1e-5)
    predicted = np.asarray(mlflow.pyfunc.load_model(uri).predict(x.numpy()))
    np.testing.assert_allclose(predicted, wanted, rtol=1e-5, atol=1e-5)


def test_a_loaded_model_is_fixed_in_evaluation_mode(
    shared: MlflowClient, pipeline: dict[str, str]
) -> None:
    """As the README says; torch has no form of an exported graph in which they work."""
    model = shared.get_run(pipeline["train"]).data.tags["leastloss.dense_model"]
    loaded = mlflow.pytorch.load_model(f"models:/{model}")
    for call in (loaded.eval, loaded.train):
        with pytest.raises(NotImplementedError):
            call()
    mine = ll.BinarizedMLP(64, (8,), 10)
    mine.load_state_dict(loaded.state_dict())
    x = ll.load_data("digits").test.x
    np.testing.assert_allclose(outputs(loaded, x), outputs(mine.eval(), x), rtol=1e-5, atol=1e-5)


def test_logged_model_takes_one_sample(shared: MlflowClient, pipeline: dict[str, str]) -> None:
    model = shared.get_run(pipeline["train"]).data.tags["leastloss.dense_model"]
    loaded = mlflow.pytorch.load_model(f"models:/{model}")
    assert outputs(loaded, torch.zeros(1, 1, 8, 8)).shape == (1, 10)


def test_same_outputs_as_the_path_from_python(
    shared: MlflowClient, pipeline: dict[str, str]
) -> None:
    dense = fetch_dense(pipeline["train"])
    path = ll.prune(
        dense.model,
        dense.data,
        "magnitude",
        to_sparsity=0.95,
        steps=2,
        recovery="none",
        seed=0,
        progress=False,
    )
    child = children(shared, pipeline["given"])["magnitude"]
    order = np.load(shared.download_artifacts(child.info.run_id, "removal_order.npy"))
    assert np.array_equal(order, path.removal_order)
    uri = f"models:/{child.outputs.model_outputs[0].model_id}"
    x = dense.data.test.x
    loaded, wanted = outputs(mlflow.pytorch.load_model(uri), x), outputs(path.model_at(0.95), x)
    np.testing.assert_allclose(loaded, wanted, rtol=1e-5, atol=1e-5)


def test_requirements_name_no_package_of_ours(
    shared: MlflowClient, pipeline: dict[str, str]
) -> None:
    child = children(shared, pipeline["own"])["nc"]
    uri = f"models:/{child.outputs.model_outputs[0].model_id}"
    needs = Path(mlflow.pyfunc.get_model_dependencies(uri)).read_text().split()
    assert [need.split("==")[0] for need in needs] == ["mlflow", "torch", "numpy"]
    assert all("+" not in need for need in needs)
