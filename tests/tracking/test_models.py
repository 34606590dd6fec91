import sys
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import mlflow
import pytest
import torch
from mlflow import MlflowClient

from leastloss import tracking
from leastloss.data import Data
from leastloss.errors import ResourceError
from leastloss.models import MLP, ConvNet
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
