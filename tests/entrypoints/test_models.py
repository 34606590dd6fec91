"""Logged models and saved weights give the outputs of the network that was measured."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from tests.entrypoints.conftest import children, last_model, logged

import leastloss as ll
from leastloss.evaluation import key_of
from leastloss.evaluation.path_summary import usable_step
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
    uri = last_model(shared, child).model_uri
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
    dense = fetch_dense(pipeline["taught"])
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
    child = children(shared, pipeline["usable"])["magnitude"]
    order = np.load(shared.download_artifacts(child.info.run_id, "removal_order.npy"))
    assert np.array_equal(order, path.removal_order)
    models = logged(shared, child)
    assert set(models) == {"pruned", "pruned-last"}
    x = dense.data.test.x
    for model in models.values():
        loaded = outputs(mlflow.pytorch.load_model(model.model_uri), x)
        wanted = outputs(path.model_at(float(model.tags["leastloss.sparsity"])), x)
        np.testing.assert_allclose(loaded, wanted, rtol=1e-5, atol=1e-5)
    assert float(models["pruned-last"].tags["leastloss.sparsity"]) == pytest.approx(0.95, abs=1e-3)


@pytest.mark.parametrize(
    ("parent", "name", "several"), [("own", "nc", False), ("usable", "magnitude", True)]
)
def test_the_usable_network_and_the_last_are_logged_with_their_own_metrics(
    shared: MlflowClient, pipeline: dict[str, str], parent: str, name: str, several: bool
) -> None:
    child = children(shared, pipeline[parent])[name]
    table = pd.read_csv(shared.download_artifacts(child.info.run_id, "table.csv"))
    rows = {"pruned": usable_step(table), "pruned-last": len(table) - 1}
    assert several == (rows["pruned"] < rows["pruned-last"])
    if not several:  # the sparsest that is usable is the last: it is logged once
        del rows["pruned-last"]
        assert "leastloss.pruned_last_sparsity" not in child.data.tags
        assert "there is no `pruned-last`" in child.data.tags["mlflow.note.content"]
    models = logged(shared, child)
    assert set(models) == set(rows)
    for kind, row in rows.items():
        tied = {metric.key: metric for metric in models[kind].metrics}
        for metric in ("accuracy", "sparsity", "val_balanced_accuracy", "val_minority_recall"):
            assert tied[key_of(metric)].value == pytest.approx(table[metric].iloc[row])
            assert tied[key_of(metric)].step == row
        about = models[kind].tags
        assert (about["leastloss.step"], about["leastloss.run_id"]) == (str(row), child.info.run_id)
        tag = f"leastloss.{kind.replace('-', '_')}_sparsity"
        share = table["sparsity"].iloc[row]
        assert child.data.tags[tag] == about["leastloss.sparsity"] == f"{share:.6g}"
        kept = mlflow.models.get_model_info(models[kind].model_uri).metadata
        assert kept["sparsity"] == f"{share:.6g}"
        assert f"as `{kind}`: {100 * share:.4g} % removed" in child.data.tags["mlflow.note.content"]
    # Each metric stands once a step, and the run shows those of its last.
    assert [m.step for m in shared.get_metric_history(child.info.run_id, "accuracy")].count(0) == 1
    assert child.data.metrics["sparsity"] == table["sparsity"].iloc[-1]


def test_requirements_name_no_package_of_ours(
    shared: MlflowClient, pipeline: dict[str, str]
) -> None:
    child = children(shared, pipeline["own"])["nc"]
    uri = last_model(shared, child).model_uri
    needs = Path(mlflow.pyfunc.get_model_dependencies(uri)).read_text().split()
    assert [need.split("==")[0] for need in needs] == ["mlflow", "torch", "numpy"]
    assert all("+" not in need for need in needs)
