"""What train and prune leave in the tracking store."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from tests.entrypoints.conftest import ALL, ROOT, children, last_model, statuses

from leastloss.data import Data, load_data
from leastloss.evaluation import by_name, key_of, names_of, path_summary
from leastloss.experiment.config import PruneConfig, TrainConfig
from leastloss.geometry import COLLAPSE
from leastloss.models.files import read_network
from leastloss.options import parameters

METRICS = {
    "sparsity",
    "accuracy",
    "balanced_accuracy",
    "minority_recall",
    "worst_class_recall",
    "macro_f1",
    "bdm_bits",
    "block_entropy",
    "mask_sign_bits",
    "lzma_bytes",
    "zlib_bytes",
    "compressed_bytes",
    "nc1",
    "dead_units",
    "ties_at_cut",
    "score_seconds",
    "repair_seconds",
    "parameters",
    "multiply_adds",
    "bits",
    *(f"recall_class_{k}" for k in range(10)),
}
TWINS = {"accuracy", "balanced_accuracy", "minority_recall", "worst_class_recall", "macro_f1"}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def own(shared: MlflowClient, pipeline: dict[str, str]) -> dict[str, Any]:
    """The children of a prune run that trained its network."""
    return children(shared, pipeline["own"])


def artifact(client: MlflowClient, run_id: str, name: str) -> Path:
    return Path(client.download_artifacts(run_id, name))


def test_no_run_is_left_open(shared: MlflowClient, pipeline: dict[str, str]) -> None:
    assert statuses(shared) == {"FINISHED"}


def test_one_child_for_each_criterion(own: dict[str, Any], pipeline: dict[str, str]) -> None:
    assert sorted(own) == sorted(ALL.split(","))
    for name, child in own.items():
        assert child.data.tags["mlflow.parentRunId"] == pipeline["own"]
        assert child.data.tags["leastloss.kind"] == "criterion"
        assert child.info.run_name == f"{name} · weight · digits exp-20 · s1"


@pytest.mark.parametrize("name", ALL.split(","))
def test_child_holds_all_parameters(own: dict[str, Any], name: str) -> None:
    given = own[name].data.params
    assert set(parameters(PruneConfig())) | {"criterion", "dense_seed"} == set(given)
    tiny = {"hidden": "8", "epochs": "3", "steps": "2", "seed": "1", "dense_seed": "1"}
    assert tiny.items() <= given.items()
    assert given["criterion"] == name


@pytest.mark.parametrize("name", ALL.split(","))
def test_child_holds_every_metric_at_every_step(
    own: dict[str, Any], shared: MlflowClient, name: str
) -> None:
    run_id = own[name].info.run_id
    for metric in METRICS - {"nc1"} | {f"val_{m}" for m in TWINS} | {*names_of("fairness")}:
        steps = [m.step for m in shared.get_metric_history(run_id, key_of(metric))]
        assert steps == [0, 1, 2], metric
    # Without any spread between the classes there is no nc1, and MLflow takes no NaN.
    assert [m.step for m in shared.get_metric_history(run_id, "collapse/nc1")][:2] == [0, 1]
    shares = [m.value for m in shared.get_metric_history(run_id, "sparsity")]
    assert shares == [0.0, 281 / 592, 562 / 592]  # floor(562 i / 2 + 1/2) of 8 * 64 + 10 * 8


def test_the_numbers_of_a_path_are_logged_first(own: dict[str, Any], shared: MlflowClient) -> None:
    run_id = own["nc"].info.run_id
    numbers = path_summary(pd.read_csv(artifact(shared, run_id, "table.csv")))
    assert numbers.keys() == {*names_of("summary")} - {"balanced_accuracy_at_80"}  # no step near
    first = shared.get_metric_history(run_id, "accuracy")[0].timestamp
    for name, value in numbers.items():
        (entry,) = shared.get_metric_history(run_id, name)
        assert entry.value == pytest.approx(value)
        assert entry.timestamp <= first


@pytest.mark.parametrize("name", ALL.split(","))
def test_child_holds_what_it_cost_once(
    own: dict[str, Any], shared: MlflowClient, name: str
) -> None:
    run_id, metrics = own[name].info.run_id, by_name(own[name].data.metrics)
    once = ["score_seconds_total", "score_microseconds_per_part", "compression_ratio"]
    once += ["theoretical_speedup", "latency_ms", "dense_latency_ms"]
    once += ["file_bytes", "gzip_bytes", "packed_bytes"]
    for metric in (*once, "throughput", "dense_throughput"):
        steps = [m.step for m in shared.get_metric_history(run_id, key_of(metric))]
        assert steps == [2], metric
        assert metrics[metric] > 0
    seconds = [m.value for m in shared.get_metric_history(run_id, "cost/score_seconds")]
    assert metrics["score_seconds_total"] == pytest.approx(sum(seconds))
    assert metrics["score_microseconds_per_part"] == pytest.approx(1e6 * sum(seconds) / 562)
    assert metrics["multiply_adds"] == 592 - 562  # of 8 * 64 + 10 * 8
    assert metrics["theoretical_speedup"] == pytest.approx(592 / 30)
    assert own[name].data.tags["leastloss.role"] == "method"


def test_collapse_is_followed_in_training_and_along_the_path(
    own: dict[str, Any], shared: MlflowClient, pipeline: dict[str, str]
) -> None:
    child = by_name(own["magnitude"].data.metrics)
    for metric in COLLAPSE:
        assert metric in child
        history = shared.get_metric_history(pipeline["train"], f"epoch/{metric}")
        assert [m.step for m in history] == [1, 2, 3]
        assert (
            key_of(metric) in shared.get_run(pipeline["train"]).data.metrics
        )  # of the weights kept


def test_the_table_says_what_the_metrics_say(own: dict[str, Any], shared: MlflowClient) -> None:
    run_id = own["nc"].info.run_id
    table = pd.read_csv(artifact(shared, run_id, "table.csv"))
    for metric in METRICS:
        values = [m.value for m in shared.get_metric_history(run_id, key_of(metric))]
        assert values == list(table[metric].dropna())


@pytest.mark.parametrize("name", ALL.split(","))
def test_pruned_weights_and_order_agree(
    own: dict[str, Any], shared: MlflowClient, name: str
) -> None:
    run_id = own[name].info.run_id
    _, masks, about = read_network(artifact(shared, run_id, "pruned_weights.safetensors"))
    order = np.load(artifact(shared, run_id, "removal_order.npy"), allow_pickle=False)
    assert order.shape == (562,)
    assert len(set(order)) == 562
    kept = torch.cat([mask.flatten() for mask in masks.values()])
    assert sorted(order) == torch.nonzero(~kept).flatten().tolist()
    assert about["criterion"] == name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("own", "comparison.png"), ("own", "training.png"), ("own", "collapse.png")),
        *(("train", "training.png"), ("train", "collapse.png")),
    ],
)
def test_parents_hold_figures(
    shared: MlflowClient, pipeline: dict[str, str], kind: str, name: str
) -> None:
    assert artifact(shared, pipeline[kind], name).read_bytes().startswith(PNG)


@pytest.mark.parametrize("picture", ["curves.png", "confusion.png", "broken_samples.png"])
def test_children_hold_their_pictures(
    own: dict[str, Any], shared: MlflowClient, picture: str
) -> None:
    for child in own.values():
        drawn = artifact(shared, child.info.run_id, picture)
        assert drawn.read_bytes().startswith(PNG)
    drawn = artifact(shared, own["nc"].info.run_id, picture)
    assert drawn.stat().st_size > 10_000


def test_the_predictions_say_what_the_table_says(own: dict[str, Any], shared: MlflowClient) -> None:
    run_id = own["magnitude"].info.run_id
    table = pd.read_csv(artifact(shared, run_id, "table.csv"))
    with np.load(artifact(shared, run_id, "predictions.npz"), allow_pickle=False) as kept:
        predicted, dense, y, sparsity = (kept[k] for k in ("predicted", "dense", "y", "sparsity"))
    assert predicted.dtype == dense.dtype == y.dtype == np.uint8
    assert (predicted == y).mean(axis=1) == pytest.approx(table["accuracy"])
    assert (predicted != dense).mean(axis=1) == pytest.approx(table["changed_predictions"])
    assert sparsity == pytest.approx(table["sparsity"])


def test_data_are_inputs_with_digest_and_counts(
    own: dict[str, Any], shared: MlflowClient, pipeline: dict[str, str]
) -> None:
    data = load_data("digits", imbalance="exp", ratio=20, seed=1)
    for run in (shared.get_run(pipeline["own"]), *own.values()):
        inputs = {i.tags[0].value: i.dataset for i in run.inputs.dataset_inputs}
        assert sorted(inputs) == ["test", "training", "validation"]
        for context, split in (("training", data.train), ("test", data.test)):
            profile = json.loads(inputs[context].profile)
            assert profile["class_counts"] == split.counts().tolist()
            assert profile["sha256"] == split.digest()
            assert split.digest().startswith(inputs[context].digest)
            assert profile["minority"] == [7, 8, 9]


def test_recorded_source_makes_the_same_data(own: dict[str, Any]) -> None:
    (source,) = {i.dataset.source for i in own["nc"].inputs.dataset_inputs}
    recorded: Data = load_data(**json.loads(source))
    assert recorded.train.digest() == load_data(imbalance="exp", seed=1).train.digest()


@pytest.mark.parametrize(("parent", "source"), [("own", "own"), ("given", "train")])
def test_children_are_linked_to_the_dense_model(
    shared: MlflowClient, pipeline: dict[str, str], parent: str, source: str
) -> None:
    dense = shared.get_run(pipeline[source]).data.tags["leastloss.dense_model"]
    for child in children(shared, pipeline[parent]).values():
        assert [i.model_id for i in child.inputs.model_inputs] == [dense]
        assert child.data.tags["leastloss.dense_model"] == dense
        assert child.data.tags["leastloss.dense_run"] == pipeline[source]
        assert dense not in {output.model_id for output in child.outputs.model_outputs}


def test_a_given_network_is_linked_to_the_parent_too(
    shared: MlflowClient, pipeline: dict[str, str]
) -> None:
    parent = shared.get_run(pipeline["given"])
    dense = shared.get_run(pipeline["train"]).data.tags["leastloss.dense_model"]
    assert [i.model_id for i in parent.inputs.model_inputs] == [dense]
    assert parent.data.params["run_id"] == pipeline["train"]


def test_final_metrics_belong_to_the_logged_model(
    own: dict[str, Any], shared: MlflowClient
) -> None:
    for child in own.values():
        tied = {m.key: m.value for m in last_model(shared, child).metrics}
        assert {key_of(metric) for metric in METRICS - {"nc1"}} <= set(tied)
        assert tied["accuracy"] == child.data.metrics["accuracy"]
        assert tied["sparsity"] == 562 / 592


def test_dense_model_has_its_metrics(shared: MlflowClient, pipeline: dict[str, str]) -> None:
    run = shared.get_run(pipeline["train"])
    model = shared.get_logged_model(run.data.tags["leastloss.dense_model"])
    tied = {m.key: m.value for m in model.metrics}
    assert tied["accuracy"] == run.data.metrics["accuracy"]
    assert "val/accuracy" in tied


def test_training_is_tracked_by_epoch(shared: MlflowClient, pipeline: dict[str, str]) -> None:
    for metric in ("train_loss", "epoch/val_loss", "epoch/val_accuracy", "lr"):
        steps = [m.step for m in shared.get_metric_history(pipeline["train"], metric)]
        assert steps == [1, 2, 3]


def test_parameters_of_train(shared: MlflowClient, pipeline: dict[str, str]) -> None:
    given = shared.get_run(pipeline["train"]).data.params
    assert given == parameters(TrainConfig(hidden="8", epochs=3))


def test_every_run_tells_its_environment(
    own: dict[str, Any], shared: MlflowClient, pipeline: dict[str, str]
) -> None:
    for run in (shared.get_run(pipeline["train"]), *own.values()):
        tags = run.data.tags
        assert tags["version.torch"] == version("torch")
        assert tags["version.mlflow"] == mlflow.__version__
        assert {"version.leastloss", "version.python", "version.numpy", "version.pybdm"} <= set(
            tags
        )
        assert tags["git.dirty"] in ("true", "false")
        assert len(tags["git.commit"]) == 40
        assert tags["device"]
        assert tags["threads"] == "1"
        assert tags["leastloss.deterministic"] == "false"
        assert {f"leastloss.hardware.{key}" for key in ("cpu", "cores", "blas", "gpu")} <= set(tags)


def test_float_units_share_the_spine(shared: MlflowClient, pipeline: dict[str, str]) -> None:
    (child,) = children(shared, pipeline["floats"]).values()
    order = np.load(artifact(shared, child.info.run_id, "removal_order.npy"))
    assert sorted(order)[-1] < 8
    assert child.data.metrics["sparsity"] == len(order) / 8
    assert child.data.params["granularity"] == "unit"


def test_the_scripts_are_the_ones_of_this_checkout() -> None:
    import leastloss

    assert Path(leastloss.__file__).is_relative_to(ROOT)
