"""What the tests of several rooms share: small data, small networks, a tracking store.

The fixtures import what they need themselves: this file is read before tests are chosen, and by the
process that only hands them out.
"""

from __future__ import annotations

import functools
import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from torch import nn

    from leastloss.data import Data

# Small matrices; and the suite runs in several processes. Torch reads it when it is imported.
os.environ["OMP_NUM_THREADS"] = "1"

# How long an example takes says more of the machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# With two processes the first begins at the beginning, where kernels are compiled, and the second
# half-way, where none are needed; what is left in the end is small.
FIRST = ("information", "geometry", "criteria", "pruning", "activations", "deploy", "src")
THEN = ("data", "models", "entrypoints", "experiment")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the rooms so that two processes share the work well."""
    order = [*FIRST, *THEN]

    def rank(item: pytest.Item) -> int:
        top, *below = item.path.relative_to(config.rootpath).parts
        room = top if top == "src" else below[0]
        return order.index(room) if room in order else len(order)

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Keep what imports and collection made out of the walks of the collector, and start it."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
    gc.enable()


@pytest.fixture(scope="session")
def data() -> Data:
    """Long-tailed digits."""
    from leastloss.data import load_data

    return load_data("digits", imbalance="exp", ratio=20, seed=0)


@pytest.fixture(scope="session")
def networks(data: Data) -> dict[str, nn.Module]:
    """A small trained network of each kind. Tests must leave them as they are."""
    import torch

    from leastloss.models import MLP, BinarizedMLP, ConvNet
    from leastloss.training import fit

    generator = torch.Generator().manual_seed(0)
    models: dict[str, nn.Module] = {
        "binarized-mlp": BinarizedMLP(64, (12, 8), 10, generator=generator),
        "mlp": MLP(64, (12, 8), 10, generator=generator),
        "convnet": ConvNet((1, 8, 8), (8, 16, 32), 10, generator=generator),
    }
    for model in models.values():
        fit(model, data, epochs=8, lr=5e-3, progress=False)
    return models


@pytest.fixture(scope="session")
def reloaded() -> nn.Sequential:
    """Pruned to 40 of 100 weights, and read back from a state_dict: no mask is remembered."""
    from tests.zero_cases import DATA, count, network

    import leastloss as ll

    net = network()
    ll.fit(net, DATA, epochs=3, progress=False)
    path = ll.prune(net, DATA, "magnitude", to_sparsity=0.4, steps=2, progress=False)
    unmasked = network()
    unmasked.load_state_dict(path.model_at(0.4).state_dict())
    assert count(unmasked) == 40
    return unmasked


@pytest.fixture(scope="session")
def _quick_stores() -> None:
    """What stores of tests need not do each time: they outlive no power cut, and age not at all.

    MLflow reads all its migrations to know the newest whenever it opens another store.
    """
    import sqlite3

    from mlflow.store.db import utils
    from sqlalchemy import Engine, event

    @event.listens_for(Engine, "connect")
    def leave_to_the_system(connection: object, record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    utils._get_latest_schema_revision = functools.cache(utils._get_latest_schema_revision)


@pytest.fixture(scope="session")
def _store_template(tmp_path_factory: pytest.TempPathFactory, _quick_stores: None) -> Path:
    """A new store costs seconds of migrations, so it is made once, for all workers, and copied."""
    from filelock import FileLock
    from mlflow import MlflowClient

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "store"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            made = tmp_path_factory.mktemp("store-in-the-making")
            MlflowClient(f"sqlite:///{made}/mlflow.db").search_experiments()
            shutil.copytree(made, folder)
    return folder / "mlflow.db"


@pytest.fixture
def store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _store_template: Path
) -> Iterator[MlflowClient]:
    """An empty tracking store in a folder of its own, which is the working directory too."""
    import mlflow
    from mlflow import MlflowClient

    shutil.copy(_store_template, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri)
    client.create_experiment("test", artifact_location=(tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "test")
    yield client
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)
