import sys
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient

import leastloss as ll
from leastloss import tracking
from leastloss.data import Data
from leastloss.errors import InputError, ResourceError
from leastloss.models import MLP, BinarizedMLP, ConvNet
from leastloss.models.files import read_network, save_network
from leastloss.pruning import Parts
from leastloss.tracking import _exporter


def _broken(*job: object) -> "Future[None]":
    future: Future[None] = Future()
    future.set_exception(BrokenProcessPool("the worker was killed"))
    return future


def test_what_a_killed_worker_left_undone_is_done_here(
    store: MlflowClient, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exporter, "submit", _broken)
    model = MLP(64, (4,), 10).eval()
    with tracking.run("train", "t", {}) as run_id:
        model_id = tracking.log_network(run_id, model, data, "dense", {})
    assert store.get_run(run_id).info.status == "FINISHED"
    loaded = mlflow.pytorch.load_model(f"models:/{model_id}")
    assert torch.allclose(loaded(data.test.x), model(data.test.x), atol=1e-6)


def test_a_convnet_loads_without_the_package(
    store: MlflowClient, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exporter, "submit", _broken)  # exported in this process
    model = ConvNet(data.shape, (4, 6, 8), 10).eval()
    with tracking.run("train", "t", {}) as run_id:
        model_id = tracking.log_network(run_id, model, data, "dense", {})
    for name in [name for name in sys.modules if name.startswith("leastloss.models")]:
        monkeypatch.setitem(sys.modules, name, None)  # an import would fail
    loaded = mlflow.pytorch.load_model(f"models:/{model_id}")
    for n in (1, 2, 7):
        x = data.test.x[:n]
        assert torch.allclose(loaded(x), model(x), atol=1e-5)
    predicted = mlflow.pyfunc.load_model(f"models:/{model_id}").predict(data.test.x[:5].numpy())
    assert torch.allclose(torch.as_tensor(predicted), model(data.test.x[:5]), atol=1e-5)


@pytest.mark.parametrize("kind", [MLP, BinarizedMLP, ConvNet])
def test_a_compacted_network_is_logged_fetched_and_run(
    kind: Any, store: MlflowClient, data: Data, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_exporter, "submit", _broken)  # exported in this process
    model = kind(data.shape if kind is ConvNet else data.features, (6, 6, 8), data.classes)
    small = ll.compact(model, Parts.of(model, "unit").masks(np.array([0, 1, 7, 15])))
    assert small.hidden == (4, 5, 7)
    name = "small.safetensors"
    with tracking.run("compact", "t", {}) as run_id:
        tracking.log_file(run_id, name, lambda path: save_network(path, small, {}))
        model_id = tracking.log_network(run_id, small, data, "compact", {})
    x = data.test.x[:20]
    fetched = read_network(tracking.fetch_file(run_id, name, tmp_path))[0]
    with torch.inference_mode():
        wanted = small(x)
        assert torch.equal(fetched(x), wanted)
    predicted = mlflow.pyfunc.load_model(f"models:/{model_id}").predict(x.numpy())
    assert torch.allclose(torch.as_tensor(predicted), wanted, atol=1e-5)
    assert ll.evaluate(fetched, data.test) == ll.evaluate(small, data.test)


def test_a_network_that_cannot_be_exported_fails_its_run_in_one_line(
    store: MlflowClient, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*job: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_exporter, "submit", _broken)
    monkeypatch.setattr(_exporter, "export", full)
    with (
        pytest.raises(ResourceError, match=r"cannot log the network 'dense'.*No space left"),
        tracking.run("train", "t", {}) as run_id,
    ):
        model_id = tracking.log_network(run_id, MLP(64, (4,), 10), data, "dense", {})
    assert store.get_run(run_id).info.status == "FAILED"
    assert str(store.get_logged_model(model_id).status) == "FAILED"


def test_a_logged_model_becomes_the_next_version(store: MlflowClient) -> None:
    with tracking.run("train", "t", {}, exports=False) as run_id:
        experiment = store.get_run(run_id).info.experiment_id
    models = [store.create_logged_model(experiment, name="pruned") for _ in range(2)]
    versions = [
        tracking.register_model("small", model.model_id, run_id, {"sparsity": "0.5"})
        for model in models
    ]
    assert versions == ["1", "2"]
    tracking.set_alias("small", "best", "2")
    found = store.get_model_version_by_alias("small", "best")
    assert (found.version, found.run_id, found.tags) == (2, run_id, {"sparsity": "0.5"})
    assert found.source == f"models:/{models[1].model_id}"
    with pytest.raises(ResourceError, match=r"the tracking store .* fails"):
        tracking.set_alias("small", "best", "9")


@pytest.mark.parametrize("name", ["a/b", "a:b", "a@b", "  "])
def test_names_that_no_address_can_hold_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="a name without / : @ is needed"):
        tracking.check_model_name(name)
